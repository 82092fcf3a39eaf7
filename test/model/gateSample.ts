/** A policy, results and waivers for tests to judge. */

import type { CheckResult, CheckStatus } from "../../model/check.ts";
import { type GatePolicy, gatePolicySchema, type Waiver } from "../../model/gate.ts";

export const noon = new Date("2026-03-10T12:00:00.000Z");

export function policyWith(changes: Partial<GatePolicy> = {}): GatePolicy {
  return { ...gatePolicySchema.parse({ version: 1 }), ...changes };
}

export function resultOf(id: string, status: string, changes: Partial<CheckResult> = {}): CheckResult {
  return {
    id,
    status: status as CheckStatus,
    summary: `${id} is ${status}.`,
    measured: {},
    startedAt: "2026-03-10T11:59:50.000Z",
    durationMs: 1000,
    ...changes,
  };
}

export function waiverOf(item: string, changes: Partial<Waiver> = {}): Waiver {
  return { check: "exposure", item, reason: "A sample, not a key.", owner: "ada", until: "2026-03-10", ...changes };
}

export function itemOf(id: string, waivable = true) {
  return { id, summary: `${id} stands.`, waivable };
}
