import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beginTests, readTestResult, refuseTests, type TestResult, testResultFile } from "../../release/testResult.ts";
import { Repository } from "./gitFixture.ts";

const now = new Date("2026-11-22T12:00:00.000Z");
const ended = { passed: 3, failed: 0, whole: true, now };

describe("the result of the tests", () => {
  let repository: Repository;
  let commit: string;
  beforeEach(() => {
    repository = new Repository();
    commit = repository.commit({ "a.ts": "a\n" });
  });
  afterEach(() => repository[Symbol.dispose]());
  const result = async () => (await readTestResult(repository.folder))?.result;

  it("is that of the commit that lay here all the time", async () => {
    await (await beginTests(repository.folder))(ended);
    const wanted = { schema: "phillbot/test-result/v1", commit, clean: true, whole: true, passed: 3, failed: 0 };
    assert.deepEqual(await result(), { ...wanted, finishedAt: now.toISOString() });
    assert.equal(repository.git("status", "--porcelain"), "");
  });

  it("is gone as soon as tests begin anew, until they end", async () => {
    await (await beginTests(repository.folder))(ended);
    const end = await beginTests(repository.folder);
    assert.equal(existsSync(join(repository.folder, testResultFile)), false);
    await end(ended);
    assert.ok(await result());
  });

  it("is of no clean tree where anything lay here besides, before, after, or where the commit changed", async () => {
    repository.write({ "b.ts": "b\n" });
    const before = await beginTests(repository.folder);
    repository.remove("b.ts");
    await before(ended);
    assert.equal((await result())?.clean, false);
    const after = await beginTests(repository.folder);
    repository.write({ "a.ts": "b\n" });
    await after(ended);
    assert.equal((await result())?.clean, false);
    repository.write({ "a.ts": "a\n" });
    const other = await beginTests(repository.folder);
    repository.commit({ "a.ts": "c\n" });
    await other(ended);
    assert.equal((await result())?.clean, false);
  });

  it("is none where there is no repository, and where it cannot be read", async () => {
    repository.write({ [testResultFile]: "{}" });
    assert.equal(await result(), undefined);
    repository.remove(".git");
    await (await beginTests(repository.folder))(ended);
    assert.equal(await result(), undefined);
  });

  const good: TestResult = {
    schema: "phillbot/test-result/v1",
    commit: "a".repeat(40),
    clean: true,
    whole: true,
    passed: 3,
    failed: 0,
    finishedAt: now.toISOString(),
  };
  const rules = { commit: good.commit, now, maximumAgeSeconds: 60, clockSkewSeconds: 30 };
  const later = (seconds: number) => ({ ...rules, now: new Date(now.getTime() + seconds * 1000) });

  it("counts where all passed on this very commit, to the last second", () => {
    assert.deepEqual(refuseTests(good, later(60)), []);
    assert.deepEqual(refuseTests(good, later(-30)), []);
  });

  for (const [result, faults, of] of [
    [{ ...good, commit: "b".repeat(40) }, ["They ran on bbbbbbbbbbbb, not on aaaaaaaaaaaa."], rules],
    [{ ...good, clean: false }, ["The work tree was not that commit, byte by byte, before them and after."], rules],
    [{ ...good, whole: false }, ["Parts of them were left out."], rules],
    [{ ...good, failed: 1 }, ["1 failed; 0 are allowed."], rules],
    [{ ...good, passed: 0 }, ["None passed."], rules],
    [good, ["They ended 61 s ago; 60 s are allowed."], later(61)],
    [good, ["They ended 31 s in the future; 30 s are allowed."], later(-31)],
  ] as const) {
    it(`does not count: ${faults[0]}`, () => assert.deepEqual(refuseTests(result, of), faults));
  }
});
