/** Runs checks: each bounded by its deadline, side by side, and whatever happens in a probe becomes a result. */

import { setTimeout as wait } from "node:timers/promises";
import { type CheckResult, checkStatuses, type Finding } from "../model/check.ts";
import type { GatePolicy } from "../model/gate.ts";
import { forStack } from "../model/operatorCommand.ts";
import type { Check, CheckContext } from "./check.ts";
import { type Redact, sanitize } from "./sanitize.ts";

export interface RunOptions {
  readonly policy: GatePolicy;
  /** Named in every command that a remedy tells to type. */
  readonly stack: string;
  readonly now: () => Date;
  /** Every text of a result and every live line passes through it. */
  readonly redact: Redact;
  readonly onProgress?: (id: string, line: string) => void;
  /** Called once a check, as soon as its result is final. */
  readonly onResult?: (result: CheckResult) => void;
  /** Ends all checks early, for example on SIGINT. */
  readonly signal?: AbortSignal;
}

/** How long after the deadline a probe that heeds its signal may still say what it saw. */
const graceMs = 500;
const firstPauseMs = 250;
const longestPauseMs = 1500;
const longestMessage = 500;

/** Milliseconds that this check may take under this policy. */
export function deadlineOf(check: Pick<Check, "id" | "deadlineMs">, policy: GatePolicy): number {
  const seconds = Object.hasOwn(policy.deadlines, check.id) ? policy.deadlines[check.id] : undefined;
  return seconds === undefined ? check.deadlineMs : seconds * 1000;
}

/** Runs one check without its confirmation; ends at its deadline even if the probe does not. */
export async function runCheck<T>(check: Check<T>, target: T, options: RunOptions): Promise<CheckResult> {
  const clock = startClock(options.now);
  const finding = await bounded(check, options, (context) => readings(check, target, context));
  return clock.stamp(check.id, finding);
}

/**
 * Runs all checks side by side; then, when every one has ended, the second readings of those that have one and passed.
 * @returns the results in the order of the checks.
 */
export async function runChecks<T>(checks: readonly Check<T>[], target: T, options: RunOptions): Promise<CheckResult[]> {
  const final = (result: CheckResult) => {
    options.onResult?.(result);
    return result;
  };
  const first = await Promise.all(
    checks.map(async (check) => {
      const clock = startClock(options.now);
      const result = await runCheck(check, target, options);
      const pending = check.confirm !== undefined && result.status === "pass";
      return { check, clock, result: pending ? result : final(result), pending };
    }),
  );
  return Promise.all(
    first.map(async ({ check, clock, result, pending }) => {
      const { confirm } = check;
      if (confirm === undefined || !pending) return result;
      const finding = await bounded(check, options, (context) => ({ settle: async () => confirm(target, context, result) }));
      return final(clock.stamp(check.id, finding));
    }),
  );
}

/** Start by the wall clock, duration by one that no adjustment of it can bend. */
function startClock(now: () => Date) {
  const startedAt = now().toISOString();
  const from = performance.now();
  const stamp = (id: string, finding: Finding): CheckResult => ({
    ...finding,
    id,
    startedAt,
    durationMs: Math.round(performance.now() - from),
  });
  return { stamp };
}

/** A probe under way: `settle` is its end, `last` the reading it would still have at the deadline. */
interface Work {
  settle(): Promise<Finding>;
  last?(): { readonly finding: Finding; readonly count: number } | undefined;
}

async function bounded<T>(check: Check<T>, options: RunOptions, start: (context: CheckContext) => Work): Promise<Finding> {
  const { policy, now, redact, stack } = options;
  const deadlineMs = deadlineOf(check, policy);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new DeadlinePassed()), deadlineMs);
  const signal = options.signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, options.signal]);
  let said: string | undefined;
  const progress = (line: string) => {
    // What waits for something to settle reads the same again and again.
    if (signal.aborted || line === said) return;
    said = line;
    options.onProgress?.(check.id, redact(line));
  };
  const work = start({ signal, now, policy, progress });
  try {
    const settled = work.settle().then(
      (finding) => usable(finding),
      (error: unknown) => (signal.aborted ? undefined : errored(error)),
    );
    const finding = await Promise.race([settled, ended(signal)]);
    if (finding !== undefined && !signal.aborted) return clean(finding, { redact, stack });
    if (options.signal?.aborted) return clean(stopped, { redact, stack });
    return clean(late(check.id, deadlineMs, { last: work.last?.(), finding }), { redact, stack });
  } finally {
    clearTimeout(timer);
  }
}

