/** The result of one release check: the vocabulary that probes, verdicts and evidence share. */

/** Every status a check can have, best first. An unknown status ranks below them all (see `model/verdict.ts`). */
export const checkStatuses = ["pass", "fail", "inconclusive", "error"] as const;

/**
 * - `pass`: measured, and within what is allowed.
 * - `fail`: measured, and not within what is allowed.
 * - `inconclusive`: ran, but what it saw does not settle the question (too little history, target silent).
 * - `error`: could not measure (crash, deadline, unreachable).
 */
export type CheckStatus = (typeof checkStatuses)[number];

/** The checks that the code requires of every stack; `operations/gate.yaml` may add to them, never remove. */
export const requiredChecks = [
  "open-items",
  "telegram",
  "memory",
  "exposure",
  "documents",
  "runtime",
  "secrets",
  "context",
  "schema",
  "provider",
] as const;

export type RequiredCheck = (typeof requiredChecks)[number];

/** One thing that failed within a check, so that a waiver can name it and nothing else. */
export interface CheckItem {
  /** Stable name: the id of an open item, or the keyed fingerprint of an exposure. */
  readonly id: string;
  /** One sentence; never holds a secret. */
  readonly summary: string;
  /** Where it is, for example `Documentation/handoff.md:12`. */
  readonly location?: string;
  /** False for what no waiver may open, such as a P0. */
  readonly waivable: boolean;
}

/** What a check says of itself; data, safe to print and to keep as evidence. */
export interface CheckResult {
  readonly id: string;
  readonly status: CheckStatus;
  /** One sentence a person can act on, with the measured and the allowed value in it. No secret. */
  readonly summary: string;
  /** The numbers and names behind the sentence. JSON values only, no secret. */
  readonly measured: Readonly<Record<string, unknown>>;
  /** What failed, one by one, where the check judges several things. A `fail` without items cannot be waived. */
  readonly items?: readonly CheckItem[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** The command to type next. */
  readonly remedy?: string;
}

/** What a probe hands back; the runner in `checks/run.ts` adds id and times. */
export type Finding = Omit<CheckResult, "id" | "startedAt" | "durationMs"> & {
  /** Waiting cannot change it: a check that settles is not tried again. */
  readonly isFinal?: true;
};
