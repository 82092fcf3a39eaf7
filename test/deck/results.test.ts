import assert from "node:assert/strict";
import { codeOf, resultLines } from "../../deck/results.ts";
import { checkStatuses } from "../../model/check.ts";

describe("codeOf", () => {
  it("is 1 where anything failed, whatever else could not tell; 0 only where all of at least one passed; else 3", () => {
    for (const one of checkStatuses) {
      for (const other of checkStatuses) {
        const pair = [one, other];
        const expected = pair.includes("fail") ? 1 : pair.every((status) => status === "pass") ? 0 : 3;
        assert.equal(codeOf(pair.map((status) => ({ status }))), expected, pair.join());
      }
    }
    assert.equal(codeOf([]), 3);
  });
});

describe("resultLines", () => {
  const result = { id: "memory", summary: "It works.", measured: {}, startedAt: "", durationMs: 1240, remedy: "npx deck up" };

  it("shows status, check, time and sentence, and the way back only where it is needed", () => {
    assert.match(resultLines({ ...result, status: "pass" }), /✓ pass.* {2}memory \(1\.2 s\): It works\.$/);
    assert.match(resultLines({ ...result, status: "fail" }), /✗ fail.* {2}memory \(1\.2 s\): It works\.\n {4}npx deck up$/);
  });
});
