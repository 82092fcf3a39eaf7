/** Checks the gate's policy: it may add and tighten, never take away. */

import { z } from "zod";
import { requiredChecks } from "./check.ts";
import { type GatePolicy, gatePolicySchema } from "./gate.ts";
import { stateCredentials } from "./secretSources.ts";

/** One fault of `operations/gate.yaml`. */
export interface PolicyFault {
  /** Where: `waivers[0].item`. */
  readonly path: string;
  /** A sentence. */
  readonly problem: string;
}

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: GatePolicy }
  | { readonly ok: false; readonly faults: readonly PolicyFault[] };

/** The checks with items that a waiver can open; the others hold for a whole or not at all. */
const waivableChecks = ["open-items", "exposure"] as const;

/** Of the code's own, but there only where the policy asks for it. */
export const drillCheckId = "drill";

/** Every check that must have a result under this policy: the code's, then the policy's own. */
export function expectedChecks(policy: GatePolicy): readonly string[] {
  const drill = policy.drill === undefined ? [] : [drillCheckId];
  return [...requiredChecks, ...drill, ...policy.additionalChecks.map(({ id }) => id)];
}

const required: ReadonlySet<string> = new Set([...requiredChecks, drillCheckId]);
const waivable: ReadonlySet<string> = new Set(waivableChecks);
const listed = (ids: Iterable<string>) => [...ids].map((id) => `\`${id}\``).join(", ");

function repeated(keys: readonly string[]): readonly number[] {
  return keys.flatMap((key, index) => (keys.indexOf(key) < index ? [index] : []));
}

/** The rules that a schema cannot say; each names what must hold. */
const rules: Readonly<Record<string, (policy: GatePolicy) => readonly PolicyFault[]>> = {
  "an additional check stands beside the required ones": ({ additionalChecks }) =>
    additionalChecks.flatMap(({ id }, index) =>
      required.has(id)
        ? [
            {
              path: `additionalChecks[${index}].id`,
              problem: `\`${id}\` is a check of the code's own, which the policy cannot replace.`,
            },
          ]
        : [],
    ),

  "additional checks have ids of their own": ({ additionalChecks }) =>
    repeated(additionalChecks.map(({ id }) => id)).map((index) => ({
      path: `additionalChecks[${index}].id`,
      problem: `\`${additionalChecks[index]?.id}\` is there twice.`,
    })),

  "no additional check is given what opens the state": ({ additionalChecks }) =>
    additionalChecks.flatMap(({ environment }, index) =>
      environment
        .filter((name) => stateCredentials.includes(name))
        .map((name) => ({
          path: `additionalChecks[${index}].environment`,
          problem: `\`${name}\` opens the stack's state, so no check is given it.`,
        })),
    ),

  "a deadline is a known check's": (policy) => {
    const known = new Set(expectedChecks(policy));
    return Object.keys(policy.deadlines)
      .filter((id) => !known.has(id))
      .map((id) => ({ path: `deadlines.${id}`, problem: `No check has this id; there are ${listed(known)}.` }));
  },

  "a waiver is for a check whose items can be waived": ({ waivers }) =>
    waivers.flatMap(({ check }, index) =>
      waivable.has(check)
        ? []
        : [{ path: `waivers[${index}].check`, problem: `\`${check}\` cannot be waived; only items of ${listed(waivable)} can.` }],
    ),

  "a waiver names one item, never a whole check": (policy) => {
    const checks = new Set([...expectedChecks(policy), "all"]);
    return policy.waivers.flatMap(({ item }, index) =>
      /[*?\s]/.test(item) || checks.has(item.toLowerCase())
        ? [
            {
              path: `waivers[${index}].item`,
              problem: `\`${item}\` is not one item: a waiver opens a single item, never a whole check.`,
            },
          ]
        : [],
    );
  },

  "a waiver says why and who": ({ waivers }) =>
    waivers.flatMap((waiver, index) =>
      (["reason", "owner"] as const)
        .filter((key) => waiver[key].trim() === "")
        .map((key) => ({ path: `waivers[${index}].${key}`, problem: "Must not be blank." })),
    ),

  "an item is waived once": ({ waivers }) =>
    repeated(waivers.map(({ check, item }) => `${check} ${item}`)).map((index) => ({
      path: `waivers[${index}]`,
      problem: `\`${waivers[index]?.item}\` of \`${waivers[index]?.check}\` is waived twice.`,
    })),
};

function schemaFaults(error: z.ZodError): PolicyFault[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys")
      return [{ path: z.core.toDotPath(issue.path) || "policy", problem: `${issue.message}.` }];
    const names = "The file may add and tighten; the checks that the code requires can be neither listed, dropped nor disabled";
    return issue.keys.map((key) => ({
      path: z.core.toDotPath([...issue.path, key]),
      problem: `This key is not known. ${names}.`,
    }));
  });
}

/** @param raw the policy's data, as its file says it. An empty policy is a fault: it is never a reason to pass. */
export function checkPolicy(raw: unknown): ParsedPolicy {
  if (raw === undefined || raw === null) {
    return { ok: false, faults: [{ path: "policy", problem: "It is empty; at least `version: 1` is wanted." }] };
  }
  const parsed = gatePolicySchema.safeParse(raw);
  if (!parsed.success) return { ok: false, faults: schemaFaults(parsed.error) };
  const faults = Object.values(rules).flatMap((rule) => rule(parsed.data));
  return faults.length === 0 ? { ok: true, policy: parsed.data } : { ok: false, faults };
}

/** All faults as text for a terminal, a line each. */
export function formatPolicyFaults(faults: readonly PolicyFault[]): string {
  const lines = faults.map(({ path, problem }) => `  \`${path}\`: ${problem}`);
  return `The gate's policy \`operations/gate.yaml\` has ${faults.length} ${faults.length === 1 ? "fault" : "faults"}:\n${lines.join("\n")}`;
}
