import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modeSetVerb } from "../../deck/modeSet.ts";
import { modeHistoryVerb, modeShowVerb } from "../../deck/modeShow.ts";
import type { Call, DeckError } from "../../deck/verb.ts";
import { modeMove } from "../../model/modeMoves.ts";
import { addRecord, readRecords } from "../../release/records.ts";
import { Team } from "../model/rolesSample.ts";
import { sshSettings } from "../model/settingsSample.ts";
import type { Repository } from "../release/gitFixture.ts";
import { SignedProject, stackFile } from "../release/signedProject.ts";
import { callOf, fails as endsWith, worldIn } from "./verbCalls.ts";

const root = join(import.meta.dirname, "../..");

describe("deck mode", () => {
  let team: Team;
  let project: SignedProject;
  let repository: Repository;
  /** Folder of the repository behind `origin`. */
  let origin: string;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    ({ project, origin } = await SignedProject.forVerbs(team));
    ({ repository } = project);
    cpSync(join(root, "operations"), join(repository.folder, "operations"), { recursive: true });
    const settings = stackFile({ ...sshSettings(), origin, rehearsal: true });
    repository.commit({ "README.md": "# It\n", [`Pulumi.${project.stack}.yaml`]: settings }, "docs: begin");
  });
  afterEach(() => project[Symbol.asyncDispose]());

  const world = () => worldIn(repository.folder);
  const call = (over: Partial<Call> = {}) => callOf({ name: "mode" }, project.stack, over);
  const set = (to: string, by: string, options: Call["options"] = {}, over: Partial<Call> = {}) =>
    modeSetVerb.run(call({ args: [to], options: { key: team.keyFile(by), commit: "HEAD", ...options }, ...over }), world());
  const show = () => modeShowVerb.run(call(), world());
  const history = () => modeHistoryVerb.run(call(), world());
  const fails = (code: number, pattern: RegExp) => endsWith(code, pattern, /\S/);
  const recorded = async () => (await readRecords(repository.folder)).length;

  it("shows Build, in which production accepts nothing, where it was never moved", async () => {
    const { code, text, data } = await show();
    assert.deepEqual([code, data.mode], [0, "A"]);
    assert.match(
      text,
      /^A \(Build\)\n {2}A release may change nothing: production accepts none of it\.\n {2}To B \(Validate\): the builder/,
    );
    assert.match((await history()).text, /never moved/);
  });

  it("moves by the owner, signed, on record, and tells who did", async () => {
    const { code, data } = await set("B", "ada");
    assert.equal(code, 0);
    assert.deepEqual([data.from, data.to, data.signer], ["A", "B", "ada"]);
    assert.deepEqual([(await show()).data.mode, await recorded()], ["B", 1]);
    const told = await history();
    assert.equal(told.code, 0);
    assert.match(told.text, /^\d{4}-\S+Z {2}A→B {2}ada {2}[0-9a-f]{12}$/);
  });

  it("puts nothing on record with `--dry-run`, nor without a yes", async () => {
    assert.match((await set("B", "ada", {}, { dryRun: true })).text, /^Would move A \(Build\) → B \(Validate\)/);
    await assert.rejects(set("B", "ada", {}, { yes: false }), fails(2, /no terminal to ask on/));
    assert.equal(await recorded(), 0);
  });

  for (const [what, to, by, options, pattern] of [
    ["an illegal move", "D", "bo", {}, /There is no move from A \(Build\) to D \(Operate\)/],
    ["a move by somebody who does not own it", "B", "bo", {}, /The move A→B is the builder's; yours is judge/],
    ["a move by nobody on record", "B", "stranger", {}, /nobody's record/],
    [
      "a move with evidence that is not there",
      "B",
      "ada",
      { evidence: "a".repeat(64) },
      /There is no attestation aaaaaaaaaaaa on record/,
    ],
  ] as const) {
    it(`refuses ${what} with 4, and records nothing`, async () => {
      await assert.rejects(set(to, by, options), fails(4, pattern));
      assert.equal(await recorded(), 0);
    });
  }

  it("refuses Validate's end without the Examiner's evidence, and goes back on none but a failure", async () => {
    await set("B", "ada");
    const remedy = (command: string) => new RegExp(`^npx deck ${command} --stack ${project.stack}`);
    await assert.rejects(
      set("C", "cy"),
      endsWith(4, /The move B→C needs `examiner-evidence`/, new RegExp(`${remedy("release attest").source} # .*--evidence`)),
    );
    await assert.rejects(set("A", "cy"), endsWith(4, /needs `failed-evidence`/, remedy("release attest")));
    await assert.rejects(set("A", "ada", { failed: "b".repeat(64) }), endsWith(4, /./, remedy("mode show")));
    await assert.rejects(
      set("A", "cy", { failed: "b".repeat(64) }),
      fails(4, /no attestation bbbbbbbbbbbb.*needs `failed-evidence`/s),
    );
    assert.equal((await show()).data.mode, "B");
  });

  it("is asked for a key, for a mode that is one, and for evidence by its digest", async () => {
    await assert.rejects(modeSetVerb.run(call({ args: ["B"] }), world()), fails(2, /No key is named: git's `user.signingKey`/));
    await assert.rejects(set("E", "ada"), fails(2, /`E` is no mode/));
    await assert.rejects(set("B", "ada", { evidence: "short" }), fails(2, /named by the sha256 digest/));
    await assert.rejects(set("B", "ada", { commit: "no-such" }), fails(2, /`no-such` is no commit/));
    rmSync(join(repository.folder, "operations/modes.yaml"));
    await assert.rejects(set("B", "ada"), (error: DeckError) => error.code === 2 && /modes.yaml/.test(error.message));
  });

  it("takes the beginning of a digest where it names one record of that kind", async () => {
    await set("B", "ada");
    const digest = await addRecord(repository.folder, { kind: "attestations", content: "{}\n" });
    const named = (option: string, beginning: string) => set("C", "cy", { [option]: beginning });
    await assert.rejects(
      named("evidence", digest.slice(0, 12)),
      fails(4, new RegExp(`attestation ${digest.slice(0, 12)} does not`)),
    );
    await assert.rejects(named("release", digest.slice(0, 12)), fails(2, /begins 0 of the records in `releases`; one is wanted/));
    await assert.rejects(named("evidence", digest.slice(0, 11)), fails(2, /at least the first 12 characters/));
  });

  it("refuses a secret among the words, in whatever mode, and shows no character of others that steers a terminal", async () => {
    const token = `ghp_${randomBytes(18).toString("hex")}`;
    for (const option of ["milestone", "incident"])
      await assert.rejects(set("A", "ada", { [option]: token }), (error: DeckError) => {
        assert.ok(!error.message.includes(token.slice(4, 20)));
        return fails(4, new RegExp(`\`--${option}\` holds a GitHub token`))(error);
      });
    await assert.rejects(set("A", "ada", { milestone: "\u001b[2A\u001b[JAll well" }), endsWith(2, /steers a terminal/));
    assert.equal(await recorded(), 0);
    const commit = repository.git("rev-parse", "HEAD");
    const evidence = [{ proof: "milestone", value: "\u001b[2A\u001b[Jx\ny" }] as const;
    await project.put(
      "modes",
      { who: "ada", kind: "mode" },
      modeMove({ from: "A", to: "B", at: new Date(1), commit, before: null, evidence }),
    );
    const { text } = await history();
    assert.match(text, /, milestone \ufffd\[2A\ufffd\[Jx\ufffdy/);
  });

  it("takes git's own signing key where none is named, as the other verbs that sign do", async () => {
    repository.git("config", "user.signingKey", team.keyFile("ada"));
    const { data } = await modeSetVerb.run(call({ args: ["B"], options: { commit: "HEAD" }, dryRun: true }), world());
    assert.deepEqual([data.to, data.signer], ["B", "ada"]);
  });

  it("tells what counts for nothing, and that a fork leaves the mode unknown", async () => {
    const commit = repository.git("rev-parse", "HEAD");
    const put = (at: number, who: string) =>
      project.put(
        "modes",
        { who, kind: "mode" },
        modeMove({ from: "A", to: "B", at: new Date(at), commit, before: null, evidence: [] }),
      );
    await put(1, "bo");
    const shown = await show();
    assert.deepEqual([shown.code, shown.data.mode], [1, "A"]);
    assert.match(shown.text, /✗ The record [0-9a-f]{12} counts for nothing\. The move A→B is the builder's/);
    await put(2, "ada");
    await put(3, "ada");
    await assert.rejects(show(), fails(4, /so that the mode cannot be told/));
    const told = await history();
    assert.equal(told.code, 4);
    assert.match(told.text, /follow the same one/);
  });

  it("names what nobody on record signed in the history, and finds no fault with the project for it", async () => {
    await set("B", "ada");
    const { folder } = repository;
    const move = modeMove({
      ...{ from: "B", to: "C", at: new Date(1), before: null, evidence: [] },
      commit: repository.git("rev-parse", "HEAD"),
    });
    await addRecord(folder, { kind: "modes", content: "{}\n" });
    await project.put("modes", { who: "stranger", kind: "mode" }, move);
    assert.deepEqual([(await show()).code, (await show()).data.mode, (await show()).data.refused], [0, "B", []]);
    const told = await history();
    assert.equal(told.code, 0);
    assert.equal(told.text.match(/^· The record [0-9a-f]{12} is nobody's, and counts for nothing\. \S/gm)?.length, 2);
    // A key that does not count any more is somebody's all the same.
    await project.put("modes", { who: "cy", kind: "mode" }, move);
    await project.trust({ cy: { until: "2026-01-02" } });
    const shown = await show();
    assert.deepEqual([shown.code, (await history()).code], [1, 1]);
    assert.equal(shown.text.match(/✗/g)?.length, 1);
  });

  it("could not tell where origin does not answer, and believes no altered record", async () => {
    await set("B", "ada");
    renameSync(origin, `${origin}.away`);
    await assert.rejects(show(), fails(3, /`origin` could not be reached/));
    renameSync(`${origin}.away`, origin);
    // Whatever the repository's own settings call `origin`, the moves are those of the one that the stack names.
    repository.git("remote", "set-url", "origin", join(repository.folder, "another"));
    await assert.rejects(show(), fails(3, /The records cannot be told/));
    repository.git("remote", "set-url", "origin", origin);
    const folder = mkdtempSync(join(tmpdir(), "phillbot-tamper-"));
    repository.git("worktree", "add", "--quiet", "--force", folder, "records");
    const [file = ""] = repository.git("ls-tree", "-r", "--name-only", "records").split("\n");
    assert.ok(readFileSync(join(folder, file)).length > 0);
    repository.git("-C", folder, "rm", "--quiet", file);
    repository.git("-C", folder, "commit", "--quiet", "--message", "Nothing to see");
    repository.git("worktree", "remove", "--force", folder);
    repository.git("push", "--quiet", "origin", "records");
    await assert.rejects(show(), fails(4, /changed or removed/));
  });

  it("is refused where no trust is installed", async () => {
    rmSync(project.trustFolder, { recursive: true });
    await assert.rejects(show(), fails(4, /No trust is installed/));
  });
});
