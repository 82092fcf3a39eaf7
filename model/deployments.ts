/** What a stack's record says of what was deployed behind an open gate: what could come back, and what comes first. */

import type { Backup } from "./backup.ts";
import type { HistoryEntry } from "./history.ts";
import { shortTree } from "./rollback.ts";

/** One that ran behind an open gate. */
export interface Deployment {
  /** The release's tag; without one, the first digits of the tree. */
  readonly name: string;
  readonly tree: string;
  /** Digest of its manifest; undefined where nobody signed it. */
  readonly release: string | undefined;
  /** The commit that a signed one is of; of another, the commit that its work tree stood on. */
  readonly commit: string | undefined;
  /** When its gate was last open, and the number of the entry that says so. */
  readonly at: string;
  readonly entry: number;
  /** The number of the entry that said so first, and the commit that the work tree stood on then: what is kept may be made of another. */
  readonly first: number;
  readonly base: string | undefined;
  /** True where it was left by a rollback and not brought up since. */
  readonly abandoned: boolean;
}

export interface Deployments {
  /** Newest first: what ran, each once; those that were left by a rollback after all others. */
  readonly all: readonly Deployment[];
  /** The tree of the last update that began; undefined where there is none, or nobody looked at its tree. */
  readonly current: string | undefined;
  /** How that one ended; `killed` is also what was interrupted, or failed, before its gate reached a verdict. */
  readonly ended: "killed" | "killed rollback" | "open" | "blocked" | "blocked rollback";
}

type Line = readonly Deployment[];

const ends: ReadonlySet<string> = new Set(["ended", "released", "rolled-back"]);

/** Whether it is how an update ended, whatever it was called. */
export const isEnd = ({ event }: Pick<HistoryEntry, "event">): boolean => ends.has(event);

const without = (line: Line, { tree }: Deployment) => line.filter((each) => each.tree !== tree);

/**
 * Reads the record as a line that an update makes longer, and a rollback shorter: so that going back twice goes back further,
 * and never again to what was left.
 */
export function deploymentsIn(entries: readonly HistoryEntry[]): Deployments {
  let line: Line = [];
  let left: Line = [];
  let current: string | undefined;
  let isRollback = false;
  let isBlocked = false;
  let ended: Deployments["ended"] = "killed";
  for (const { event, verdict, tree, release, commit, at, number, rollback } of entries) {
    if (event === "began") isBlocked = false;
    if (event === "judged" && verdict === "blocked") isBlocked = true;
    if (event === "began")
      [current, isRollback, ended] = [tree, rollback === true, rollback === true ? "killed rollback" : "killed"];
    // What ended without a verdict says no more of it than what was killed.
    if (ends.has(event) && verdict === "open") ended = "open";
    else if (ends.has(event) && isBlocked) ended = isRollback ? "blocked rollback" : "blocked";
    if (verdict !== "open" || tree === undefined) continue;
    // It becomes part of what is printed, and of commands to type.
    const name = /^[\w.+-]+$/.test(release?.id ?? "") ? (release?.id ?? "") : shortTree(tree);
    const { first, base } = [...line, ...left].find((each) => each.tree === tree) ?? { first: number, base: commit };
    const own = { name, tree, release: release?.digest, commit, at, entry: number, first, base, abandoned: false };
    const index = event === "rolled-back" ? line.findIndex((each) => each.tree === tree) : -1;
    if (index >= 0) {
      left = [...without(left, own), ...line.slice(index + 1).map((each) => ({ ...each, abandoned: true }))];
      line = [...line.slice(0, index), own];
    } else if (ends.has(event)) {
      // Also one that was left and is brought back after all: what runs then comes before it.
      line = [...without(line, own), own];
      left = without(left, own);
    }
  }
  return { all: [...line.toReversed(), ...left.toReversed()], current, ended };
}

/**
 * What ran before what is there now, whether that ever ran well or not; undefined where nothing did. One that was being brought
 * back, or up again, and was killed, is still the one; where an older tree was brought up and blocked, the newest is.
 */
export function beforeCurrent({ all, current, ended }: Deployments): Deployment | undefined {
  // Also one that had been left before.
  if (ended === "killed rollback") return all.find(({ tree }) => tree === current);
  const line = all.filter(({ abandoned }) => !abandoned);
  const index = line.findIndex(({ tree }) => tree === current);
  if (index < 0) return line[0];
  if (ended === "killed") return line[index];
  return ended === "blocked" && index > 0 ? line[0] : line[index + 1];
}

const shortest = 4;

/** Those that a word names: a tag, or the beginning of a tree or of a manifest's digest. */
export function deploymentsNamed({ all }: Deployments, word: string): readonly Deployment[] {
  const named = all.filter(({ name }) => name === word);
  if (named.length > 0 || word.length < shortest) return named;
  return all.filter(({ tree, release }) => tree.startsWith(word) || release?.startsWith(word) === true);
}

/** The state as the next update after one found it: the first backup that an update made since. */
export function backupAfter(entries: readonly HistoryEntry[], { entry }: Deployment): Backup | undefined {
  let isUpdating = false;
  for (const { event, backup } of entries.filter(({ number }) => number > entry)) {
    if (event === "began") isUpdating = true;
    if (ends.has(event)) isUpdating = false;
    // What somebody made by hand is of another moment.
    if (isUpdating && event === "backup" && backup !== undefined) return backup;
  }
  return undefined;
}

/** How many trees are kept ready besides the one that runs, by the line's own order. */
export function treesToKeep({ all, current }: Deployments, keep: number): ReadonlySet<string> {
  const older = all.filter(({ tree }) => tree !== current).slice(0, keep);
  return new Set([...(current === undefined ? [] : [current]), ...older.map(({ tree }) => tree)]);
}
