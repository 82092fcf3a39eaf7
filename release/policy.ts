/** Reads the gate's policy: as text, and as a commit holds it. */

import type { GatePolicy } from "../model/gate.ts";
import { checkPolicy, formatPolicyFaults, type ParsedPolicy } from "../model/policy.ts";
import { fileAt } from "./objects.ts";
import { parseOperatorYaml } from "./operatorFile.ts";
import { digestOf } from "./records.ts";
import type { GitOptions } from "./repository.ts";

/** From the file's text to a checked policy, or to every fault of it. */
export function parsePolicy(text: string): ParsedPolicy {
  const yaml = parseOperatorYaml(text);
  return yaml.ok ? checkPolicy(yaml.data) : yaml;
}

export type CommittedPolicy =
  /** `digest` is the sha256 (hex) of the file's bytes. */
  | { readonly ok: true; readonly policy: GatePolicy; readonly digest: string }
  /** A sentence. */
  | { readonly ok: false; readonly reason: string };

/** The policy of a commit, which every release is judged by. */
export async function policyAt(folder: string, at: GitOptions & { readonly commit: string }): Promise<CommittedPolicy> {
  const text = await fileAt(folder, { ...at, path: "operations/gate.yaml" });
  if (text === undefined) return { ok: false, reason: "Its commit holds no `operations/gate.yaml`." };
  const parsed = parsePolicy(text);
  return parsed.ok
    ? { ok: true, policy: parsed.policy, digest: digestOf(text) }
    : { ok: false, reason: formatPolicyFaults(parsed.faults) };
}
