/** Runs one of the checks that need the tree only: no host and no update. */

import { runOutsideGate } from "./results.ts";
import { openPolicy, openTree } from "./session.ts";
import type { Call, Outcome, World } from "./verb.ts";

/** @throws DeckError */
export async function runTreeCheck(id: string, call: Call, world: World): Promise<Outcome> {
  const { treeChecksFor } = await import("../checks/all.ts");
  const policy = await openPolicy(world);
  const target = await openTree(call, world);
  return runOutsideGate(
    treeChecksFor(policy).filter((check) => check.id === id),
    { target, policy, world },
  );
}
