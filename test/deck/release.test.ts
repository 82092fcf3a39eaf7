import assert from "node:assert/strict";
import { stringify } from "yaml";
import { releaseDiffVerb } from "../../deck/releaseDiff.ts";
import { releaseShowVerb } from "../../deck/releaseShow.ts";
import type { Call, DeckError, World } from "../../deck/verb.ts";
import { sshSettings } from "../model/settingsSample.ts";
import { Repository } from "../release/gitFixture.ts";

describe("deck release", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
    const config = Object.fromEntries(Object.entries(sshSettings()).map(([key, value]) => [`phillbot:${key}`, value]));
    repository.commit({
      "Pulumi.prod.yaml": stringify({ config }),
      "Documentation/update_log.md": `---\nstamp:\n  release: 1.0.0\n  tree: ${"a".repeat(64)}\n---\n# Log\n`,
      "host/a.ts": "a\n",
    });
  });
  afterEach(() => repository[Symbol.dispose]());

  const world = (): World => ({
    root: repository.folder,
    environment: {},
    output: { data: () => {}, progress: () => {}, hide: () => {} },
    now: () => new Date(),
    signal: new AbortController().signal,
  });
  const call = (...args: readonly string[]): Call => ({
    verb: "",
    stack: "dev",
    json: false,
    yes: false,
    dryRun: false,
    args,
    options: {},
  });

  it("shows the manifest of HEAD, whatever lies in the work tree, with its digest below", async () => {
    const { code, text, data } = await releaseShowVerb.run(call(), world());
    assert.equal(code, 0);
    assert.match(text, /"releaseId": "1\.0\.0"[\s\S]*\nsha256 [0-9a-f]{64}$/);
    repository.write({ "host/a.ts": "b\n" });
    assert.deepEqual((await releaseShowVerb.run(call(), world())).data, data);
  });

  it("names the parts in which two commits differ, and says where none do", async () => {
    const first = repository.git("rev-parse", "HEAD");
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`checks/${index}.ts`, "x\n"]));
    const second = repository.commit({ "host/a.ts": "b\n", "Documentation/new.md": "x\n", ...many }, "feat: a\u001b[2Jb");
    const { data, text } = await releaseDiffVerb.run(call(first), world());
    assert.deepEqual(data.differing, ["documentation", "program"]);
    const lines = text.split("\n");
    assert.deepEqual(lines.slice(0, 4), [
      "documentation: 1 file",
      "  Documentation/new.md (added)",
      "program: 12 files",
      "  checks/0.ts (added)",
    ]);
    const author = repository.git("log", "-1", "--format=%an");
    assert.deepEqual(lines.slice(-3), ["  and 2 more", "1 commit:", `  ${second.slice(0, 12)} ${author}: feat: a\ufffd[2Jb`]);
    assert.match((await releaseDiffVerb.run(call(second, first), world())).text, /It lacks 1 commit of the first/);
    const third = repository.commit({ "operations/items.yaml": "version: 1\n" });
    const { text: items } = await releaseDiffVerb.run(call("HEAD~1"), world());
    const subject = repository.git("log", "-1", "--format=%s");
    assert.deepEqual(items.split("\n"), [
      "Nothing that decides behaviour differs.",
      "read anew by each gate:",
      "  operations/items.yaml (added)",
      "1 commit:",
      `  ${third.slice(0, 12)} ${author}: ${subject}`,
    ]);
  });

  it("refuses what is no commit, or cannot be a release, with 2", async () => {
    const fails = (pattern: RegExp) => (error: DeckError) => error.code === 2 && pattern.test(error.message);
    await assert.rejects(releaseShowVerb.run(call("nowhere"), world()), fails(/`nowhere` is no commit/));
    await assert.rejects(releaseShowVerb.run(call("--all"), world()), fails(/is no commit/));
    repository.commit({ "Documentation/update_log.md": "none\n" });
    await assert.rejects(releaseShowVerb.run(call(), world()), fails(/names no release/));
  });
});
