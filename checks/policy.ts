/** Reads the gate's policy from `operations/gate.yaml`. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "../model/canonical.ts";
import type { GatePolicy } from "../model/gate.ts";
import type { ParsedPolicy } from "../model/policy.ts";
import { parsePolicy } from "../release/policy.ts";

/** Reads and checks the policy of the work tree at `projectRoot`; a file that is not there is a fault, not an empty policy. */
export async function readPolicy(projectRoot: string): Promise<ParsedPolicy> {
  try {
    return parsePolicy(await readFile(join(projectRoot, "operations", "gate.yaml"), "utf8"));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    return { ok: false, faults: [{ path: "policy", problem: `\`operations/gate.yaml\` cannot be read (${code}).` }] };
  }
}

/** Sha256 (hex) of the policy with its defaults, keys sorted. */
export function policyDigest(policy: GatePolicy): string {
  return createHash("sha256").update(canonicalJson(policy)).digest("hex");
}
