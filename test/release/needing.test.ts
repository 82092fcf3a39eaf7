/** Who may need what a contract takes away: told by the order in which releases ran, and where the last that needs it never ran here, by git. */

import assert from "node:assert/strict";
import type { Deployment } from "../../model/deployments.ts";
import { renderManifestOf } from "../../model/releaseManifest.ts";
import { needingOf } from "../../release/needing.ts";
import { addRecord } from "../../release/records.ts";
import { Repository } from "./gitFixture.ts";

describe("Who may need what a contract takes away", () => {
  let repository: Repository;
  /** Commits of 1.0.0 to 1.3.0, each made of the one before, and one that was made of 1.1.0 beside the others. */
  let commits: readonly string[];
  let beside: string;
  beforeEach(() => {
    repository = new Repository();
    commits = [0, 1, 2, 3].map((n) => repository.commit({ a: `${n}` }));
    repository.git("checkout", "--quiet", "--detach", commits[1] ?? "");
    beside = repository.commit({ b: "x" });
    repository.git("checkout", "--quiet", "main");
  });
  afterEach(() => repository[Symbol.dispose]());

  const deployment = (name: string, commit: string | undefined, first = 0): Deployment => ({
    ...{ name, tree: name, release: undefined, commit, base: commit, at: "2026-03-10T12:00:00.000Z", abandoned: false },
    ...{ entry: 100 - first, first },
  });
  const four = () => commits.map((commit, n) => deployment(`1.${n}.0`, commit, n));
  const told = async (lastNeededBy: string, asked: readonly Deployment[], all: readonly Deployment[] = []) => {
    const found = await needingOf(repository.folder, lastNeededBy, { all, asked });
    return "doubt" in found ? found.doubt : found.map(({ name }) => name).join(" ");
  };

  it("is the last that needs it and what first ran before that, however often it came back since", async () => {
    assert.equal(await told("1.1.0", four(), four()), "1.0.0 1.1.0");
  });

  it("is also what was made of an older commit and brought up later", async () => {
    const late = deployment("late", commits[0], 9);
    assert.equal(await told("1.1.0", [late], [...four().slice(1), late]), "late");
    const dirty = deployment("dirty", commits[1], 9);
    assert.equal(await told("1.1.0", [dirty], [...four(), dirty]), "");
  });

  it("is also a hotfix of an older one that ran after the last that needs it, and what is not known to be newer", async () => {
    // 1.1.0 is the base of the fix; 1.2.0 ran in between.
    const hotfix = deployment("1.1.1", beside, 9);
    const others = [hotfix, deployment("nowhere", undefined, 10), deployment("elsewhere", "e".repeat(40), 11)];
    assert.equal(await told("1.2.0", others, [...four().slice(0, 3), ...others]), "1.1.1 nowhere elsewhere");
    assert.equal(await told("1.1.0", [hotfix], [...four(), hotfix]), "");
  });

  it("is what was not made of its commit, where the last that needs it never ran here", async () => {
    repository.git("tag", "release/1.1.0", commits[1] ?? "");
    const others = [deployment("beside", beside), deployment("dirty", commits[1]), deployment("nowhere", undefined)];
    assert.equal(await told("1.1.0", [...four(), ...others]), "1.0.0 1.1.0 dirty nowhere");
    repository.git("tag", "release/1.2.0", commits[2] ?? "");
    assert.equal(await told("1.2.0", others), "beside dirty nowhere");
  });

  it("is known of a release without a tag by its manifest, and of several under one name by each", async () => {
    const put = (commit = "") => {
      const subjects = new Map([["program", "a".repeat(64)]]);
      return addRecord(repository.folder, {
        kind: "releases",
        content: renderManifestOf({ releaseId: "1.1.0", commit, subjects }),
      });
    };
    await put(commits[0]);
    assert.equal(await told("1.1.0", four()), "1.0.0");
    await put(commits[1]);
    assert.equal(await told("1.1.0", four()), "1.0.0 1.1.0");
    await put("f".repeat(40));
    assert.match(await told("1.1.0", four()), /the commit f{12} of 1\.1\.0 is not in this clone/);
  });

  it("cannot be told by a name that no release bears", async () => {
    for (const name of ["1.1.0", "--all", "../heads/main"])
      assert.match(await told(name, four()), new RegExp(`no release on record is called ${name}`));
    assert.match(await told("9.0.0", four(), four()), /no release on record is called 9\.0\.0/);
  });

  it("is whoever's own commit is not in this clone", async () => {
    repository.git("tag", "release/1.1.0", commits[1] ?? "");
    assert.equal(await told("1.1.0", [deployment("elsewhere", "e".repeat(40))]), "elsewhere");
  });
});
