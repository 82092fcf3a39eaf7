/** What no resource of a stack may be: rules over its type, its properties and the stack's facts, for the policy pack and the program alike. */

import { commandRules } from "./commandRules.ts";
import { containerRules } from "./containerRules.ts";
import type { DeclaredResource, Fault, Rule, StackFacts } from "./declaredResource.ts";
import { hostReachRules } from "./hostReachRules.ts";

/** By name: a name is what a violation is called by, everywhere. */
export const rules = { ...containerRules, ...hostReachRules, ...commandRules } as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof rules;
export const ruleNames = Object.keys(rules) as readonly RuleName[];

export interface Violation extends Fault {
  readonly rule: RuleName;
  readonly resource: string;
}

/** Every rule that a resource breaks. */
export function violationsOf(resource: DeclaredResource, facts: StackFacts): readonly Violation[] {
  return ruleNames.flatMap((rule) =>
    (rules[rule] as Rule).judge(resource, facts).map((fault) => ({ rule, resource: resource.name, ...fault })),
  );
}

/** One line that names the rule, the resource and the remedy. */
export function violationText({ rule, resource, problem, remedy }: Violation): string {
  return `Policy \`${rule}\` refuses \`${resource}\`: ${problem} ${remedy}`;
}
