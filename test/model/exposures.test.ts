import assert from "node:assert/strict";
import fc from "fast-check";
import { type ExposureFinding, judgeExposures, type RecordedExposure } from "../../model/exposures.ts";

const today = "2026-06-15";
const fingerprint = fc.constantFrom("a", "b", "c").map((letter) => letter.repeat(32));
const finding: fc.Arbitrary<ExposureFinding> = fc.record({
  place: fc.constantFrom("tree", "history", "configuration", "logs", "evidence"),
  kind: fc.constant("telegram-bot-token"),
  title: fc.constant("a Telegram bot token"),
  location: fc.constant("a.txt:1"),
  fingerprint,
  inUse: fc.boolean(),
});
const base = { kind: fc.constant("k"), where: fc.constant("w"), found: fc.constant("2026-06-01"), fingerprint };
const rotated = fc.record({
  ...base,
  state: fc.constant("rotated" as const),
  rotated: fc.constantFrom(today, "2026-06-16"),
  owner: fc.constant("ada"),
});
const unresolved = fc.record({ ...base, state: fc.constant("unresolved" as const) });
const records: fc.Arbitrary<RecordedExposure[]> = fc.uniqueArray(fc.oneof(rotated, unresolved), {
  selector: (each) => each.fingerprint,
});
const inUse = fc.array(fingerprint, { maxLength: 1 }).map((list) => new Map(list.map((each) => ["TELEGRAM_BOT_TOKEN", each])));

describe("judgeExposures", () => {
  it("lets a finding stand unless it is in history and rotated by today, with another value in use", () => {
    fc.assert(
      fc.property(finding, records, inUse, (each, recorded, used) => {
        const { blocking, closed } = judgeExposures({ findings: [each], recorded, inUse: used, today });
        const record = recorded.find((candidate) => candidate.fingerprint === each.fingerprint);
        const settled = record?.state === "rotated" && record.rotated <= today && ![...used.values()].includes(each.fingerprint);
        const closes = each.place === "history" && settled;
        assert.deepEqual(closed, closes ? [each.fingerprint] : []);
        assert.equal(
          blocking.some(({ location }) => location === each.location),
          !closes,
        );
      }),
    );
  });

  it("blocks every record that is unresolved, lies ahead or is of a value in use, and lets no waiver open it", () => {
    fc.assert(
      fc.property(records, inUse, (recorded, used) => {
        const { blocking } = judgeExposures({ findings: [], recorded, inUse: used, today });
        const wrong = recorded.filter(
          (each) => each.state === "unresolved" || each.rotated > today || [...used.values()].includes(each.fingerprint),
        );
        assert.deepEqual(
          blocking.map(({ id }) => id),
          wrong.map((each) => each.fingerprint),
        );
        assert.ok(blocking.every(({ waivable }) => !waivable));
      }),
    );
  });

  it("lets a waiver open only a finding that is neither in use nor on record", () => {
    fc.assert(
      fc.property(finding, records, (each, recorded) => {
        const { blocking } = judgeExposures({ findings: [each], recorded, inUse: new Map(), today });
        const item = blocking.find(({ location }) => location === each.location);
        const known = recorded.some((record) => record.fingerprint === each.fingerprint);
        if (item !== undefined) assert.equal(item.waivable, !each.inUse && !known);
      }),
    );
  });
});
