import assert from "node:assert/strict";
import { ago, secondsOf } from "../../deck/time.ts";

describe("secondsOf", () => {
  for (const [text, seconds] of [
    ["90s", 90],
    ["2m", 120],
    ["1h30m", 5400],
    ["1d", 86_400],
    ["0s", 0],
    ["5", undefined],
    ["", undefined],
    ["5x", undefined],
    ["-5m", undefined],
    ["5m ago", undefined],
  ] as const) {
    it(`reads ${JSON.stringify(text)} as ${seconds ?? "nothing"}`, () => assert.equal(secondsOf(text), seconds));
  }
});

describe("ago", () => {
  const now = new Date("2026-11-22T10:00:00Z");
  for (const [moment, words] of [
    ["2026-11-22T09:59:01.123456789Z", "58 s"],
    ["2026-11-22T09:59:00Z", "1 m"],
    ["2026-11-22T07:00:01Z", "2 h"],
    ["2026-11-19T10:00:00Z", "3 d"],
    ["2026-11-22T10:00:05Z", "0 s"],
    ["never", "an unknown time"],
  ] as const) {
    it(`says ${words} of ${moment}`, () => assert.equal(ago(moment, now), words));
  }
});
