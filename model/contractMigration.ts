/** When a migration may take something away: it says so in its head, and no release that still needs it can come back. */

/** What the head of a contract migration says. */
export interface Contract {
  readonly why: string;
  /** The id of the last release that needs what goes. */
  readonly lastNeededBy: string;
}

/** One that ran on a stack. */
interface RanOnce {
  readonly name: string;
  /** The number of the entry by which it first ran. */
  readonly first: number;
}

/** Who may come back and may need what goes, by their names; or why that cannot be told, and what to type. */
export type Needing = readonly string[] | Doubt;

export interface Doubt {
  /** Without a capital and a full stop. */
  readonly doubt: string;
  readonly remedy?: string;
}

const head = /^-- contract: *(\S.*)$/m;
const needed = /^-- last needed by: *(\S+) *$/m;

/**
 * The contract that a migration's file declares in the comment that it opens with, undefined where it declares none, or
 * a sentence on what is wrong with it.
 */
export function contractOf(sql: string): Contract | string | undefined {
  // Before it, an editor's mark would hide a head.
  if (sql.startsWith("\ufeff")) return "It begins with a byte order mark, behind which no head is read.";
  const opening = /^(?:[ \t]*--[^\n]*\n|[ \t]*\n)*/.exec(`${sql}\n`)?.[0] ?? "";
  const [, why] = head.exec(opening) ?? [];
  const [, lastNeededBy] = needed.exec(opening) ?? [];
  if (why === undefined && lastNeededBy === undefined) return undefined;
  if (why === undefined) return "Its head names a release, and no `-- contract: <why>`.";
  if (lastNeededBy === undefined) return "Its head says `-- contract:`, and not `-- last needed by: <release>`.";
  if ([...opening.matchAll(new RegExp(needed, "gm"))].length > 1) return "Its head says `-- last needed by:` more than once.";
  return { why: why.trim(), lastNeededBy };
}

/**
 * Those that ran no later than the last that needs what goes, the oldest first; undefined where none is called so. By when each
 * ran first: one that came back is no newer for it.
 */
export function upToLast<T extends RanOnce>(all: readonly T[], lastNeededBy: string): readonly T[] | undefined {
  const line = all.toSorted((one, other) => one.first - other.first);
  const last = line.findLastIndex(({ name }) => name === lastNeededBy);
  return last < 0 ? undefined : line.slice(0, last + 1);
}

/** Why a contract migration may not be applied yet, as a sentence; undefined where it may. */
export function refuseContract(needing: Needing): string | undefined {
  if ("doubt" in needing) return needing.doubt;
  if (needing.length === 0) return undefined;
  return `${needing.join(", ")} may still come back, which ${needing.length === 1 ? "needs" : "need"} it`;
}
