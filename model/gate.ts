/** The gate's policy (`operations/gate.yaml`) and the verdict it leads to: types and schema. */

import { z } from "zod";

const isoDate = z.iso.date();

/** Opens one failed item until its date; never a whole check. */
export const waiverSchema = z.strictObject({
  check: z.string().min(1),
  /** The id of the item: an open item's, or an exposure's fingerprint. */
  item: z.string().min(1),
  reason: z.string().min(1),
  owner: z.string().min(1),
  /** Last day (UTC) on which it holds. */
  until: isoDate,
});

export const gatePolicySchema = z.strictObject({
  version: z.literal(1),
  /** Per check: a deadline in seconds, tighter or wider than the code's own. */
  deadlines: z.record(z.string(), z.int().min(1).max(3600)).default({}),
  /** How old what a check relies on may be, in seconds. */
  freshness: z
    .strictObject({
      items: z.int().min(1).max(86_400).default(300),
      evidence: z.int().min(1).max(2_592_000).default(86_400),
      clockSkew: z.int().min(1).max(30).default(30),
    })
    .default({ items: 300, evidence: 86_400, clockSkew: 30 }),
  /** A release wants a drill of a rollback that held and is no older; without it, none is asked for. */
  drill: z.strictObject({ maximumAgeDays: z.int().min(1).max(90) }).optional(),
  /** Checks of the operator's own, run on the operator's machine: exit 0 passes, 3 is inconclusive, all else fails. */
  additionalChecks: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z][a-z0-9-]*$/),
        title: z.string().min(1),
        command: z.array(z.string().min(1)).min(1),
        deadline: z.int().min(1).max(3600).default(60),
        /** Variables that the command gets besides those by which any program finds its way; none of the stack's secrets. */
        environment: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).default([]),
      }),
    )
    .default([]),
  waivers: z.array(waiverSchema).default([]),
  /** Absent: an update that is blocked stays as it is until a person decides. */
  rollback: z.strictObject({ automatic: z.boolean() }).exactOptional(),
});

export type Waiver = z.output<typeof waiverSchema>;
export type GatePolicy = z.output<typeof gatePolicySchema>;

/** Why one check blocks, or that it was opened by a waiver. */
export interface Blocker {
  readonly check: string;
  readonly reason: string;
  readonly remedy?: string;
}

/** Whether what was gated is signed for the stack; `none` where the stack asks for no signature. */
export type SignOffStanding =
  | { readonly kind: "none" }
  | { readonly kind: "signed"; readonly signer: string }
  /** `unknown`: it could not be told. */
  | { readonly kind: "unsigned" | "unknown"; readonly reasons: readonly string[]; readonly remedy: string };

/** The gate's word. There is no default that means open. */
export interface Verdict {
  readonly outcome: "open" | "blocked";
  /** True where the settings call it a rehearsal: then open means that it would be, and nothing is released. */
  readonly rehearsal: boolean;
  /** The settings that lead to something else than the service that people use, and where. */
  readonly standIns: readonly string[];
  /** The name of the older release that was brought back: then open is never called released. */
  readonly rollbackTo?: string;
  readonly waived: readonly Waiver[];
  readonly blockedBy: readonly Blocker[];
  /** Waivers past their date: void. */
  readonly expired: readonly Waiver[];
  /** Waivers in force that no failed item needed: to be removed from the policy. */
  readonly unused: readonly Waiver[];
  /** Sha256 (hex) of the canonical policy. */
  readonly policyDigest: string;
  /** ISO 8601, UTC: the moment waivers and dates were judged at. */
  readonly effectiveAt: string;
  readonly toolVersion: string;
}
