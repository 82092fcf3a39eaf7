/** A work tree beside the operator's holds what one commit holds, stands on another, and brings the packages that fit. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { addTree, dropTree, moveTree } from "../../release/ownTree.ts";
import { Repository } from "./gitFixture.ts";

describe("A work tree of its own", () => {
  let repository: Repository;
  const folder = () => join(repository.folder, ".phillbot", "own");
  const text = (path: string) => (existsSync(join(folder(), path)) ? readFileSync(join(folder(), path), "utf8") : undefined);
  const clone = () => ({ root: repository.folder, packages: [repository.folder], shared: ["key"] });
  const commits = { first: "", second: "", beside: "" };

  beforeEach(() => {
    repository = new Repository();
    repository.write({ ".gitignore": ".phillbot/\n/node_modules/\nlocal.yaml\n", ".phillbot/key": "of the clone" });
    repository.write({ "package-lock.json": "1", "node_modules/which": "packages of 1" });
    commits.first = repository.commit({ "program.ts": "one", "only.ts": "here", "items.yaml": "open" });
    repository.remove("only.ts");
    commits.second = repository.commit({ "program.ts": "two", "items.yaml": "closed" });
    repository.write({ "local.yaml": "own", "new.ts": "not committed" });
    repository.git("add", "--force", "--all", ":!.phillbot", ":!node_modules");
    commits.beside = repository.git("commit-tree", repository.git("write-tree"), "-p", commits.second, "-m", "Beside");
    repository.git("reset", "--quiet");
    mkdirSync(join(repository.folder, ".phillbot"), { recursive: true });
  });
  afterEach(() => repository[Symbol.dispose]());

  it("holds a commit's files, its packages and what belongs to the clone", async () => {
    await addTree(clone(), folder(), commits.first);
    assert.deepEqual(["program.ts", "only.ts", "node_modules/which", ".phillbot/key"].map(text), [
      "one",
      "here",
      "packages of 1",
      "of the clone",
    ]);
  });

  it("goes with git's notes of it and of those that lie in it", async () => {
    await addTree(clone(), folder(), commits.first);
    await addTree(clone(), join(folder(), ".phillbot", "kept"), commits.second);
    await dropTree(repository.folder, folder());
    assert.equal(repository.git("worktree", "list").split("\n").length, 1);
  });

  it("moves to another commit's files while it stands on its base, and leaves none of them behind", async () => {
    await addTree(clone(), folder(), commits.first);
    await moveTree(clone(), folder(), { base: commits.second, commit: commits.beside });
    const files = ["program.ts", "only.ts", "local.yaml", "new.ts"];
    assert.deepEqual(files.map(text), ["two", undefined, "own", "not committed"]);
    assert.equal(repository.git("-C", folder(), "rev-parse", "HEAD"), commits.second);
    await moveTree(clone(), folder(), { base: commits.first, commit: commits.first });
    assert.deepEqual(files.map(text), ["one", "here", undefined, undefined]);
  });

  it("takes one file of another commit where that is asked for", async () => {
    await addTree(clone(), folder(), commits.first);
    const but = { path: "items.yaml", commit: commits.second };
    await moveTree(clone(), folder(), { base: commits.first, commit: commits.first, but });
    assert.deepEqual(["program.ts", "items.yaml"].map(text), ["one", "closed"]);
  });

  it("brings other packages where the lock is another", async () => {
    const other = join(repository.folder, "node_modules", "other");
    await addTree(clone(), folder(), commits.first);
    repository.write({ "package-lock.json": "2" });
    const third = repository.commit({});
    repository.write({ "node_modules/other/package-lock.json": "2", "node_modules/other/node_modules/which": "packages of 2" });
    await moveTree({ packages: [other] }, folder(), { base: third, commit: third });
    assert.equal(text("node_modules/which"), "packages of 2");
  });

  it("is gone with all that git knows of it", async () => {
    await addTree(clone(), folder(), commits.first);
    await dropTree(repository.folder, folder());
    assert.equal(existsSync(folder()), false);
    assert.equal(repository.git("worktree", "list").split("\n").length, 1);
  });
});
