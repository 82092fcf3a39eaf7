import assert from "node:assert/strict";
import { chmodSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathsChanged } from "../../release/log.ts";
import { GitFailed } from "../../release/repository.ts";
import { Repository } from "./gitFixture.ts";

interface Merging {
  readonly base: string;
  readonly main: string | undefined;
  readonly side: string;
  readonly resolve: () => unknown;
  readonly config?: readonly (readonly [string, string])[];
}

describe("what commits change", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
  });
  afterEach(() => repository[Symbol.dispose]());

  const changed = async () => {
    const rows = repository.git("rev-list", "--parents", "--reverse", "--topo-order", "HEAD").split("\n");
    const commits = rows.map((row) => row.split(" ")).map(([id = "", ...parents]) => ({ id, parents }));
    return pathsChanged(repository.folder, commits, {});
  };

  it("is read of all of them at once, each by its own paths, whatever these are named", async () => {
    const first = repository.commit({ "a.txt": "1", "b c/ü\n.txt": "1" });
    // No name of a path passes for a commit's id, or for what git writes before a path.
    const second = repository.commit({ [first]: "1", [`:100644 100644 ${first.slice(0, 7)} M`]: "1", "a.txt": "2" });
    const empty = repository.commit();
    repository.remove("a.txt");
    symlinkSync("b c", join(repository.folder, "link"));
    repository.git("update-index", "--add", "--cacheinfo", `160000,${first},module`);
    const last = repository.commit();
    const paths = await changed();
    assert.deepEqual(paths.get(first), [".gitignore", "a.txt", "b c/ü\n.txt"]);
    assert.deepEqual(new Set(paths.get(second)), new Set([first, `:100644 100644 ${first.slice(0, 7)} M`, "a.txt"]));
    assert.deepEqual(paths.get(empty), []);
    assert.deepEqual(new Set(paths.get(last)), new Set(["a.txt", "link"]));
  });

  it("is of a merge what it changes itself, beside the commits that it joins", async () => {
    repository.commit({ "a.txt": "1", "b.txt": "1", "c.txt": "1" });
    repository.git("checkout", "--quiet", "-b", "side");
    const side = repository.commit({ "a.txt": "2" });
    repository.git("checkout", "--quiet", "main");
    const main = repository.commit({ "b.txt": "2" });
    repository.git("merge", "--quiet", "--no-commit", "side");
    repository.write({ "c.txt": "slipped in" });
    repository.git("add", "--all");
    repository.git("commit", "--quiet", "--message", "Merge");
    const paths = await changed();
    assert.deepEqual(paths.get(side), ["a.txt"]);
    assert.deepEqual(paths.get(main), ["b.txt"]);
    assert.deepEqual(paths.get(repository.git("rev-parse", "HEAD")), ["c.txt"]);
  });

  const mergings: Readonly<Record<string, Merging>> = {
    "keeps what the other side took away": {
      ...{ base: "1\n2\n3\n", main: undefined, side: "1\n2\n3\nmore\n" },
      resolve: () => {},
    },
    "takes one side of a file that is not text": {
      ...{ base: "1\0\n", main: "old\0\n", side: "mended\0\n" },
      resolve: () => repository.git("checkout", "--ours", "a.txt"),
    },
    "takes one side of a file that git is told not to merge": {
      ...{ base: "-merge\n", main: "old\n", side: "mended\n" },
      resolve: () => repository.git("checkout", "--ours", "a.txt"),
    },
    "takes one side, where this clone is set to do so": {
      ...{
        base: "1\n",
        main: "old\n",
        side: "mended\n",
        config: [
          ["merge.default", "mine"],
          ["merge.mine.driver", "true"],
        ],
      },
      resolve: () => repository.git("checkout", "--ours", "a.txt"),
    },
    "takes one side, where this clone has a program that does so": {
      ...{ base: "1\n", main: "old\n", side: "mended\n" },
      config: [
        ["core.attributesFile", "attributes"],
        ["merge.mine.driver", "true"],
      ],
      resolve: () => repository.git("checkout", "--ours", "a.txt"),
    },
  };
  for (const [what, { base, main, side, resolve, config = [] }] of Object.entries(mergings)) {
    it(`is of a merge what git left to whoever made it: one that ${what}`, async () => {
      repository.commit({ "a.txt": base, ".gitattributes": base === "-merge\n" ? "a.txt -merge\n" : "" });
      const mine = join(repository.folder, ".git/mine");
      writeFileSync(mine, "* merge=mine\n");
      repository.git("checkout", "--quiet", "-b", "side");
      repository.commit({ "a.txt": side, "b.txt": "1" });
      repository.git("checkout", "--quiet", "main");
      if (main === undefined) repository.remove("a.txt");
      repository.commit(main === undefined ? {} : { "a.txt": main });
      assert.throws(() => repository.git("merge", "--quiet", "--no-ff", "--no-commit", "side"));
      resolve();
      const merge = repository.commit();
      for (const [key, value] of config) repository.git("config", key, value === "attributes" ? mine : value);
      const held = repository.git("count-objects");
      assert.deepEqual((await changed()).get(merge), ["a.txt"]);
      assert.equal(repository.git("count-objects"), held);
    });
  }

  it("is not what a commit graph says that was forged", async () => {
    repository.commit({ "a.txt": "1" });
    const id = repository.commit({ "a.txt": "2" });
    repository.git("commit-graph", "write", "--reachable");
    const file = join(repository.folder, ".git/objects/info/commit-graph");
    const [before, after] = ["HEAD~", "HEAD"].map((name) => repository.git("rev-parse", `${name}^{tree}`));
    const forged = readFileSync(file, "hex").replaceAll(before ?? "", after ?? "");
    chmodSync(file, 0o644);
    writeFileSync(file, forged, "hex");
    const paths = await pathsChanged(repository.folder, [{ id, parents: [repository.git("rev-parse", "HEAD~")] }], {});
    assert.deepEqual(paths.get(id), ["a.txt"]);
  });

  it("is an error where a commit, or what it holds, is not here", async () => {
    const id = repository.commit({ "a.txt": "1" });
    const commits = [id, "0".repeat(40)].map((each) => ({ id: each, parents: [] }));
    await assert.rejects(pathsChanged(repository.folder, commits, {}), GitFailed);
    const tree = repository.git("rev-parse", "HEAD^{tree}");
    rmSync(join(repository.folder, ".git/objects", tree.slice(0, 2), tree.slice(2)), { force: true });
    await assert.rejects(pathsChanged(repository.folder, commits.slice(0, 1), {}), GitFailed);
    assert.equal((await pathsChanged(repository.folder, [], {})).size, 0);
  });
});
