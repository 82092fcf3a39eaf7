/** When a migration may take something away: it says so in its head, and no release that still needs it can come back. */

/** What the head of a contract migration says. */
export interface Contract {
  readonly why: string;
  /** The id of the last release that needs what goes. */
  readonly lastNeededBy: string;
}

/** A release on record. */
export interface ComingBack {
  readonly id: string;
  /** Whether it may be brought back. */
  readonly mayComeBack: boolean;
}

const head = /^-- contract: *(\S.*)$/m;
const needed = /^-- last needed by: *(\S+) *$/m;

/**
 * The contract that a migration's file declares in the comment that it opens with, undefined where it declares none, or
 * a sentence on what is wrong with it.
 */
export function contractOf(sql: string): Contract | string | undefined {
  const opening = /^(?:[ \t]*--[^\n]*\n|[ \t]*\n)*/.exec(`${sql}\n`)?.[0] ?? "";
  const [, why] = head.exec(opening) ?? [];
  const [, lastNeededBy] = needed.exec(opening) ?? [];
  if (why === undefined && lastNeededBy === undefined) return undefined;
  if (why === undefined) return "Its head names a release, and no `-- contract: <why>`.";
  if (lastNeededBy === undefined) return "Its head says `-- contract:`, and not `-- last needed by: <release>`.";
  return { why: why.trim(), lastNeededBy };
}

/**
 * Why a contract migration may not be applied yet, as a sentence; undefined where it may.
 * @param releases every release on record, the oldest first; undefined where nobody can say which ones may come back
 */
export function refuseContract({ lastNeededBy }: Contract, releases: readonly ComingBack[] | undefined): string | undefined {
  if (releases === undefined) return `which releases may come back cannot be told, ${lastNeededBy} perhaps among them`;
  const last = releases.findLastIndex(({ id }) => id === lastNeededBy);
  if (last < 0) return `no release on record is called ${lastNeededBy}`;
  const back = releases.slice(0, last + 1).filter(({ mayComeBack }) => mayComeBack);
  if (back.length === 0) return undefined;
  return `${back.map(({ id }) => id).join(", ")} may still come back, which ${back.length === 1 ? "needs" : "need"} it`;
}
