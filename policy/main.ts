/** The policy pack: Pulumi starts it through `policy/pack`, in the project's folder, and asks it about every resource before it is touched. */

import { PolicyPack } from "@pulumi/policy";
import type { StackFacts } from "../model/declaredResource.ts";
import { readFacts } from "./facts.ts";
import { policies } from "./rules.ts";

const projectRoot = `${import.meta.dirname}/..`;
const known = new Map<string, StackFacts>();

new PolicyPack("phillbot", {
  policies: policies((stack) => {
    const facts = known.get(stack) ?? readFacts(projectRoot, stack);
    known.set(stack, facts);
    return facts;
  }),
});
