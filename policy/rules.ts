/** The stack's policy as CrossGuard's policies: one for each rule, all mandatory. */

import { type ResourceValidationArgs, type ResourceValidationPolicy, UnknownValueError } from "@pulumi/policy";
import { type DeclaredResource, notKnown, type StackFacts, type Values } from "../model/declaredResource.ts";
import { ruleNames, rules, violationsOf, violationText } from "../model/stackPolicy.ts";

/** @param factsOf the facts of a stack by its name. */
export function policies(factsOf: (stack: string) => StackFacts): ResourceValidationPolicy[] {
  return ruleNames.map((name) => ({
    name,
    description: rules[name].description,
    enforcementLevel: "mandatory",
    validateResource: (args, report) => {
      const found = violationsOf(declared(args), factsOf(stackIn(args.urn)));
      for (const violation of found) if (violation.rule === name) report(violationText(violation));
    },
  }));
}

/** `urn:pulumi:<stack>::<project>::<type>$<type>::<name>` */
function stackIn(urn: string): string {
  return urn.split("::", 1)[0]?.split(":").at(-1) ?? "";
}

function declared({ type, name, urn, props }: ResourceValidationArgs): DeclaredResource {
  const within = (urn.split("::")[2] ?? "").split("$").slice(0, -1);
  return { type, name, within, properties: valueIn(props) as Values };
}

/** CrossGuard throws where a value that is not known yet is looked at; here it is `notKnown`, and the rest is judged. */
function valueIn(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => valueAt(value, index));
  return Object.fromEntries(Object.keys(value).map((key) => [key, valueAt(value, key)]));
}

function valueAt(holder: object, key: string | number): unknown {
  try {
    return valueIn((holder as Record<string | number, unknown>)[key]);
  } catch (error) {
    if (error instanceof UnknownValueError) return notKnown;
    throw error;
  }
}
