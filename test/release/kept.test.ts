/** What was deployed is kept as it lay there, whatever the work tree, the packages or the notes become later. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keep, keepOnly, keptFault, keptTree, readKept } from "../../release/kept.ts";
import { snapshot, treeOf } from "../../release/snapshot.ts";

const image = { name: "gateway:1", id: "sha256:1" };

describe("What is kept of a deployment", () => {
  let root: string;
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const write = (path: string, text: string) => writeFile(join(root, path), text);
  const place = () => ({ root, stack: "dev" });
  const keepNow = async () => {
    const taken = await snapshot(root, "dev");
    await keep(place(), taken, image);
    return taken;
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "phillbot-kept-"));
    git("init", "--quiet");
    git("config", "user.name", "Ada");
    git("config", "user.email", "ada@example.org");
    await write(".gitignore", "/node_modules/\n.phillbot/\nPulumi.dev.yaml\n");
    await write("program.ts", "one\n");
    await write("package-lock.json", "{}\n");
    await write("Pulumi.dev.yaml", "config: {}\n");
    await mkdir(join(root, "node_modules"));
    await write("node_modules/.package-lock.json", "{}\n");
    await write("node_modules/index.js", "packages of then\n");
    git("add", "--all");
    git("commit", "--quiet", "--message", "One");
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it("is every file that git does not ignore, and the stack's own, though nobody committed them", async () => {
    await write("untracked.ts", "new\n");
    await write("program.ts", "two\n");
    const before = git("status", "--porcelain");
    const { tree, commit } = await snapshot(root, "dev");
    const files = git("ls-tree", "--name-only", "-r", tree).split("\n");
    assert.deepEqual(files, [".gitignore", "Pulumi.dev.yaml", "package-lock.json", "program.ts", "untracked.ts"]);
    assert.equal(git("show", `${commit}:program.ts`), "two");
    assert.equal(git("status", "--porcelain"), before);
    assert.equal((await snapshot(root, "dev")).tree, tree);
  });

  it("is told by its id before it was judged, with nothing of it in the repository", async () => {
    await write("untracked.ts", "a secret, perhaps\n");
    const objects = () => git("count-objects", "-v");
    const before = objects();
    const tree = await treeOf(root, "dev");
    assert.equal(objects(), before);
    assert.equal((await snapshot(root, "dev")).tree, tree);
  });

  it("holds what is deployed as it lies there, though git was told to ignore it or to take it for unchanged", async () => {
    git("add", "--force", "Pulumi.dev.yaml");
    git("commit", "--quiet", "--message", "The stack's file");
    git("update-index", "--assume-unchanged", "Pulumi.dev.yaml");
    await write("Pulumi.dev.yaml", "config: { changed: true }\n");
    await mkdir(join(root, "Documentation"));
    await write("Documentation/ignored.log", "synced all the same\n");
    await write(".git/info/exclude", "*.log\n");
    const { tree } = await snapshot(root, "dev");
    assert.equal(git("show", `${tree}:Pulumi.dev.yaml`), "config: { changed: true }");
    assert.equal(git("show", `${tree}:Documentation/ignored.log`), "synced all the same");
  });

  it("is none where a repository lies in it, whose files no tree holds", async () => {
    execFileSync("git", ["init", "--quiet", join(root, "inner")]);
    await write("inner/a.ts", "a\n");
    execFileSync("git", ["-C", join(root, "inner"), "add", "a.ts"]);
    const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    execFileSync("git", ["-C", join(root, "inner"), ...who, "commit", "--quiet", "--message", "Inner"]);
    await assert.rejects(treeOf(root, "dev"), /`inner` is a repository of its own/);
  });

  it("is HEAD itself where the tree is that very commit", async () => {
    git("add", "--force", "Pulumi.dev.yaml");
    git("commit", "--quiet", "--message", "The stack's file");
    assert.equal((await snapshot(root, "dev")).commit, git("rev-parse", "HEAD"));
  });

  it("stays as it was when tree and packages go on", async () => {
    const { tree } = await keepNow();
    await write("program.ts", "two\n");
    await rm(join(root, "node_modules"), { recursive: true });
    assert.equal(await readFile(join(keptTree(place(), tree), "program.ts"), "utf8"), "one\n");
    assert.equal(await readFile(join(keptTree(place(), tree), "node_modules/index.js"), "utf8"), "packages of then\n");
    assert.equal(await readFile(join(keptTree(place(), tree), "Pulumi.dev.yaml"), "utf8"), "config: {}\n");
    assert.equal(await keptFault(place(), { tree }), undefined);
    assert.equal(git("status", "--porcelain", "--ignored").includes("kept"), false);
  });

  it("survives a collection of what no branch holds", async () => {
    await write("program.ts", "in no branch\n");
    const { tree, commit } = await keepNow();
    git("-c", "gc.reflogExpire=now", "gc", "--quiet", "--prune=now");
    assert.equal(git("rev-parse", `${commit}^{tree}`), tree);
  });

  it("is told apart from what somebody changed in it, and made anew of its commit", async () => {
    const { tree, commit } = await keepNow();
    const kept = (path: string) => join(keptTree(place(), tree), path);
    const spoils = [
      () => writeFile(kept("program.ts"), "other\n"),
      () => writeFile(kept("more.ts"), "more\n"),
      () => rm(kept("program.ts")),
      () => rm(kept("node_modules"), { recursive: true }),
      () => rm(kept("."), { recursive: true }),
    ];
    for (const spoil of spoils) {
      await spoil();
      assert.match((await keptFault(place(), { tree })) ?? "", /is not what was deployed/);
      await keep(place(), { tree, commit }, image, true);
      assert.equal(await keptFault(place(), { tree }), undefined);
    }
  });

  it("is none where it was killed before its note was written", async () => {
    const { tree } = await keepNow();
    await rm(`${keptTree(place(), tree)}.json`);
    assert.deepEqual(await readKept(place()), []);
    await keepNow();
    assert.deepEqual(
      (await readKept(place())).map((each) => each.tree),
      [tree],
    );
  });

  it("is made although an earlier attempt was killed while git made its work tree", async () => {
    const taken = await keepNow();
    await rm(`${keptTree(place(), taken.tree)}.json`);
    git("worktree", "lock", "--reason", "initializing", keptTree(place(), taken.tree));
    await keepNow();
    assert.equal(await keptFault(place(), taken), undefined);
  });

  it("takes no work tree of the operator's away that lies on a disk which is not there now", async () => {
    const own = `${root}-own`;
    git("worktree", "add", "--quiet", "--detach", own);
    await rename(own, `${own}.away`);
    await keepNow();
    await keepOnly(place(), new Set());
    await rename(`${own}.away`, own);
    assert.equal(execFileSync("git", ["-C", own, "status", "--porcelain"], { encoding: "utf8" }), "");
    await rm(own, { recursive: true });
  });

  it("goes where newer ones take its place, and nothing else does", async () => {
    const first = await keepNow();
    await write("program.ts", "two\n");
    const second = await keepNow();
    await keepOnly(place(), new Set([second.tree]));
    assert.deepEqual(
      (await readKept(place())).map((each) => each.tree),
      [second.tree],
    );
    await assert.rejects(stat(keptTree(place(), first.tree)));
    assert.equal(git("worktree", "list").includes(first.tree.slice(0, 12)), false);
    await keepOnly(place(), new Set());
    await assert.rejects(stat(join(root, ".phillbot/kept/dev")));
    assert.equal(git("worktree", "list").split("\n").length, 1);
  });
});
