/** When a blocked update is taken back without anybody's word, and when no more. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { automaticInARow, failingWhatRuns } from "../../model/byItself.ts";
import { requiredChecks } from "../../model/check.ts";
import type { HistoryEntry } from "../../model/history.ts";

describe("What makes an update go back by itself", () => {
  it("is a check of what runs, and none of what lies in the tree, of a waiver, or of others' services", () => {
    const reasons = requiredChecks.filter((check) => failingWhatRuns({ blockedBy: [{ check }] }).length > 0);
    assert.deepEqual([...reasons].sort(), ["context", "memory", "runtime", "schema", "secrets", "telegram"]);
  });

  it("is each once, whatever else blocks", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...requiredChecks, "own-check")), (checks) => {
        const found = failingWhatRuns({ blockedBy: checks.map((check) => ({ check })) });
        assert.equal(new Set(found).size, found.length);
        assert.ok(found.every((check) => checks.some((each) => each === check)));
      }),
    );
  });
});

describe("How often it went back by itself", () => {
  const entries = (...events: readonly (readonly [event: string, verdict?: "open" | undefined, automatic?: true])[]) =>
    events.map(([event, verdict, automatic]) => ({ event, verdict, automatic })) as unknown as readonly HistoryEntry[];
  const back = ["rolled-back", "open", true] as const;
  const failed = ["ended", undefined, true] as const;

  it("is counted since an update's gate was last open, whether it ended well or not, and not by what somebody asked for", () => {
    assert.equal(automaticInARow([]), 0);
    assert.equal(automaticInARow(entries(["ended", "open"], back, failed, ["rolled-back", "open"], ["ended"])), 2);
    assert.equal(automaticInARow(entries(back, back, back, ["released", "open"], back)), 1);
  });
});
