import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addRecord, digestOf, fetchRecords, RecordsAltered, readRecords } from "../../release/records.ts";
import { GitFailed } from "../../release/repository.ts";
import { Repository } from "./gitFixture.ts";

describe("records", () => {
  let origin: string;
  let first: Repository;
  let second: Repository;
  beforeEach(() => {
    origin = mkdtempSync(join(tmpdir(), "phillbot-origin-"));
    first = new Repository();
    first.commit({ "a.txt": "a" });
    execFileSync("git", ["clone", "--quiet", "--bare", first.folder, origin]);
    first.git("remote", "add", "origin", origin);
    second = first.clone();
    second.git("remote", "set-url", "origin", origin);
    for (const each of [first, second]) {
      each.git("config", "user.name", "Ada");
      each.git("config", "user.email", "ada@example.org");
    }
  });
  afterEach(() => {
    for (const each of [first, second]) each[Symbol.dispose]();
    rmSync(origin, { recursive: true });
  });
  const contents = async ({ folder }: Repository) =>
    (await readRecords(folder)).map(({ kind, content }) => `${kind} ${content}`).toSorted();
  /** A commit on the branch as somebody would make it by hand. */
  const tamper = (change: (folder: string) => void) => {
    const folder = mkdtempSync(join(tmpdir(), "phillbot-tamper-"));
    first.git("worktree", "add", "--quiet", "--force", folder, "records");
    change(folder);
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=E", "-c", "user.email=e@x", ...args], { cwd: folder, stdio: "pipe" });
    git("add", "--all");
    git("commit", "--quiet", "--message", "Nothing to see");
    first.git("worktree", "remove", "--force", folder);
  };

  it("are none before the first one", async () => assert.deepEqual(await readRecords(first.folder), []));

  it("are named by their digest, travel by origin, and leave the work tree and its branch alone", async () => {
    const before = first.git("rev-parse", "HEAD");
    const digest = await addRecord(first.folder, { kind: "releases", content: "{}\n" });
    assert.equal(digest, digestOf("{}\n"));
    assert.ok(await fetchRecords(second.folder));
    const [record] = await readRecords(second.folder);
    assert.deepEqual({ ...record, at: 0 }, { kind: "releases", digest, content: "{}\n", at: 0 });
    assert.ok(Math.abs(Number(record?.at) - Date.now()) < 60_000);
    assert.equal(first.git("rev-parse", "HEAD"), before);
    assert.equal(first.git("status", "--porcelain"), "");
  });

  it("are read in the order of the branch, also those of one second", async () => {
    // Of one instant, which is what a second is to git: only the order of the commits tells.
    const put = ["c", "a", "d", "b"];
    for (const content of put) await addRecord(first.folder, { kind: "modes", content });
    first.git("checkout", "--quiet", "records");
    first.git(
      "rebase",
      "--quiet",
      "--root",
      "--committer-date-is-author-date",
      "--exec",
      "GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' git commit --quiet --amend --no-edit",
    );
    first.git("checkout", "--quiet", "main");
    assert.deepEqual(
      (await readRecords(first.folder)).map(({ content }) => content),
      put,
    );
  });

  it("are there once, however often they are added", async () => {
    await addRecord(first.folder, { kind: "modes", content: "a" });
    const tip = first.git("rev-parse", "records");
    await addRecord(first.folder, { kind: "modes", content: "a" });
    assert.equal(first.git("rev-parse", "records"), tip);
  });

  it("of two clones come together, whoever pushes first", async () => {
    await addRecord(first.folder, { kind: "modes", content: "a" });
    await addRecord(second.folder, { kind: "modes", content: "b" });
    await addRecord(first.folder, { kind: "releases", content: "c" });
    await fetchRecords(second.folder);
    for (const each of [first, second]) assert.deepEqual(await contents(each), ["modes a", "modes b", "releases c"]);
  });

  it("that were made while origin was away come together with those that it got meanwhile", async () => {
    await addRecord(first.folder, { kind: "modes", content: "a" });
    await fetchRecords(second.folder);
    first.git("remote", "rename", "origin", "away");
    await addRecord(first.folder, { kind: "modes", content: "made alone" });
    await addRecord(second.folder, { kind: "modes", content: "b" });
    first.git("remote", "rename", "away", "origin");
    await addRecord(first.folder, { kind: "modes", content: "c" });
    await fetchRecords(second.folder);
    for (const each of [first, second])
      assert.deepEqual(await contents(each), ["modes a", "modes b", "modes c", "modes made alone"]);
  });

  it("are not said to be pushed where origin does not answer", async () => {
    first.git("remote", "set-url", "origin", join(origin, "nowhere"));
    await assert.rejects(addRecord(first.folder, { kind: "modes", content: "a" }), GitFailed);
  });

  it("that were altered are refused", async () => {
    const digest = await addRecord(first.folder, { kind: "modes", content: "a" });
    tamper((folder) => execFileSync("sh", ["-c", `echo b >modes/${digest}.json`], { cwd: folder }));
    await assert.rejects(readRecords(first.folder), RecordsAltered);
  });

  it("that were removed are missed, also where they came back since", async () => {
    const digest = await addRecord(first.folder, { kind: "modes", content: "a" });
    await addRecord(first.folder, { kind: "modes", content: "b" });
    tamper((folder) => execFileSync("rm", [`modes/${digest}.json`], { cwd: folder }));
    await assert.rejects(readRecords(first.folder), /changed or removed `modes\//);
    tamper((folder) => execFileSync("sh", ["-c", `printf a >modes/${digest}.json`], { cwd: folder }));
    assert.match(first.git("ls-tree", "--name-only", "-r", "records"), new RegExp(digest));
    await assert.rejects(readRecords(first.folder), RecordsAltered);
  });

  /** A merge of the tip with the one before it, which holds the tree of that one: it drops the last record. */
  const dropLast = () => {
    const git = (...args: string[]) => first.git(...args);
    const [older, newer] = [git("rev-parse", "records^"), git("rev-parse", "records")];
    return git("commit-tree", `${older}^{tree}`, "-p", older, "-p", newer, "-m", "Bring the records of two clones together");
  };

  it("that a merge leaves out are missed, where this clone alone has it, and where origin took it", async () => {
    await addRecord(first.folder, { kind: "releases", content: "a" });
    await addRecord(first.folder, { kind: "revocations", content: "b" });
    await fetchRecords(second.folder);
    const whole = first.git("rev-parse", "records");
    const merge = dropLast();
    first.git("update-ref", "refs/heads/records", merge);
    await assert.rejects(readRecords(first.folder), /changed or removed `revocations\//);
    await fetchRecords(first.folder);
    assert.equal(first.git("rev-parse", "records"), whole);
    first.git("push", "--quiet", "origin", `${merge}:refs/heads/records`);
    await assert.rejects(fetchRecords(second.folder), /changed or removed `revocations\//);
    assert.deepEqual(await contents(second), ["releases a", "revocations b"]);
  });

  it("that a merge leaves out keep the next one from being added, where only origin has that merge", async () => {
    await addRecord(first.folder, { kind: "releases", content: "a" });
    await addRecord(first.folder, { kind: "revocations", content: "b" });
    await fetchRecords(second.folder);
    const merge = dropLast();
    first.git("push", "--quiet", "origin", `${merge}:refs/heads/records`);
    await assert.rejects(addRecord(second.folder, { kind: "modes", content: "c" }), (error: Error) => {
      assert.ok(error instanceof RecordsAltered, String(error));
      assert.match(error.message, /changed or removed `revocations\//);
      return true;
    });
    assert.equal(first.git("ls-remote", "origin", "records").split("\t")[0], merge);
  });

  it("that are no records are refused", async () => {
    await addRecord(first.folder, { kind: "modes", content: "a" });
    tamper((folder) => execFileSync("sh", ["-c", "echo x >modes/note.txt"], { cwd: folder }));
    await assert.rejects(readRecords(first.folder), /`modes\/note.txt`, which is no record/);
  });
});
