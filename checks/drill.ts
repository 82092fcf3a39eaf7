/** The check `drill`, where the policy asks for it: a rollback was practised not long ago, and held. */

import { judgeDrills, needsNoDrill } from "../model/drill.ts";
import { drillCheckId } from "../model/policy.ts";
import type { Check, TreeTarget } from "./check.ts";
import { readDrills } from "./evidence/drill.ts";

export const drillCheck: Check<TreeTarget> = {
  id: drillCheckId,
  title: "The last drill of a rollback held, and is not older than the policy allows.",
  deadlineMs: 15_000,
  probe: async ({ stack, settings, evidenceFolder, projectRoot, rollback }, { policy, now }) => {
    if (needsNoDrill(settings)) {
      const summary = `Stack \`${stack}\` has stand-ins for all that is hosted and wants no sign-off, so it needs no drill.`;
      return { status: "pass", summary, measured: { wanted: false } };
    }
    // Nobody asked for one: then there is no such check, and it says nothing.
    if (policy.drill === undefined)
      return { status: "inconclusive", summary: "The policy does not say how old a drill may be.", measured: {} };
    const { drills, spoilt } = await readDrills(stack, { home: rollback?.home ?? projectRoot, evidenceFolder });
    const { maximumAgeDays } = policy.drill;
    return judgeDrills(drills, spoilt, { now: now(), maximumAgeDays, clockSkewSeconds: policy.freshness.clockSkew });
  },
};
