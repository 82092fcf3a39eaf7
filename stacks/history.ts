/** Puts an update on the stack's record: that it began, before the first resource, and how its gate judged it. */

import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host.ts";
import type { HistoryDraft } from "../model/history.ts";
import { leaseVariable } from "../model/lease.ts";
import { treeVariable } from "../model/rollback.ts";
import { headOf, historyPlaceOf, record, whoActs } from "../release/history.ts";
import type { Inputs } from "./inputs.ts";
import { refuse } from "./outcome.ts";

/** What every entry of an update says of it. */
export async function aboutUpdate({
  stack,
  projectRoot,
  signOff,
}: Inputs): Promise<Pick<HistoryDraft, "stack" | "who" | "commit" | "release" | "tree">> {
  const [who, commit] = await Promise.all([whoActs(projectRoot), headOf(projectRoot)]);
  const release = signOff.kind === "signed" ? { release: { id: signOff.release.releaseId, digest: signOff.release.digest } } : {};
  // Only `deck` looks at it, and that hands its lease over as well.
  const tree =
    (process.env[leaseVariable] ?? "") !== "" && /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(process.env[treeVariable] ?? "")
      ? process.env[treeVariable]
      : undefined;
  return { stack, who, ...(commit === undefined ? {} : { commit }), ...release, ...(tree === undefined ? {} : { tree }) };
}

export type Judged = Pick<HistoryDraft, "verdict" | "blockedBy" | "durationMs" | "summary">;

/**
 * Records that the update began.
 * @returns what records how it was judged. Where sign-off is required, what cannot be recorded is not released: both throw.
 */
export async function recordBegun(host: Host, inputs: Inputs): Promise<(judged: Judged) => Promise<void>> {
  const { settings, stack, rollback } = inputs;
  const place = historyPlaceOf(host, inputs);
  const about = await aboutUpdate(inputs);
  const back = rollback === undefined ? {} : ({ rollback: true } as const);
  const put = async (event: "began" | "judged", what: Judged) => {
    const at = new Date().toISOString();
    await record(place, { event, at, ...about, ...back, ...what }).catch(async (error: Error) => {
      if (settings.requireSignOff) throw error;
      await pulumi.log.warn(`It could not be put on the stack's record. ${error.message}`);
    });
  };
  await put("began", { summary: rollback === undefined ? "An update began." : `A rollback to ${rollback.name} began.` }).catch(
    (error: Error) =>
      refuse(
        3,
        `It cannot be put on the stack's record, so nothing is touched. ${error.message}\n  npx deck history verify --stack ${stack}`,
      ),
  );
  return (judged) => put("judged", judged);
}
