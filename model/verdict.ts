/** The verdict: from the results of all checks and the policy to open or blocked. Nothing here can default to open. */

import { type CheckItem, type CheckResult, checkStatuses } from "./check.ts";
import type { Blocker, GatePolicy, Verdict, Waiver } from "./gate.ts";
import { shownOnly } from "./rollback.ts";

export interface Case {
  readonly results: readonly CheckResult[];
  readonly policy: GatePolicy;
  /** Sha256 (hex) of the canonical policy. */
  readonly policyDigest: string;
  /** The id of every check that must have exactly one result. */
  readonly required: readonly string[];
  readonly now: Date;
  readonly toolVersion: string;
  /** Whether all of it is a rehearsal, and what is played in it. */
  readonly rehearsed: Pick<Verdict, "rehearsal" | "standIns">;
  /** The name of the older release that comes back: what says something of its tree alone is then shown, and does not block. */
  readonly rollbackTo?: string | undefined;
}

const known: ReadonlySet<string> = new Set(checkStatuses);

/** Judges by what is there and by what is not: only a pass, or a waiver in force for each failed item, opens. */
export function judge({ results: all, policy, policyDigest, required: asked, now, toolVersion, ...rest }: Case): Verdict {
  const { rehearsed, rollbackTo } = rest;
  const blocks = (id: string) => rollbackTo === undefined || !shownOnly.has(id);
  const [results, required] = [all.filter(({ id }) => blocks(id)), asked.filter(blocks)];
  const today = now.toISOString().slice(0, 10);
  const inForce = policy.waivers.filter(({ until }) => isDate(until) && until >= today);
  const expired = policy.waivers.filter((waiver) => !inForce.includes(waiver));
  const used = new Set<Waiver>();
  const nothingRequired =
    required.length === 0 ? [{ check: "gate", reason: "No check is required, so nothing was proven." }] : [];
  const blockedBy: Blocker[] = [
    ...nothingRequired,
    ...unexpected(results, required),
    ...required.flatMap((id) => blockersOf(id, results, { now, policy, inForce, expired, used })),
  ];
  const concerned = (waiver: Waiver) => required.includes(waiver.check);
  return {
    outcome: blockedBy.length === 0 ? "open" : "blocked",
    rehearsal: rehearsed.rehearsal,
    standIns: rehearsed.standIns,
    ...(rollbackTo === undefined ? {} : { rollbackTo }),
    waived: [...used],
    blockedBy,
    expired: expired.filter(concerned),
    unused: inForce.filter((waiver) => concerned(waiver) && !used.has(waiver)),
    policyDigest,
    effectiveAt: now.toISOString(),
    toolVersion,
  };
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** A result that nobody asked for is not evidence of anything; it shows that the wrong checks ran. */
function unexpected(results: readonly CheckResult[], required: readonly string[]): Blocker[] {
  const strangers = new Set(results.map(({ id }) => id).filter((id) => !required.includes(id)));
  return [...strangers].map((check) => ({ check, reason: "It has a result, but no such check is required here." }));
}

interface Bench {
  readonly now: Date;
  readonly policy: GatePolicy;
  readonly inForce: readonly Waiver[];
  readonly expired: readonly Waiver[];
  /** Filled with the waivers that opened an item. */
  readonly used: Set<Waiver>;
}

function blockersOf(id: string, results: readonly CheckResult[], bench: Bench): Blocker[] {
  const own = results.filter((result) => result.id === id);
  const [result] = own;
  if (result === undefined) return [{ check: id, reason: "It did not run." }];
  const block = (reason: string): Blocker[] => [
    { check: id, reason, ...(result.remedy !== undefined && { remedy: result.remedy }) },
  ];
  if (own.length > 1) return block(`It has ${own.length} results; exactly 1 is wanted.`);
  const untimely = timeFault(result, bench);
  if (untimely !== undefined) return block(untimely);
  switch (result.status) {
    case "pass":
      return [];
    case "fail":
      return failed(result, bench, block);
    case "error":
      return block(`Could not measure: ${result.summary}`);
    case "inconclusive":
      return block(`Could not tell: ${result.summary}`);
    default:
      return block(
        `Its status \`${String(result.status satisfies never)}\` is not known; wanted is one of ${[...known].join(", ")}.`,
      );
  }
}

/** What these find depends on the day. */
const dated: ReadonlySet<string> = new Set(["open-items", "exposure"]);

/** Evidence must be of this time: neither stale nor from a clock that runs ahead. */
function timeFault({ id, startedAt, durationMs }: CheckResult, { now, policy }: Bench): string | undefined {
  const started = Date.parse(startedAt);
  if (Number.isNaN(started) || !Number.isFinite(durationMs) || durationMs < 0) return "It does not say when it ran.";
  const age = Math.round((now.getTime() - started) / 1000);
  const ahead = Math.round((started + durationMs - now.getTime()) / 1000);
  const { evidence, clockSkew } = policy.freshness;
  if (age > evidence) return `Its result is ${age} s old; at most ${evidence} s are allowed.`;
  if (ahead > clockSkew) return `Its result ends ${ahead} s in the future; at most ${clockSkew} s of clock skew are allowed.`;
  const [began, today] = [new Date(started), now].map((date) => date.toISOString().slice(0, 10));
  // A deferral that was good until yesterday would open today.
  if (dated.has(id) && began !== today) return `It began on ${began}, and what it judges has dates; today is ${today}.`;
  return undefined;
}

function failed(result: CheckResult, { inForce, expired, used }: Bench, block: (reason: string) => Blocker[]): Blocker[] {
  const items = result.items ?? [];
  if (items.length === 0) return block(result.summary);
  const waiverOf = (from: readonly Waiver[], item: CheckItem) =>
    from.find(({ check, item: id }) => check === result.id && id === item.id);
  const standing = items.filter((item) => {
    const waiver = item.waivable === true ? waiverOf(inForce, item) : undefined;
    if (waiver !== undefined) used.add(waiver);
    return waiver === undefined;
  });
  if (standing.length === 0) return [];
  const notes = standing.flatMap((item) => {
    const void_ = waiverOf(expired, item);
    if (void_ !== undefined) return [`The waiver of \`${item.id}\` ended on ${void_.until}.`];
    return item.waivable !== true && waiverOf(inForce, item) ? [`\`${item.id}\` cannot be waived.`] : [];
  });
  const waived =
    standing.length < items.length ? [`${items.length - standing.length} of its ${items.length} items are waived.`] : [];
  return block([result.summary, ...waived, ...notes].join(" "));
}

/**
 * The exit code of the house: 0 open; 1 a check failed; 3 blocked because something could not tell.
 * A failed check whose items are all waived did not fail.
 */
export function exitCode(verdict: Verdict, results: readonly CheckResult[]): 0 | 1 | 3 {
  if (verdict.outcome === "open") return 0;
  const blocked = new Set(verdict.blockedBy.map(({ check }) => check));
  return results.some(({ id, status }) => status === "fail" && blocked.has(id)) ? 1 : 3;
}
