/** Proves that one set-up at a time works, and that a process that has ended locks nobody out. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isStale, type LockOptions, type LockOwner, withLock } from "../../toolchain/lock.ts";
import { processStart } from "../../toolchain/machine.ts";

const alive: LockOwner = { pid: 100, start: "7", project: "/elsewhere" };

describe("isStale", () => {
  for (const [situation, start, stale] of [
    ["its process runs", "7", false],
    ["its process has ended", undefined, true],
    ["its pid has passed to another process", "8", true],
  ] as const) {
    it(`is ${stale} when ${situation}`, () =>
      assert.equal(
        isStale(alive, () => start),
        stale,
      ));
  }

  it("is false for this process", () => {
    assert.equal(isStale({ pid: process.pid, start: processStart(process.pid), project: "" }), false);
  });
});

describe("withLock", () => {
  let folder = "";
  let options: LockOptions;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-lock-"));
    options = { file: join(folder, "lock"), project: folder, waitMs: 5_000 };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("holds the lock during the work, and leaves nothing behind, also after a failure", async () => {
    assert.equal(await withLock(options, async () => existsSync(options.file)), true);
    await assert.rejects(
      withLock(options, () => Promise.reject(new Error("work failed"))),
      /work failed/,
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  it("takes over the lock of a process that has ended", async () => {
    writeFileSync(options.file, JSON.stringify(alive));
    const startOf = (pid: number) => (pid === process.pid ? "1" : undefined);
    assert.equal(await withLock({ ...options, startOf }, async () => "worked"), "worked");
    assert.deepEqual(readdirSync(folder), []);
  });

  it("names the owner it waits for, and works once the owner is gone", async () => {
    writeFileSync(options.file, JSON.stringify(alive));
    const waitedFor: LockOwner[] = [];
    const startOf = () => (waitedFor.length === 0 ? "7" : undefined);
    await withLock({ ...options, startOf, onWait: (owner) => waitedFor.push(owner) }, async () => {});
    assert.deepEqual(waitedFor, [alive]);
  });

  it("gives up after its bound, naming the process and the file", async () => {
    writeFileSync(options.file, JSON.stringify(alive));
    const waiting = withLock({ ...options, waitMs: 0, startOf: () => "7" }, () => assert.fail("worked under another's lock"));
    await assert.rejects(waiting, new RegExp(`process 100 in /elsewhere, holds ${options.file}`));
    assert.ok(existsSync(options.file));
  });

  it("lets many callers work one after the other", async () => {
    let inside = 0;
    const work = async () => {
      inside += 1;
      assert.equal(inside, 1);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLock(options, work)));
  });
});