class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed";
}

/** Resolves, to nothing, a moment after the signal: a probe that ignores it cannot hold the gate. */
async function ended(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await wait(graceMs);
}

/** Reads once, or, where what runs settles slowly, until it passes. */
function readings<T>(check: Check<T>, target: T, context: CheckContext): Work {
  let last: { finding: Finding; count: number } | undefined;
  const settle = async () => {
    let pauseMs = firstPauseMs;
    for (let count = 1; ; count += 1) {
      const finding = await read(check, target, context);
      if (finding.status === "pass" || check.settles !== true || finding.isFinal === true) return finding;
      // Cut short by the deadline, a reading says less than the one before it.
      if (!context.signal.aborted || last === undefined) last = { finding, count };
      context.progress(`Not yet: ${finding.summary}`);
      await wait(pauseMs, undefined, { signal: context.signal });
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  };
  return { settle, last: () => last };
}

async function read<T>(check: Check<T>, target: T, context: CheckContext): Promise<Finding> {
  try {
    return usable(await check.probe(target, context));
  } catch (error) {
    // What fails because it was told to stop has not been measured.
    if (context.signal.aborted) throw error;
    return errored(error);
  }
}

/** What stands at the deadline: the last reading there was; a pass that came late is none. */
function late(
  id: string,
  deadlineMs: number,
  { last, finding }: { last: { finding: Finding; count: number } | undefined; finding: Finding | undefined },
): Finding {
  const seconds = deadlineMs / 1000;
  if (finding !== undefined && finding.status !== "pass") return finding;
  if (last !== undefined) {
    const times = last.count === 1 ? "1 reading" : `${last.count} readings`;
    return { ...last.finding, summary: `${last.finding.summary} Still so at the deadline of ${seconds} s, after ${times}.` };
  }
  return {
    status: "error",
    summary: `It had no answer by its deadline of ${seconds} s.`,
    measured: { deadlineSeconds: seconds },
    remedy: `npx deck gate # if it only needs longer: \`deadlines.${id}\` in operations/gate.yaml`,
  };
}

const stopped: Finding = {
  status: "error",
  summary: "It was stopped before it had an answer.",
  measured: {},
  remedy: "npx deck gate",
};

/** A probe's word counts only where it is one of the known ones and says something. */
function usable(finding: Finding): Finding {
  const known: readonly unknown[] = checkStatuses;
  const isSound = known.includes(finding?.status) && typeof finding.summary === "string" && finding.summary.trim() !== "";
  return isSound ? finding : errored(new TypeError("The probe gave no finding with a known status and a summary."));
}

/** Turns whatever a probe threw into a finding: its message, its cause, and the remedy that it carries. */
function errored(error: unknown): Finding {
  const remedy = error instanceof Error && "remedy" in error && typeof error.remedy === "string" ? error.remedy : undefined;
  return {
    status: "error",
    summary: messageOf(error),
    measured: { error: error instanceof Error ? error.name : typeof error },
    ...(remedy !== undefined && { remedy }),
  };
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  if (!(error instanceof Error))
    return typeof error === "string" && error !== "" ? error : "something that is no error was thrown";
  const message = error.message === "" ? error.name : error.message;
  return error.cause === undefined ? message : `${message} (${messageOf(error.cause)})`;
}

/** What a finding may say and nothing else; redacted before it is cut, so that no half of a secret is left behind. */
function clean(finding: Finding, { redact, stack }: Pick<RunOptions, "redact" | "stack">): Finding {
  const { status, measured, items, ...rest } = finding;
  const remedy = finding.remedy === undefined ? undefined : forStack(finding.remedy, stack);
  const summary = redact(rest.summary).replaceAll(/\s+/g, " ").trim();
  const cut = summary.length > longestMessage ? `${summary.slice(0, longestMessage)}…` : summary;
  return {
    ...(sanitize({ measured: measured ?? {}, items, remedy }, redact) as Pick<Finding, "measured">),
    status,
    summary: cut,
  };
}
