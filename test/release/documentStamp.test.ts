import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { documentsCheck } from "../../checks/documents.ts";
import { atMilestones, everyRelease } from "../../model/documents.ts";
import { type StampOptions, stampDocuments } from "../../release/documentStamp.ts";
import { treeDigest } from "../../release/repository.ts";
import { contextOn, Repository, treeTarget } from "./gitFixture.ts";

const names = [...everyRelease, ...atMilestones];
const path = (name: string) => `Documentation/${name}`;
const texts = (says: string) => Object.fromEntries(names.map((name) => [path(name), `# ${name}\n\n${says}\n`]));

function stamp(repository: Repository, release: string, options: Partial<StampOptions> = {}) {
  return stampDocuments({ projectRoot: repository.folder, release, ...options });
}

describe("stampDocuments", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
    repository.commit({ "program.ts": "1\n", ...texts("first") });
  });
  afterEach(() => repository[Symbol.dispose]());

  it("writes release and tree, and leaves every other byte as it was", async () => {
    const before = "---\n# why\ntitle: Plan\n---\n\nText: `---`\n---\nend";
    repository.write({ [path("test_plan.md")]: before });
    const { stamp: given, written } = await stamp(repository, "1.0.0");
    assert.deepEqual(written, everyRelease.map(path));
    const text = readFileSync(join(repository.folder, path("test_plan.md")), "utf8");
    assert.equal(
      text,
      before.replace("title: Plan\n", `title: Plan\nstamp:\n  release: "1.0.0"\n  tree: ${given.tree}\n`).replaceAll('"', ""),
    );
  });

  it("changes nothing the second time", async () => {
    await stamp(repository, "1.0.0");
    const again = await stamp(repository, "1.0.0");
    assert.deepEqual(again.written, []);
    assert.deepEqual(again.unchanged, everyRelease.map(path));
  });

  it("keeps a milestone, and stamps `handoff.md`, where the same release is stamped once more", async () => {
    await stamp(repository, "1.0.0", { milestone: true });
    repository.commit({ "program.ts": "2\n" });
    const { stamp: given, written } = await stamp(repository, "1.0.0");
    assert.equal(given.milestone, true);
    assert.deepEqual(written, names.map(path));
    assert.equal((await documentsCheck.probe(treeTarget(repository), contextOn())).status, "pass");
  });

  it("makes it none where told so, and where another release follows", async () => {
    await stamp(repository, "1.0.0", { milestone: true });
    assert.equal((await stamp(repository, "1.0.0", { milestone: false, dryRun: true })).stamp.milestone, false);
    const { stamp: given, before } = await stamp(repository, "1.1.0");
    assert.deepEqual([given.milestone, before?.milestone, before?.release], [false, true, "1.0.0"]);
    assert.ok(!readFileSync(join(repository.folder, path("test_plan.md")), "utf8").includes("milestone"));
  });

  it("refuses a release that is not later than the newest that HEAD contains, and names a later one", async () => {
    repository.git("tag", "release/1.2.0");
    assert.deepEqual((await stamp(repository, "1.2.0")).written, everyRelease.map(path));
    repository.commit();
    for (const release of ["1.1.9", "1.2.0"]) {
      const wanted = `the release is ${release}, wanted is one later than 1.2.0, which is released: npx deck docs stamp 1.3.0`;
      await assert.rejects(stamp(repository, release), { message: `The documents were not stamped: ${wanted}.` });
    }
    assert.equal(repository.git("status", "--porcelain"), "");
    assert.deepEqual((await stamp(repository, "1.2.1")).written, everyRelease.map(path));
  });

  it("keeps comments and other keys of the front matter", async () => {
    repository.write({
      [path("test_plan.md")]: "---\n# who\nowner: ada # asks\nstamp:\n  # by deck\n  release: 0.9.0\n---\n# Plan\n",
    });
    const { stamp: given } = await stamp(repository, "1.0.0");
    const text = readFileSync(join(repository.folder, path("test_plan.md")), "utf8");
    assert.equal(
      text,
      `---\n# who\nowner: ada # asks\nstamp:\n  # by deck\n  release: 1.0.0\n  tree: ${given.tree}\n---\n# Plan\n`,
    );
  });

  for (const [title, frontMatter, says] of [
    [
      "a key in the stamp that is not the stamp's",
      "stamp:\n  release: 0.9.0\n  approved: ada\n",
      /`Documentation\/test_plan.md`: its `stamp.approved` is no key/,
    ],
    ["a text in the stamp's place", "stamp: draft\n", /its `stamp` is not a map/],
  ] as const) {
    it(`writes nothing at all over ${title}, and names it`, async () => {
      repository.commit({ [path("test_plan.md")]: `---\n${frontMatter}---\n# Plan\n` });
      await assert.rejects(stamp(repository, "1.0.0"), says);
      assert.equal(repository.git("status", "--porcelain"), "");
    });
  }

  it("changes nothing in a dry run, and says what would change", async () => {
    const { written } = await stamp(repository, "1.0.0", { dryRun: true });
    assert.equal(written.length, 3);
    assert.equal(repository.git("status", "--porcelain"), "");
  });

  it("names what is not committed, and thus not covered", async () => {
    repository.write({ "program.ts": "2\n", "new file.ts": "", [path("handoff.md")]: "new\n" });
    assert.deepEqual((await stamp(repository, "1.0.0")).uncommitted.toSorted(), ["new file.ts", "program.ts"]);
  });

  it("writes nothing at all where one document is missing, and names it", async () => {
    repository.remove(path("status_tracker.md"));
    repository.commit();
    await assert.rejects(stamp(repository, "1.0.0"), /`Documentation\/status_tracker.md` cannot be read/);
    assert.equal(repository.git("status", "--porcelain"), "");
  });

  for (const release of [
    "",
    "a b",
    "../x",
    "-x",
    "next",
    "12",
    "1.2",
    "v1.2.0",
    "release/1.2.0",
    "1.02.0",
    "1.2.0-",
    "1.2.0-a.lock",
    "1.2.0\n",
  ]) {
    it(`refuses ${JSON.stringify(release)} as a release, and says what it found and what is wanted`, async () => {
      await assert.rejects(stamp(repository, release), ({ message }: Error) => {
        assert.ok(message.includes(`the release is ${JSON.stringify(release)}, wanted is a version of three numbers`), message);
        return true;
      });
      assert.equal(repository.git("status", "--porcelain"), "");
    });
  }

  for (const release of ["0.1.0", "2026.10.1", "1.0.0-rc.1", "1.0.0-0a"]) {
    it(`takes ${release} for a release, which git takes for a tag`, async () => {
      await stamp(repository, release, { dryRun: true });
      repository.release(release);
    });
  }
});

describe("treeDigest", () => {
  it("is that of `git ls-tree` without Documentation/, whatever git is configured to quote", async () => {
    using repository = new Repository();
    repository.commit({ "ü.ts": "1\n", "Documentation/a.md": "a\n", "DocumentationX/b.md": "b\n" });
    const before = await treeDigest(repository.folder);
    repository.git("config", "core.quotePath", "false");
    assert.equal(await treeDigest(repository.folder), before);
    repository.commit({ "Documentation/a.md": "changed\n" });
    assert.equal(await treeDigest(repository.folder), before);
    repository.commit({ "DocumentationX/b.md": "changed\n" });
    assert.notEqual(await treeDigest(repository.folder), before);
  });

  it("is not moved by what is not committed", async () => {
    using repository = new Repository();
    repository.commit({ "a.ts": "1\n" });
    const before = await treeDigest(repository.folder);
    repository.write({ "a.ts": "2\n" });
    assert.equal(await treeDigest(repository.folder), before);
  });
});
