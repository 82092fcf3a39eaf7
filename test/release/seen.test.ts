import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Seen } from "../../release/seen.ts";

const [one, two, by] = ["a".repeat(64), "b".repeat(64), "c".repeat(64)];
const [first, later] = [new Date("2026-11-22T12:00:00.000Z"), new Date("2026-11-23T12:00:00.000Z")];

describe("what this machine has seen", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-seen-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const text = () => readFileSync(join(folder, "seen.jsonl"), "utf8");

  it("is nothing at first, and then what was entered, for the next program too", async () => {
    const seen = await Seen.in(folder);
    assert.deepEqual([seen.firstSeen(one), seen.held(one, by)], [undefined, false]);
    await seen.enter(one, first);
    await seen.keep(one, by);
    await seen.revoke(two);
    for (const each of [seen, await Seen.in(folder)]) {
      assert.deepEqual(each.firstSeen(one), first);
      assert.equal(each.held(one, by), true);
      assert.deepEqual([...each.revoked], [two]);
      assert.deepEqual([each.firstSeen(two), each.held(one, two), each.held(two, by)], [undefined, false, false]);
    }
    assert.equal(statSync(join(folder, "seen.jsonl")).mode & 0o777, 0o600);
  });

  it("keeps the first time, whoever says another one later", async () => {
    const seen = await Seen.in(folder);
    await seen.enter(one, first);
    await seen.enter(one, later);
    assert.equal(text().trim().split("\n").length, 1);
    appendFileSync(join(folder, "seen.jsonl"), `${JSON.stringify({ record: one, at: later.toISOString() })}\n`);
    assert.deepEqual((await Seen.in(folder)).firstSeen(one), first);
  });

  it("takes a line that was cut off, or is none, for never written, and loses no other for it", async () => {
    writeFileSync(join(folder, "seen.jsonl"), `nonsense\n{"record":"${one}","at":"yesterday"}\n{"record":"${one}","at":"2026`);
    const seen = await Seen.in(folder);
    assert.equal(seen.firstSeen(one), undefined);
    await seen.enter(two, first);
    await seen.keep(two, by);
    const again = await Seen.in(folder);
    assert.deepEqual([again.firstSeen(one), again.firstSeen(two), again.held(two, by)], [undefined, first, true]);
  });

  it("is not taken for nothing where it cannot be read", async () => {
    writeFileSync(join(folder, "file"), "");
    await assert.rejects(Seen.in(join(folder, "file")), /ENOTDIR/);
  });
});
