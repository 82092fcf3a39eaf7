/** One run of the gate as data: the value that every format of the evidence projects. */

import { z } from "zod";
import { type CheckResult, checkStatuses } from "../../model/check.ts";
import { gatePolicySchema, type SignOffStanding, type Verdict, waiverSchema } from "../../model/gate.ts";
import { shownOnly } from "../../model/rollback.ts";

const moment = z.iso.datetime().describe("ISO 8601, UTC");

const checkItemSchema = z.strictObject({
  id: z.string(),
  summary: z.string(),
  location: z.string().optional(),
  waivable: z.boolean(),
});

const checkResultSchema = z.strictObject({
  id: z.string(),
  status: z.enum(checkStatuses),
  summary: z.string(),
  measured: z.record(z.string(), z.unknown()),
  items: z.array(checkItemSchema).optional(),
  startedAt: moment,
  durationMs: z.number().min(0),
  remedy: z.string().optional(),
});

const verdictSchema = z.strictObject({
  outcome: z.enum(["open", "blocked"]),
  /** True where stand-ins were allowed: `open` then means that it would be, and nothing is released. */
  rehearsal: z.boolean(),
  standIns: z.array(z.string()),
  /** The older release that was brought back, where that is what was judged. */
  rollbackTo: z.string().exactOptional(),
  waived: z.array(waiverSchema),
  blockedBy: z.array(z.strictObject({ check: z.string(), reason: z.string(), remedy: z.string().optional() })),
  expired: z.array(waiverSchema),
  unused: z.array(waiverSchema),
  policyDigest: z.string().regex(/^[0-9a-f]{64}$/),
  effectiveAt: moment,
  toolVersion: z.string(),
});

const signOffSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("signed"), signer: z.string() }),
  z.strictObject({ kind: z.enum(["unsigned", "unknown"]), reasons: z.array(z.string()), remedy: z.string() }),
]);

/** The evidence of one run, `report.json`; `operations/schemas/evidence.schema.json` is generated from it. */
export const reportSchema = z.strictObject({
  schema: z.literal("phillbot/evidence/v1"),
  stack: z.string(),
  /** The machine that was looked at: `this machine` or `claw@phill`. */
  host: z.string(),
  /** The gateway's image as declared. */
  image: z.string(),
  trigger: z.enum(["up", "gate"]),
  startedAt: moment,
  durationMs: z.number().min(0),
  verdict: verdictSchema,
  /** Whether what was judged is signed for the stack: only then does an open gate release it. Older evidence does not say. */
  signOff: signOffSchema.optional(),
  /** The policy that it was judged by, whole. */
  policy: gatePolicySchema,
  checks: z.array(checkResultSchema),
  /** What each check proves when it passes, by id. */
  titles: z.record(z.string(), z.string()),
  /** The commit of the work tree, and whether it held more than was committed. */
  commit: z.strictObject({ sha: z.string(), dirty: z.boolean() }).optional(),
  /** Sha256 of the release's manifest, only where the work tree was that very commit, byte by byte, before the checks and after. */
  release: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  toolVersion: z.string(),
});

type Inferred = z.output<typeof reportSchema>;

export interface Report extends Omit<Inferred, "checks" | "verdict" | "signOff" | "commit" | "release" | "policy"> {
  readonly checks: readonly CheckResult[];
  readonly verdict: Verdict;
  readonly signOff?: SignOffStanding;
  readonly policy: z.output<typeof gatePolicySchema>;
  readonly commit?: { readonly sha: string; readonly dirty: boolean };
  readonly release?: string;
}

/** A check of the report as every format shows it: its result if there is one, what blocks it, and what was waived. */
export interface CheckRow {
  readonly id: string;
  readonly title: string;
  /** `waived` where it failed and every item is waived; `shown` where it does not block a rollback; `absent` where it did not run. */
  readonly standing: "pass" | "waived" | "shown" | "fail" | "inconclusive" | "error" | "absent";
  readonly result?: CheckResult;
  /** Why it blocks, if it does. */
  readonly reason?: string;
  readonly remedy?: string;
}

/** One row a check: first those that ran, in their order, then those that block without having run. */
export function rowsOf(report: Report): readonly CheckRow[] {
  const blockers = new Map(report.verdict.blockedBy.map((blocker) => [blocker.check, blocker]));
  const ran = new Set(report.checks.map(({ id }) => id));
  const titleOf = (id: string) => report.titles[id] ?? id;
  const rows = report.checks.map((result): CheckRow => {
    const blocker = blockers.get(result.id);
    const remedy = blocker?.remedy ?? result.remedy;
    return {
      id: result.id,
      title: titleOf(result.id),
      standing: standingOf(result, blocker !== undefined, report.verdict.rollbackTo !== undefined),
      result,
      ...(blocker !== undefined && { reason: blocker.reason }),
      ...(remedy !== undefined && { remedy }),
    };
  });
  const absent = report.verdict.blockedBy.filter(({ check }) => !ran.has(check));
  return [
    ...rows,
    ...absent.map(({ check, reason, remedy }): CheckRow => {
      return { id: check, title: titleOf(check), standing: "absent", reason, ...(remedy !== undefined && { remedy }) };
    }),
  ];
}

function standingOf({ id, status }: CheckResult, blocks: boolean, isRollback: boolean): CheckRow["standing"] {
  if (isRollback && status !== "pass" && shownOnly.has(id)) return "shown";
  if (status === "pass") return blocks ? "error" : "pass";
  if (status === "fail") return blocks ? "fail" : "waived";
  return status;
}

/** `0.4 s`, `12.3 s`, `2 min 5 s`. */
export function inSeconds(milliseconds: number): string {
  const tenths = Math.round(milliseconds / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const whole = Math.round(milliseconds / 1000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
