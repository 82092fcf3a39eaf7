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
  const aged = (ageMs: number, image = "one") => ({ name: nameOf(ageMs), image, at: new Date(now.getTime() - ageMs) });

  it("keeps the newest by count, lets go what is too old, and never the newest one", () => {
    const all = [aged(0), aged(day), aged(2 * day), aged(40 * day)];
    assert.deepEqual(expiredBackups(all, { keep: 2, days: 365 }, now), [nameOf(2 * day), nameOf(40 * day)]);
    assert.deepEqual(expiredBackups(all, { keep: 9, days: 30 }, now), [nameOf(40 * day)]);
    assert.deepEqual(expiredBackups([aged(400 * day)], { keep: 1, days: 1 }, now), []);
  });

  it("goes by the record's order, so that what a fast clock made is not the newest for ever", () => {
    const all = [aged(0), aged(-365 * day), aged(day)];
    assert.deepEqual(expiredBackups(all, { keep: 1, days: 30 }, now), [nameOf(-365 * day), nameOf(day)]);
  });

  it("keeps the newest that an image read, however many a later one made, until it is too old", () => {
    const all = [aged(0, "new"), aged(1, "new"), aged(2, "new"), aged(day, "old"), aged(2 * day, "old")];
    assert.deepEqual(expiredBackups(all, { keep: 1, days: 30 }, now), [nameOf(1), nameOf(2), nameOf(2 * day)]);
    assert.ok(expiredBackups([aged(0, "new"), aged(31 * day, "old")], { keep: 9, days: 30 }, now).length === 1);
  });

  it("lets go only what was given, never the newest, and leaves `keep` and one of each image at most", () => {
    const one = fc.record({ age: fc.integer({ min: 0, max: 100 * day }), image: fc.constantFrom("a", "b", "c") });
    const policy = fc.record({ keep: fc.integer({ min: 1, max: 25 }), days: fc.integer({ min: 1, max: 90 }) });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 20 }), policy, (given, retention) => {
        const all = given.map(({ age, image }, index) => ({
          ...aged(age, image),
          name: nameOf(age, index.toString(16).padStart(8, "0")),
        }));
        const gone = new Set(expiredBackups(all, retention, now));
        const kept = all.filter(({ name }) => !gone.has(name));
        assert.equal(kept[0], all[0]);
        assert.equal(kept.length + gone.size, all.length);
        assert.ok(kept.length <= retention.keep + 3);
      }),
    );
  });
});
