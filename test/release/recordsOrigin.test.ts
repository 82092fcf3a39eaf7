/** Proves that records come from origin and reach it, whatever git's settings say, and that what does not hold there stays there. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addRecord, digestOf, fetchRecords, RecordsAltered, RecordsNotWritten, readRecords } from "../../release/records.ts";
import { Repository } from "./gitFixture.ts";

describe("records and origin", () => {
  let origin: string;
  let fork: string;
  let first: Repository;
  let second: Repository;
  beforeEach(async () => {
    [origin, fork] = [mkdtempSync(join(tmpdir(), "phillbot-origin-")), mkdtempSync(join(tmpdir(), "phillbot-fork-"))];
    first = new Repository();
    first.commit({ "a.txt": "a" });
    for (const bare of [origin, fork]) execFileSync("git", ["clone", "--quiet", "--bare", first.folder, bare]);
    first.git("remote", "add", "origin", origin);
    second = first.clone();
    second.git("remote", "set-url", "origin", origin);
    await addRecord(first.folder, { kind: "releases", content: "a" });
    await fetchRecords(second.folder);
  });
  afterEach(() => {
    for (const each of [first, second]) each[Symbol.dispose]();
    for (const bare of [origin, fork]) rmSync(bare, { recursive: true });
  });
  const contents = async ({ folder }: Repository) => (await readRecords(folder)).map(({ content }) => content);
  const tipOf = (bare: string) => first.git("ls-remote", bare, "refs/heads/records").split("\t")[0];
  const own = (repository: Repository) => repository.git("rev-parse", "records");
  /** What somebody pushes by hand, and this clone takes over where `everywhere`, as a version would that judged it later. */
  const vandalise = (change: (git: (...args: string[]) => void) => void, everywhere: readonly Repository[] = []) => {
    first.git("checkout", "--quiet", "records");
    const good = own(first);
    change((...args) => first.git(...args));
    first.git("commit", "--quiet", "--message", "Oops");
    first.git("push", "--quiet", "origin", "records");
    first.git("checkout", "--quiet", "main");
    const bad = own(first);
    for (const each of everywhere) {
      if (each !== first) each.git("fetch", "--quiet", "origin", "records");
      each.git("update-ref", "refs/heads/records", bad);
    }
    if (!everywhere.includes(first)) first.git("update-ref", "refs/heads/records", good);
    return { good, bad };
  };
  const addNote = (git: (...args: string[]) => void) => {
    first.write({ "note.txt": "hello" });
    git("add", "note.txt");
  };
  const removeOne = (git: (...args: string[]) => void) => git("rm", "--quiet", "-r", "releases");

  for (const [what, vandal, found] of [
    ["a file that is no record", addNote, /`note\.txt`, which is no record/],
    ["a record removed", removeOne, /changed or removed `releases\//],
  ] as const) {
    it(`stay as they are here where origin has ${what}, and what puts that right can be pasted`, async () => {
      const { good, bad } = vandalise(vandal);
      const refused = await fetchRecords(second.folder).catch((error: unknown) => error);
      assert.ok(refused instanceof RecordsAltered, String(refused));
      assert.match(refused.message, found);
      assert.deepEqual([own(second), await contents(second)], [good, ["a"]]);
      await assert.rejects(addRecord(second.folder, { kind: "modes", content: "b" }), found);
      assert.equal(tipOf(origin), bad);
      execFileSync("sh", ["-c", refused.remedy], { cwd: second.folder, stdio: "pipe" });
      await addRecord(first.folder, { kind: "modes", content: "c" });
      await fetchRecords(second.folder);
      for (const each of [first, second]) assert.deepEqual(await contents(each), ["a", "c"]);
    });

    it(`follow origin again that is rid of ${what}, where this clone had taken it over`, async () => {
      const { good } = vandalise(vandal, [first, second]);
      for (const each of [first, second]) await assert.rejects(fetchRecords(each.folder), found);
      first.git("push", "--quiet", "--force", "origin", `${good}:refs/heads/records`);
      await fetchRecords(second.folder);
      assert.equal(own(second), good);
      // One that origin never got is not lost with what does not hold below it.
      first.git("remote", "rename", "origin", "away");
      const bad = own(first);
      first.git("update-ref", "refs/heads/records", good);
      await addRecord(first.folder, { kind: "modes", content: "made alone" });
      const alone = first.git("ls-tree", "records:modes").split(/\s/)[2] ?? "";
      const name = first.git("ls-tree", "--name-only", "-r", "records", "modes/");
      first.git("update-ref", "refs/heads/records", bad);
      first.git("checkout", "--quiet", "records");
      first.write({ [name]: first.git("cat-file", "blob", alone) });
      first.git("add", name);
      first.git("commit", "--quiet", "--message", "By hand");
      first.git("checkout", "--quiet", "main");
      first.git("remote", "rename", "away", "origin");
      assert.equal((await fetchRecords(first.folder))?.unshared, 1);
      assert.deepEqual(await contents(first), ["a", "made alone"]);
      await addRecord(first.folder, { kind: "modes", content: "b" });
      assert.deepEqual(first.git("ls-tree", "--name-only", "-r", tipOf(origin) ?? "").match(/note/), null);
      await fetchRecords(second.folder);
      assert.deepEqual(await contents(second), ["a", "made alone", "b"]);
    });
  }

  it("lose none where origin is put right that was vandalised, went on, and was the only one to have some", async () => {
    await addRecord(first.folder, { kind: "modes", content: "b" });
    const { bad } = vandalise(addNote);
    first.git("checkout", "--quiet", "--detach", bad);
    first.write({ [`revocations/${digestOf("c")}.json`]: "c" });
    first.git("add", "revocations");
    first.git("commit", "--quiet", "--message", "On top");
    first.git("push", "--quiet", "origin", "HEAD:refs/heads/records");
    first.git("checkout", "--quiet", "main");
    first.git("update-ref", "-d", "refs/heads/records");
    const refused = await fetchRecords(second.folder).catch((error: unknown) => error);
    assert.ok(refused instanceof RecordsAltered);
    execFileSync("sh", ["-c", refused.remedy], { cwd: second.folder, stdio: "pipe" });
    await fetchRecords(first.folder);
    assert.deepEqual((await contents(first)).toSorted(), ["a", "b", "c"]);
  });

  for (const [what, set] of [
    ["remote.origin.pushurl", () => second.git("config", "remote.origin.pushurl", fork)],
    ["push.recurseSubmodules", () => second.git("config", "push.recurseSubmodules", "only")],
    ["push.followTags", () => second.git("config", "push.followTags", "true")],
  ] as const)
    it(`reach origin whatever \`${what}\` says`, async () => {
      second.git("tag", "--annotate", "own", "--message", "Mine");
      set();
      await addRecord(second.folder, { kind: "revocations", content: "b" });
      assert.deepEqual([tipOf(origin), tipOf(fork)], [own(second), ""]);
      assert.equal(first.git("ls-remote", "--tags", origin), "");
    });

  for (const [what, keys] of [
    ["a rewriting rule for pushes", () => [`url.${fork}.pushInsteadOf`, origin]],
    ["a remote that is named as origin's address", () => [`remote.${origin}.pushurl`, fork]],
  ] as const)
    it(`are not said to be on origin where ${what} sends them elsewhere`, async () => {
      const [key = "", value = ""] = keys();
      second.git("config", key, value);
      const before = tipOf(origin);
      await assert.rejects(addRecord(second.folder, { kind: "revocations", content: "b" }), (error: unknown) => {
        assert.ok(error instanceof RecordsNotWritten, String(error));
        assert.match(error.message, /is kept on this clone's branch `records`, and is not on origin/);
        return true;
      });
      assert.deepEqual([tipOf(origin), tipOf(fork)], [before, ""]);
      second.git("config", "--unset", key);
      assert.equal((await fetchRecords(second.folder))?.unshared, 1);
      await addRecord(second.folder, { kind: "revocations", content: "c" });
      await fetchRecords(first.folder);
      assert.deepEqual(await contents(first), ["a", "b", "c"]);
    });

  it("are not said to be on origin where that takes a push and does not keep it", async () => {
    const hook = "#!/bin/sh\ngit update-ref refs/heads/records refs/heads/main\n";
    execFileSync("sh", ["-c", `printf '${hook}' >hooks/post-receive && chmod +x hooks/post-receive`], { cwd: origin });
    await assert.rejects(
      addRecord(second.folder, { kind: "revocations", content: "b" }),
      /changed or removed|no record|did not take/,
    );
  });

  it("are not looked for on a branch whose name ends as theirs does, nor pushed there", async () => {
    using other = new Repository();
    other.commit();
    using bare = other.clone("--bare");
    other.git("remote", "add", "origin", bare.folder);
    other.git("push", "--quiet", "origin", "HEAD:refs/heads/refs/heads/records");
    assert.deepEqual(await fetchRecords(other.folder), { unshared: 0 });
    assert.deepEqual(await readRecords(other.folder), []);
    await assert.rejects(addRecord(other.folder, { kind: "releases", content: "a" }), (error: unknown) => {
      assert.ok(error instanceof RecordsNotWritten && /refs\/heads\/refs\/heads\/records/.test(error.message), String(error));
      execFileSync("sh", ["-c", error.remedy], { cwd: other.folder, stdio: "pipe" });
      return true;
    });
    await addRecord(other.folder, { kind: "releases", content: "a" });
    assert.equal(other.git("ls-remote", bare.folder, "refs/heads/records").split("\t")[0], own(other));
  });

  it("are written and brought together by a git that knows nobody", async () => {
    const home = process.env.HOME;
    process.env.HOME = origin;
    try {
      for (const each of [first, second]) each.git("config", "user.useConfigOnly", "true");
      await addRecord(first.folder, { kind: "modes", content: "b" });
      second.git("remote", "rename", "origin", "away");
      await addRecord(second.folder, { kind: "modes", content: "c" });
      second.git("remote", "rename", "away", "origin");
      await fetchRecords(second.folder);
      assert.deepEqual(await contents(second), ["a", "b", "c"]);
    } finally {
      process.env.HOME = home;
    }
  });

  it("are told in the order of the branch, at no time before the one before them, nor at one that is yet to come", async () => {
    await addRecord(first.folder, { kind: "modes", content: "b" });
    await addRecord(first.folder, { kind: "modes", content: "c" });
    const [last, middle] = [own(first), first.git("rev-parse", "records^")];
    const made = (of: string, parent: string, at: string) =>
      execFileSync("git", ["commit-tree", `${of}^{tree}`, "-p", parent, "-m", "x"], {
        cwd: first.folder,
        encoding: "utf8",
        env: {
          ...process.env,
          ...{ GIT_AUTHOR_NAME: "E", GIT_AUTHOR_EMAIL: "e@x", GIT_COMMITTER_NAME: "E", GIT_COMMITTER_EMAIL: "e@x" },
          GIT_COMMITTER_DATE: at,
        },
      }).trim();
    const early = made(middle, `${middle}^`, "2020-01-01T00:00:00Z");
    first.git("update-ref", "refs/heads/records", made(last, early, "2099-01-01T00:00:00Z"));
    const [a, b, c] = await readRecords(first.folder);
    assert.deepEqual([a?.content, b?.content, c?.content], ["a", "b", "c"]);
    assert.deepEqual([b?.at, c?.at], [a?.at, a?.at]);
  });
});
