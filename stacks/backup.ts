/** Backs the gateway's state up before its container is replaced: an image may migrate the state, and no image takes that back. */

import { randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { settleState } from "../host/backup.ts";
import type { Route } from "../host/files.ts";
import { findContainer } from "../host/gateway.ts";
import type { Host } from "../host/host.ts";
import { gatewayName, layoutOf } from "../model/layout.ts";
import { forStack } from "../model/operatorCommand.ts";
import { botOf, makeBackup } from "../release/backups.ts";
import { aboutUpdate, historyPlace } from "./history.ts";
import type { Inputs } from "./inputs.ts";
import { writeOutcome } from "./outcome.ts";

/** The gateway that is about to run. */
export interface Replacement {
  /** The engine's id of its image. */
  readonly imageId: string;
  /** Sha256 (hex) of all that is wanted of its container. */
  readonly spec: string;
}

/**
 * Makes a backup where the container that runs is another one than the declared. Where there is none, the state is kept as well:
 * nobody can say then which image wrote it.
 *
 * @throws Error where the state could not be kept: then nothing is replaced.
 */
export async function backUpBeforeReplacement(
  inputs: Inputs,
  { host, via }: { readonly host: Host; readonly via: Route },
  next: Replacement,
): Promise<void> {
  const { settings, secrets, stack } = inputs;
  const running = await findContainer(host, gatewayName(settings));
  if (running !== undefined && running.image === next.imageId && running.spec === next.spec) return;
  const token = secrets.get("TELEGRAM_BOT_TOKEN");
  if (token === undefined) throw new Error("`TELEGRAM_BOT_TOKEN` has no value.");
  const { uid, gid } = settings.gateway;
  const place = { host, layout: layoutOf(settings), uid, gid, via, image: running?.image ?? next.imageId };
  try {
    const backup = await makeBackup({
      place,
      history: historyPlace(host, inputs),
      about: await aboutUpdate(inputs),
      bot: botOf(token),
      why: running === undefined ? "before a gateway's container was made" : "before the gateway's container was replaced",
      at: new Date(),
      random: randomBytes(4).toString("hex"),
      retention: settings.backups,
    });
    if (backup !== undefined) await pulumi.log.info(`The gateway's state is kept in ${backup.name} (${backup.bytes} bytes).`);
  } catch (error) {
    const remedy = forStack("npx deck backup create", stack);
    const reason = error instanceof Error ? error.message : "unknown error";
    const text = `The gateway's state could not be backed up, so its container was not replaced. ${reason}\n  ${remedy}`;
    writeOutcome({ code: 3, summary: text.split("\n", 1)[0] ?? text });
    throw new pulumi.RunError(text);
  }
}

/** Ends an exchange of the state that was killed, before anything could take the gap for a state that is lost. */
export async function settleInterrupted(
  { settings }: Inputs,
  { host, via }: { readonly host: Host; readonly via: Route },
): Promise<void> {
  const layout = layoutOf(settings);
  const how = await settleState({ host, layout, via });
  if (how === undefined) return;
  const what = how === "finished" ? "the state that was to come is in place" : "the state is what it was before";
  await pulumi.log.warn(`An exchange of the gateway's state had been interrupted; ${what}.`);
}
