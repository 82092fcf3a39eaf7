/** When a blocked update is taken back without anybody's word: only for what runs, and not for ever. */

import type { Blocker } from "./gate.ts";
import type { HistoryEntry } from "./history.ts";

/** Checks of what runs, which an older release may pass where this one does not. */
const ofWhatRuns: ReadonlySet<string> = new Set(["telegram", "memory", "runtime", "secrets", "context", "schema"]);

/** After so many in a row it is no accident. */
export const mostInARow = 3;

/** The checks of what runs that block; none of them can be waived, so that no date that has passed is among them. */
export function failingWhatRuns({ blockedBy }: { readonly blockedBy: readonly Pick<Blocker, "check">[] }): readonly string[] {
  return [...new Set(blockedBy.map(({ check }) => check))].filter((check) => ofWhatRuns.has(check));
}

/** How many rollbacks nobody asked for there were since an update's gate was last open. */
export function automaticInARow(entries: readonly HistoryEntry[]): number {
  const isGood = ({ event, verdict }: HistoryEntry) => verdict === "open" && (event === "released" || event === "ended");
  return entries.slice(entries.findLastIndex(isGood) + 1).filter(({ automatic }) => automatic === true).length;
}
