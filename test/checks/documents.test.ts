import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { documentsCheck } from "../../checks/documents.ts";
import { atMilestones, everyRelease } from "../../model/documents.ts";
import { type StampOptions, stampDocuments } from "../../release/documentStamp.ts";
import { contextOn, Repository, treeTarget } from "../release/gitFixture.ts";

const names = [...everyRelease, ...atMilestones];
const path = (name: string) => `Documentation/${name}`;
const texts = (says: string) => Object.fromEntries(names.map((name) => [path(name), `# ${name}\n\n${says}\n`]));

/** With sign-off it is its own origin, so that each tag is published at once. */
function probe(repository: Repository, requireSignOff = false) {
  if (!requireSignOff) return documentsCheck.probe(treeTarget(repository), contextOn());
  repository.git("config", "remote.origin.url", repository.address);
  return documentsCheck.probe(treeTarget(repository, { requireSignOff, origin: repository.address }), contextOn());
}

function stamp(repository: Repository, release: string, options: Partial<StampOptions> = {}) {
  return stampDocuments({ projectRoot: repository.folder, release, ...options });
}

/** A repository whose documents are stamped for release 1.0.0, committed and, if asked, released. */
async function stamped({ released }: { released: boolean }): Promise<Repository> {
  const repository = new Repository();
  repository.commit({ "program.ts": "1\n", ...texts("first") });
  await stamp(repository, "1.0.0", { milestone: true });
  repository.commit();
  if (released) repository.release("1.0.0");
  return repository;
}

/** Goes on from release 1.0.0: new program, new documents, stamped for 1.1.0. */
async function next(repository: Repository, options: Partial<StampOptions> = {}): Promise<void> {
  repository.commit({ "program.ts": "2\n" });
  for (const name of names) edit(repository, name, (text) => text.replace("first", "second"));
  await stamp(repository, "1.1.0", options);
}

function edit(repository: Repository, name: string, change: (text: string) => string): void {
  repository.write({ [path(name)]: change(readFileSync(join(repository.folder, path(name)), "utf8")) });
}

/** By hand: `docs stamp` writes no release that is out already. */
function restamp(repository: Repository, release: string): void {
  for (const name of everyRelease) edit(repository, name, (text) => text.replace(/release: \S+/, `release: ${release}`));
}

async function faultsOf(repository: Repository, requireSignOff = false): Promise<string[]> {
  const finding = await probe(repository, requireSignOff);
  assert.equal(finding.status, "fail", finding.summary);
  assert.ok(finding.items?.every(({ waivable }) => !waivable));
  return (finding.items ?? []).map(({ summary }) => summary);
}

