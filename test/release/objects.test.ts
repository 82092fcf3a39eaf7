import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileAt, Objects, withObjects } from "../../release/objects.ts";
import { GitFailed } from "../../release/repository.ts";
import { Repository } from "./gitFixture.ts";

describe("what git holds, asked of one git", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
  });
  afterEach(() => repository[Symbol.dispose]());

  const lose = (object: string) =>
    rmSync(join(repository.folder, ".git/objects", object.slice(0, 2), object.slice(2)), { force: true });

  it("is listed as `git ls-tree -r` lists it", async () => {
    repository.write({ "a b/ü\n.txt": "1", "a-b": "2", "a/b": "3", a0: "4", "deep/er/and/deeper": "5", "run.sh": "#!/bin/sh\n" });
    symlinkSync("run.sh", join(repository.folder, "link"));
    repository.git("add", "--all");
    repository.git("update-index", "--chmod=+x", "run.sh");
    repository.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},module`);
    repository.git("commit", "--quiet", "--message", "Add");
    // As old versions of git wrote it.
    const blob = repository.git("rev-parse", "HEAD:a0");
    const raw = Buffer.concat([Buffer.from("100664 old\0"), Buffer.from(blob, "hex")]);
    const tree = execFileSync("git", ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"], {
      cwd: repository.folder,
      input: raw,
      encoding: "utf8",
    }).trim();
    const old = repository.git("commit-tree", tree, "-m", "Old");
    for (const commit of [repository.git("rev-parse", "HEAD"), old]) {
      const listed = execFileSync("git", ["ls-tree", "-r", "-z", "--full-tree", commit], {
        cwd: repository.folder,
        encoding: "utf8",
      });
      using objects = new Objects(repository.folder);
      const files = await objects.files(commit);
      const lines = files.map(
        ({ mode, object, path }) => `${mode} ${mode === "160000" ? "commit" : "blob"} ${object}\t${path}\0`,
      );
      assert.equal(lines.join(""), listed);
    }
  });

  it("is told from what it lacks: a file that is not there is none, and what cannot be read is an error", async () => {
    const commit = repository.commit({ "a/b.txt": "text", "c.txt": "text" });
    const at = (path: string, of = commit) => fileAt(repository.folder, { commit: of, path });
    assert.equal(await at("a/b.txt"), "text");
    assert.equal(await at("a/b.txt", "HEAD"), "text");
    for (const path of ["a/c.txt", "d", "d/e", "c.txt/d", "a/b.txt/", ""]) assert.equal(await at(path), undefined, path);
    await assert.rejects(at("a"), GitFailed);
    for (const other of ["0".repeat(40), "nowhere", "HEAD:a", "a\nb", ""])
      await assert.rejects(at("a/b.txt", other), GitFailed, other);
    lose(repository.git("rev-parse", "HEAD:a"));
    await assert.rejects(at("a/b.txt"), GitFailed);
    await assert.rejects(at("a/c.txt"), GitFailed);
  });

  it("is an error where the content is gone, and where git cannot be asked", async () => {
    const commit = repository.commit({ "a.txt": "to be lost" });
    lose(repository.git("rev-parse", "HEAD:a.txt"));
    await assert.rejects(fileAt(repository.folder, { commit, path: "a.txt" }), GitFailed);
    await assert.rejects(fileAt(tmpdir(), { commit, path: "a.txt" }), GitFailed);
    await assert.rejects(fileAt("/nowhere", { commit, path: "a.txt" }), GitFailed);
    using objects = new Objects(repository.folder);
    objects[Symbol.dispose]();
    await assert.rejects(objects.text(commit, "a.txt"));
    const aborted = AbortSignal.abort(new Error("Enough."));
    await assert.rejects(fileAt(repository.folder, { commit, path: "a.txt", signal: aborted }), /Enough/);
  });

  it("comes whole, however large, and in the order of the questions", async () => {
    const large = randomBytes(1_500_000).toString("hex");
    writeFileSync(join(repository.folder, "large"), large);
    const commit = repository.commit({ small: "s", empty: "" });
    using objects = new Objects(repository.folder);
    const paths = ["small", "large", "none", "empty", "large", "small"];
    const texts = await Promise.all(paths.map((path) => objects.text(commit, path)));
    assert.deepEqual(texts, ["s", large, undefined, "", large, "s"]);
  });

  it("is found under a name that moved since, and of another folder it is not asked", async () => {
    using objects = new Objects(repository.folder);
    const first = repository.commit({ "a.txt": "1" });
    assert.equal(await objects.commitId("HEAD"), first);
    const second = repository.commit({ "a.txt": "2" });
    repository.git("pack-refs", "--all");
    repository.git("gc", "--quiet");
    assert.equal(await objects.commitId("HEAD"), second);
    assert.equal(await objects.commitId("refs/heads/nowhere"), undefined);
    assert.equal(await fileAt(repository.folder, { commit: "HEAD", path: "a.txt", objects }), "2");
    using other = new Repository();
    other.commit({ "a.txt": "another" });
    assert.equal(await fileAt(other.folder, { commit: "HEAD", path: "a.txt", objects }), "another");
    await withObjects(repository.folder, { objects }, async (given) => assert.equal(given, objects));
  });
});
