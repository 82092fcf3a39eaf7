/** A rollback that was practised: what its evidence says, when it held, and whether it is young enough for a release to rest on. */

import { z } from "zod";
import type { Finding } from "./check.ts";
import { sha256 } from "./sha256.ts";

/** What a drill does, in this order; one that did not do all of it proves nothing. */
export const drillSteps = ["prepare", "running", "candidate", "break", "rollback", "compare"] as const;

export type DrillStepId = (typeof drillSteps)[number];

const statuses = ["held", "failed", "unknown"] as const;

/** `failed`: something did not hold; `unknown`: it could not be told, which is never taken for held. */
export type DrillStatus = (typeof statuses)[number];

/** How many there are, and their digest: nothing of what the bot was told. */
const part = z.strictObject({ count: z.int().min(0), digest: sha256 });

/** What of a gateway's state its users would miss. */
const dataSchema = z.strictObject({
  sessions: part,
  paired: part,
  device: part,
  /** How far the channel was read. */
  place: z.int().min(0),
});

export type DrillData = z.output<typeof dataSchema>;

const stepSchema = z.strictObject({
  id: z.enum(drillSteps),
  status: z.enum(statuses),
  startedAt: z.iso.datetime(),
  durationMs: z.int().min(0),
  /** What was done and seen, without a secret. */
  summary: z.string().min(1),
});

export type DrillStep = z.output<typeof stepSchema>;

const gitId = z.string().regex(/^[0-9a-f]{40,64}$/, "a git id");
const releaseSchema = z.strictObject({ name: z.string().min(1), commit: gitId, tree: gitId });

const shape = z.strictObject({
  schema: z.literal("phillbot/drill/v1"),
  /** The stack whose releases were practised with; nothing of it was touched. */
  stack: z.string().min(1),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  outcome: z.enum(statuses),
  /** What runs on the stack; where that could not be told, HEAD, and `standsIn` says why. Null where it did not get that far. */
  running: releaseSchema.extend({ standsIn: z.string().nullable() }).nullable(),
  candidate: releaseSchema.nullable(),
  steps: z.array(stepSchema),
  /** Just before the candidate came, with the candidate, and after the rollback. */
  data: z.strictObject({ before: dataSchema, candidate: dataSchema, after: dataSchema }).nullable(),
  toolVersion: z.string().min(1),
});

export type Drill = z.output<typeof shape>;

/** The evidence as it lies on disk: `seal` is a keyed digest of all the rest, by a key of this clone's own. */
export const sealedSchema = shape
  .extend({ seal: z.string().regex(/^[0-9a-f]{32}$/) })
  .refine((drill) => drill.outcome === outcomeOf(drill), { message: "It says another outcome than its steps and its data." });

/** One that held did everything, in order, and lost nothing. */
export function outcomeOf({
  steps,
  data,
  running,
  candidate,
}: Pick<Drill, "steps" | "data" | "running" | "candidate">): DrillStatus {
  if (steps.some(({ status }) => status === "failed")) return "failed";
  const isWhole =
    steps.length === drillSteps.length && steps.every(({ id, status }, at) => id === drillSteps[at] && status === "held");
  const isKnown = running !== null && candidate !== null && data !== null;
  return isWhole && isKnown && compareData(data).status === "held" ? "held" : "unknown";
}

const named = { sessions: "sessions", paired: "pairings", device: "device's identity" } as const;

/** Whether what was there before the candidate is there again; a state that the candidate did not change would show nothing. */
export function compareData({ before, candidate, after }: NonNullable<Drill["data"]>): Pick<DrillStep, "status" | "summary"> {
  if (before.paired.digest === candidate.paired.digest)
    return { status: "unknown", summary: "The state was the same with the candidate as before it, so nothing can be told." };
  if (before.sessions.count === 0 || before.paired.count === 0 || before.device.count === 0)
    return { status: "unknown", summary: "There was no session, no pairing or no identity to lose." };
  const lost = Object.entries(named).flatMap(([key, words]) => {
    const [own, now] = [before, after].map((data) => data[key as keyof typeof named]);
    return own?.digest === now?.digest ? [] : [`the ${words} (${own?.count} before, ${now?.count} after)`];
  });
  // What came in the meantime may be read again or not; what was read before must not be.
  if (after.place < before.place) lost.push(`the place in the channel (${before.place} before, ${after.place} after)`);
  if (lost.length > 0) return { status: "failed", summary: `Not as before the candidate: ${lost.join(", ")}.` };
  const counts = `${before.sessions.count} sessions and ${before.paired.count} pairings`;
  return { status: "held", summary: `As before the candidate: ${counts}, the device's identity and the place in the channel.` };
}

export interface DrillRules {
  readonly now: Date;
  readonly maximumAgeDays: number;
  readonly clockSkewSeconds: number;
}

const dayMs = 86_400_000;

/**
 * Whether the newest drill that could tell held, and is young enough. One that failed is not outweighed by an older one.
 *
 * @param spoilt names of what lies there as evidence and is none, such as what was edited.
 */
export function judgeDrills(drills: readonly Drill[], spoilt: readonly string[], rules: DrillRules): Finding {
  const { now, maximumAgeDays, clockSkewSeconds } = rules;
  const ended = ({ finishedAt }: Drill) => Date.parse(finishedAt);
  const isAhead = (drill: Drill) => ended(drill) > now.getTime() + clockSkewSeconds * 1000;
  const told = drills.filter((drill) => drill.outcome !== "unknown" && !isAhead(drill));
  const [newest] = told.toSorted((one, other) => ended(other) - ended(one));
  const ahead = drills.filter(isAhead).length;
  const ignored = [
    ...(spoilt.length > 0 ? [`What is no evidence of this clone's does not count: ${spoilt.join(", ")}.`] : []),
    ...(ahead > 0 ? [`${ahead} ended in the future, which does not count.`] : []),
  ];
  const wanted = `one that held within ${maximumAgeDays} ${maximumAgeDays === 1 ? "day" : "days"} is required`;
  const not = (summary: string, measured: Finding["measured"] = {}): Finding => ({
    status: "fail",
    summary: [summary, ...ignored].join(" "),
    measured: { ...measured, maximumAgeDays, spoilt },
    remedy: "npx deck drill",
  });
  if (newest === undefined) return not(`No drill of a rollback is there; ${wanted}.`);
  const { outcome, finishedAt, candidate } = newest;
  const measured = { outcome, finishedAt, commit: candidate?.commit ?? null, tree: candidate?.tree ?? null };
  if (outcome !== "held") return not(`The last drill, which ended ${finishedAt}, did not hold; ${wanted}.`, measured);
  const ageMs = now.getTime() - ended(newest);
  const days = Math.max(ageMs / dayMs, 0).toFixed(1);
  if (!(ageMs <= maximumAgeDays * dayMs)) return not(`The last drill that held is ${days} days old; ${wanted}.`, measured);
  const summary = `A rollback from commit ${candidate?.commit.slice(0, 12)} was practised ${days} days ago and held; ${maximumAgeDays} are allowed.`;
  return { status: "pass", summary, measured: { ...measured, maximumAgeDays, spoilt } };
}

/** True of a stack with stand-ins for all that is hosted, on this machine, which nobody calls released: what a drill runs on itself. */
export function needsNoDrill(settings: {
  readonly requireSignOff: boolean;
  readonly host: { readonly kind: string };
  readonly devServices?: unknown;
}): boolean {
  return !settings.requireSignOff && settings.host.kind === "local" && settings.devServices !== undefined;
}
