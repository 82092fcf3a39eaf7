/** Proves how a backup is called, and which are kept. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { backupName, expiredBackups, isBackupName } from "../../model/backup.ts";

const day = 86_400_000;
const now = new Date("2026-03-10T12:00:00Z");
const nameOf = (ageMs: number, random = "0a1b2c3d") => backupName(new Date(now.getTime() - ageMs), random);

describe("a backup's name", () => {
  it("says when it was made, to the second", () => {
    assert.equal(backupName(new Date("2026-03-10T12:34:56.789Z"), "0a1b2c3d"), "2026-03-10T12-34-56Z-0a1b2c3d.tar.gz");
  });

  it("is never a path, an option or a pattern", () => {
    for (const name of ["../x.tar.gz", "-rf", "*.tar.gz", "", ".partial-x", "2026-03-10T12-34-56Z-0a1b2c3d.tar.gz\n"])
      assert.equal(isBackupName(name), false, name);
    assert.throws(() => backupName(now, "../../.."), /eight hex digits/);
  });
});

describe("the retention of backups", () => {
  it("keeps the newest by count, lets go what is too old, and never the newest one", () => {
    const names = [nameOf(0), nameOf(day), nameOf(2 * day), nameOf(40 * day)];
    assert.deepEqual(expiredBackups(names, { keep: 2, days: 365 }, now), [nameOf(2 * day), nameOf(40 * day)]);
    assert.deepEqual(expiredBackups(names, { keep: 9, days: 30 }, now), [nameOf(40 * day)]);
    assert.deepEqual(expiredBackups([nameOf(400 * day)], { keep: 1, days: 1 }, now), []);
  });

  it("is of no order, lets only go what was given, and leaves at most `keep`, of which one at least", () => {
    const ages = fc.uniqueArray(fc.integer({ min: 0, max: 100 * day }), { minLength: 1, maxLength: 20 });
    const policy = fc.record({ keep: fc.integer({ min: 1, max: 25 }), days: fc.integer({ min: 1, max: 90 }) });
    fc.assert(
      fc.property(ages, policy, (millis, retention) => {
        const names = millis.map((age, index) => nameOf(age, index.toString(16).padStart(8, "0")));
        const gone = new Set(expiredBackups(names, retention, now));
        assert.deepEqual(new Set(expiredBackups(names.toReversed(), retention, now)), gone);
        const kept = names.filter((name) => !gone.has(name));
        assert.ok(kept.length >= 1 && kept.length <= retention.keep);
        // Nothing goes while something older stays.
        const oldestKept = kept.toSorted()[0] ?? "";
        const newestGone = [...gone].toSorted().at(-1) ?? "";
        assert.ok(newestGone.slice(0, 20) <= oldestKept.slice(0, 20), `${newestGone} went, ${oldestKept} stays`);
      }),
    );
  });
});
