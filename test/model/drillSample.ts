/** The evidence of a drill that held, for tests to spoil. */

import { type Drill, drillSteps } from "../../model/drill.ts";

export const now = new Date("2026-03-10T12:00:00.000Z");

const part = (count: number, digit: string) => ({ count, digest: digit.repeat(64) });
const before = { sessions: part(2, "a"), paired: part(1, "b"), device: part(1, "c"), place: 7 };

export const data: NonNullable<Drill["data"]> = {
  before,
  candidate: { ...before, paired: part(2, "d"), place: 9 },
  after: before,
};

export function drillOf(changes: Partial<Drill> = {}): Drill {
  const release = { commit: "1".repeat(40), tree: "2".repeat(40) };
  return {
    schema: "phillbot/drill/v1",
    stack: "prod",
    startedAt: "2026-03-09T12:00:00.000Z",
    finishedAt: "2026-03-09T12:04:00.000Z",
    outcome: "held",
    running: { name: "1.0.0", ...release, standsIn: null },
    candidate: { name: "HEAD", ...release },
    steps: drillSteps.map((id) => ({
      id,
      status: "held",
      startedAt: "2026-03-09T12:00:00.000Z",
      durationMs: 1000,
      summary: `${id} held.`,
    })),
    data,
    toolVersion: "0.1.0",
    ...changes,
  };
}