describe("documents", () => {
  let repository: Repository;
  afterEach(() => repository[Symbol.dispose]());

  describe("without a release yet", () => {
    beforeEach(async () => {
      repository = await stamped({ released: false });
    });

    it("pass where the stamps agree", async () => {
      const finding = await probe(repository);
      assert.equal(finding.status, "pass");
      assert.match(finding.summary, /no release yet/);
    });

    it("pass on a stack with sign-off where the stamp names the committed tree", async () => {
      assert.equal((await probe(repository, true)).status, "pass");
    });

    for (const [title, make] of [
      ["a changed file", () => repository.write({ "program.ts": "2\n" })],
      ["a changed document", () => edit(repository, "update_log.md", (text) => `${text}More.\n`)],
      ["a file that git does not know", () => repository.write({ "stray.ts": "1\n" })],
      [
        "a change that git was told to pass over",
        () => {
          repository.write({ "program.ts": "2\n" });
          repository.git("update-index", "--assume-unchanged", "program.ts");
        },
      ],
    ] as const) {
      it(`fail on a stack with sign-off where the work tree holds ${title}, and pass on one without`, async () => {
        make();
        const { status, summary } = await probe(repository, true);
        assert.equal(status, "fail");
        assert.match(summary, /differs from the commit in 1 path, allowed are 0/);
        assert.equal((await probe(repository)).status, "pass");
      });
    }

    it("with an older tree pass on a stack without sign-off, which says so, and fail on one with it", async () => {
      repository.commit({ "program.ts": "2\n" });
      const finding = await probe(repository);
      assert.equal(finding.status, "pass");
      assert.match(finding.summary, /They were written for an older tree, which stack `dev` accepts\.$/);
      const faults = await faultsOf(repository, true);
      assert.equal(faults.length, 4);
      for (const fault of faults) assert.match(fault, /Its stamp says `tree` [0-9a-f]{12}, the committed tree is [0-9a-f]{12}\./);
    });

    for (const [title, name, change, says] of [
      ["has no front matter", "test_plan.md", () => "# Plan\n", [/^`test_plan.md`: It has no front matter/]],
      ["carries no stamp", "test_plan.md", () => "---\ntitle: Plan\n---\n# Plan\n", [/^`test_plan.md`: It carries no `stamp`/]],
      [
        "has front matter that is not YAML",
        "test_plan.md",
        () => "---\nstamp: [\n---\n# Plan\n",
        [/^`test_plan.md`: Its front matter is not a YAML map \(line \d+/],
      ],
      ["has front matter that is a list", "test_plan.md", () => "---\n- a\n---\n# Plan\n", [/is not a YAML map\./]],
      [
        "has a stamp with unknown and missing keys",
        "test_plan.md",
        () => "---\nstamp: { release: 1.0.0, date: now }\n---\n# Plan\n",
        [/Its `stamp.tree` is wrong/, /Its `stamp` is wrong/],
      ],
      [
        "names another release",
        "status_tracker.md",
        (text: string) => text.replace("1.0.0", "0.9.0"),
        [/^`status_tracker.md`: Its stamp says `release` 0.9.0, that of `update_log.md` 1.0.0\./],
      ],
      [
        "names another tree",
        "handoff.md",
        (text: string) => text.replace(/tree: .{4}/, "tree: 0000"),
        [/^`handoff.md`: Its stamp says `tree` 0000/],
      ],
      [
        "is not stamped as a milestone like the others",
        "handoff.md",
        (text: string) => text.replace("  milestone: true\n", ""),
        [/Its stamp says `milestone` false, that of `update_log.md` true/],
      ],
    ] as const) {
      it(`fail, and say which, where one ${title}`, async () => {
        edit(repository, name, change);
        const faults = await faultsOf(repository);
        assert.equal(faults.length, says.length, faults.join("\n"));
        for (const [index, expected] of says.entries()) assert.match(faults[index] ?? "", expected);
      });
    }

    for (const name of names) {
      it(`fail where ${name} is missing at a milestone`, async () => {
        repository.remove(path(name));
        const faults = await faultsOf(repository);
        assert.deepEqual(faults, [`\`${name}\`: It cannot be read (ENOENT).`]);
      });
    }

    it("pass where handoff.md is missing and there is no milestone", async () => {
      await stamp(repository, "1.0.1");
      repository.remove(path("handoff.md"));
      const finding = await probe(repository);
      assert.equal(finding.status, "pass", finding.summary);
      assert.deepEqual(finding.measured.required, [...everyRelease]);
    });

    it("name the faults of all documents at once", async () => {
      for (const name of everyRelease) repository.write({ [path(name)]: "# Nothing\n" });
      assert.equal((await faultsOf(repository)).length, 3);
    });

    it("are an error in a repository without a commit", async () => {
      using empty = new Repository();
      await assert.rejects(probe(empty), /git rev-parse/);
    });
  });

  describe("after a release", () => {
    beforeEach(async () => {
      repository = await stamped({ released: true });
    });

    it("pass where each says something new", async () => {
      await next(repository);
      const finding = await probe(repository);
      assert.equal(finding.status, "pass", finding.summary);
      assert.equal(finding.measured.lastRelease, "1.0.0");
    });

    it("pass on the released commit itself, which is compared with what was before it", async () => {
      assert.equal((await probe(repository)).status, "pass");
      await next(repository);
      repository.commit();
      repository.release("1.1.0");
      const finding = await probe(repository, true);
      assert.equal(finding.status, "pass", finding.summary);
      assert.equal(finding.measured.lastRelease, "1.0.0");
    });

    for (const name of everyRelease) {
      it(`fail where ${name} says what it said`, async () => {
        await next(repository);
        edit(repository, name, (text) => text.replace("second", "first"));
        assert.deepEqual(await faultsOf(repository), [`\`${name}\`: It says what it said at release 1.0.0.`]);
      });
    }

    it("fail where only white space differs", async () => {
      await next(repository);
      edit(repository, "test_plan.md", (text) => `${text.replace("second", "first")}\n \n`);
      assert.equal((await faultsOf(repository)).length, 1);
    });

    it("pass where another key of the front matter differs", async () => {
      await next(repository);
      edit(repository, "test_plan.md", (text) => text.replace("second", "first").replace("---\n", "---\nsummary: new\n"));
      assert.equal((await probe(repository)).status, "pass");
    });

    it("judge handoff.md at a milestone only", async () => {
      await next(repository);
      edit(repository, "handoff.md", (text) => text.replace("second", "first"));
      assert.equal((await probe(repository)).status, "pass");
      await stamp(repository, "1.1.0", { milestone: true });
      assert.deepEqual(await faultsOf(repository), ["`handoff.md`: It says what it said at release 1.0.0."]);
    });

    it("fail where the stamp names the release that is out already", async () => {
      await next(repository);
      restamp(repository, "1.0.0");
      const faults = await faultsOf(repository);
      assert.equal(faults.length, 3);
      for (const fault of faults) assert.match(fault, /names release 1.0.0, which is released already/);
    });

    it("fail on a stack with sign-off where the stamp names an older release, and say which comes next", async () => {
      await next(repository);
      repository.commit();
      repository.release("1.1.0");
      repository.commit({ "program.ts": "3\n" });
      for (const name of names) edit(repository, name, (text) => text.replace("second", "third"));
      await stamp(repository, "1.2.0");
      restamp(repository, "1.0.5");
      repository.commit();
      const faults = await faultsOf(repository, true);
      assert.equal(faults.length, 3);
      for (const fault of faults)
        assert.match(fault, /names release 1\.0\.5, wanted is one later than 1\.1\.0, which is published/);
      assert.match((await probe(repository, true)).remedy ?? "", /npx deck docs stamp 1\.2\.0 # once /);
    });

    it("are inconclusive on a stack with sign-off where HEAD lacks the newest release", async () => {
      await next(repository);
      repository.commit();
      repository.release("1.1.0");
      repository.git("switch", "--quiet", "--detach", "release/1.0.0");
      const finding = await probe(repository, true);
      assert.equal(finding.status, "inconclusive");
      assert.match(finding.summary, /does not contain `release\/1\.1\.0`.* The documents cannot be compared\./);
    });

    it("are compared with the newest release before HEAD, not with one of another branch", async () => {
      await next(repository);
      repository.commit();
      repository.release("1.1.0");
      repository.git("switch", "--quiet", "--create", "aside", "HEAD~1");
      repository.commit({ aside: "1" });
      repository.release("9.0.0");
      repository.git("switch", "--quiet", "main");
      repository.commit({ "program.ts": "3\n" });
      const finding = await probe(repository);
      assert.equal(finding.measured.lastRelease, "1.1.0");
      assert.equal(finding.status, "fail");
    });

    it("are inconclusive in a clone too shallow to hold the release, and say how to mend it", async () => {
      await next(repository);
      repository.commit();
      using shallow = repository.clone("--depth=1");
      const finding = await probe(shallow);
      assert.equal(finding.status, "inconclusive");
      assert.equal(finding.remedy, "git fetch --unshallow --tags");
      shallow.git("fetch", "--quiet", "--unshallow", "--tags");
      assert.equal((await probe(shallow)).status, "pass");
    });

    it("are inconclusive in a clone without tags", async () => {
      await next(repository);
      repository.commit();
      using clone = repository.clone("--no-tags");
      assert.equal((await probe(clone)).status, "inconclusive");
    });
  });
});
