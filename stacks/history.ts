/** Puts an update on the stack's record: that it began, before the first resource, and how its gate judged it. */

import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host.ts";
import type { HistoryDraft } from "../model/history.ts";
import { layoutOf } from "../model/layout.ts";
import { headOf, historyFolderOf, record, whoActs } from "../release/history.ts";
import type { Inputs } from "./inputs.ts";
import { refuse } from "./outcome.ts";

export type Judged = Pick<HistoryDraft, "verdict" | "blockedBy" | "durationMs" | "summary">;

/**
 * Records that the update began.
 * @returns what records how it was judged. Where sign-off is required, what cannot be recorded is not released: both throw.
 */
export async function recordBegun(host: Host, inputs: Inputs): Promise<(judged: Judged) => Promise<void>> {
  const { settings, stack, projectRoot, evidenceFolder, signOff } = inputs;
  const release = signOff.kind === "signed" ? { release: { id: signOff.release.releaseId, digest: signOff.release.digest } } : {};
  const place = { host, path: layoutOf(settings).history, folder: historyFolderOf(evidenceFolder) };
  const [who, commit] = await Promise.all([whoActs(projectRoot), headOf(projectRoot)]);
  const put = async (event: "began" | "judged", what: Judged) => {
    const at = new Date().toISOString();
    const draft = { event, at, stack, who, ...(commit === undefined ? {} : { commit }), ...release, ...what };
    await record(place, draft).catch(async (error: Error) => {
      if (settings.requireSignOff) throw error;
      await pulumi.log.warn(`It could not be put on the stack's record. ${error.message}`);
    });
  };
  await put("began", { summary: "An update began." }).catch((error: Error) =>
    refuse(
      3,
      `It cannot be put on the stack's record, so nothing is touched. ${error.message}\n  npx deck history verify --stack ${stack}`,
    ),
  );
  return (judged) => put("judged", judged);
}
