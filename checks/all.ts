/** Every check of a stack, in the order in which the gate names them. */

import { type RequiredCheck, requiredChecks } from "../model/check.ts";
import type { GatePolicy } from "../model/gate.ts";
import type { Settings } from "../model/settings.ts";
import { additionalChecks } from "./additional.ts";
import type { Check, TreeTarget } from "./check.ts";
import { contextCheck } from "./context.ts";
import { documentsCheck } from "./documents.ts";
import { drillCheck } from "./drill.ts";
import { exposureCheck, treeExposureCheck } from "./exposure.ts";
import { memoryCheck } from "./memory.ts";
import { openItemsCheck } from "./openItems.ts";
import { providerCheck } from "./provider.ts";
import { runtimeCheck } from "./runtime.ts";
import { schemaCheck } from "./schema.ts";
import { secretsCheck } from "./secrets.ts";
import { telegramCheck } from "./telegram.ts";

/** Keyed by the required ids, so that a check without a probe does not compile. */
const required: Readonly<Record<RequiredCheck, Check>> = {
  "open-items": openItemsCheck,
  telegram: telegramCheck,
  memory: memoryCheck,
  exposure: exposureCheck,
  documents: documentsCheck,
  runtime: runtimeCheck,
  secrets: secretsCheck,
  context: contextCheck,
  schema: schemaCheck,
  provider: providerCheck,
};

/** The required checks, then the drill where the policy asks for one, then those that the policy adds. No setting can leave one out: each check itself says what it needs not look at. */
export function checksFor(_settings: Settings, policy: GatePolicy): readonly Check[] {
  return [...requiredChecks.map((id) => required[id]), ...drillWhereAsked(policy), ...additionalChecks(policy)];
}

/** What can be judged before the first resource: it looks at the tree alone. */
export function treeChecksFor(policy: GatePolicy): readonly Check<TreeTarget>[] {
  return [openItemsCheck, documentsCheck, treeExposureCheck, ...drillWhereAsked(policy)];
}

const drillWhereAsked = ({ drill }: GatePolicy) => (drill === undefined ? [] : [drillCheck]);
