/** Backs the gateway's state up before its container is replaced: an image may migrate the state, and no image takes that back. */

import { randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { backupPlace, settleState } from "../host/backup.ts";
import { ensureFile } from "../host/ensure.ts";
import type { Route } from "../host/files.ts";
import { findContainer, foreignContainer, readerImage } from "../host/gateway.ts";
import type { Host } from "../host/host.ts";
import { gatewayName, layoutOf, modes } from "../model/layout.ts";
import { forStack, onHost } from "../model/operatorCommand.ts";
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

interface OnHost {
  readonly host: Host;
  readonly via: Route;
}

/**
 * Makes a backup where the container that runs is another one than the declared. Where there is none, the state is kept as well:
 * nobody can say then which image wrote it. From then on the state says that it is this bot's.
 *
 * @throws pulumi.RunError where the state could not be kept: then nothing is replaced.
 */
export async function backUpBeforeReplacement(inputs: Inputs, on: OnHost, next: Replacement): Promise<void> {
  try {
    const token = inputs.secrets.get("TELEGRAM_BOT_TOKEN");
    if (token === undefined) throw new Error("`TELEGRAM_BOT_TOKEN` has no value.");
    const bot = botOf(token);
    await keepState(inputs, on, { ...next, bot });
    const { uid, gid } = inputs.settings.gateway;
    const path = layoutOf(inputs.settings).botFile;
    await ensureFile(on.host, { path, mode: modes.botFile, uid, gid, via: on.via }, bot);
  } catch (error) {
    const { state, backups } = layoutOf(inputs.settings);
    const reason = error instanceof Error ? error.message : "unknown error";
    const summary = "The gateway's state could not be backed up, so its container was not replaced.";
    const remedies = [
      forStack("npx deck backup create # says the same, and when it is mended", inputs.stack),
      onHost(inputs.settings.host, `df -h ${backups}`),
      onHost(
        inputs.settings.host,
        `find ${state} ! -user ${inputs.settings.gateway.uid} # what the gateway's user does not own, it may not read`,
      ),
      forStack(
        "npx deck backup restore --empty # where the state is damaged: it is put aside, and the bot begins anew",
        inputs.stack,
      ),
    ];
    writeOutcome({ code: 3, summary });
    throw new pulumi.RunError([`${summary} ${reason}`, ...remedies].join("\n  "));
  }
}

async function keepState(inputs: Inputs, { host, via }: OnHost, next: Replacement & { readonly bot: string }): Promise<void> {
  const { settings } = inputs;
  const name = gatewayName(settings);
  const running = await findContainer(host, name);
  const foreign = foreignContainer(name, running, layoutOf(settings).state);
  if (foreign !== undefined) throw new Error(foreign);
  if (running !== undefined && running.image === next.imageId && running.spec === next.spec) return;
  const image = await readerImage(host, running, next.imageId);
  const made = await makeBackup({
    place: backupPlace(settings, { host, via, image }),
    history: historyPlace(host, inputs),
    about: await aboutUpdate(inputs),
    bot: next.bot,
    why: running === undefined ? "before a gateway's container was made" : "before the gateway's container was replaced",
    now: () => new Date(),
    random: randomBytes(4).toString("hex"),
    retention: settings.backups,
  });
  if (made === undefined) return;
  await pulumi.log.info(`The gateway's state is kept in ${made.backup.name} (${made.backup.bytes} bytes).`);
  if (made.warning !== undefined) await pulumi.log.warn(made.warning);
}

/** Ends an exchange of the state that was killed, before anything could take the gap for a state that is lost. */
export async function settleInterrupted({ settings }: Inputs, { host, via }: OnHost): Promise<void> {
  const layout = layoutOf(settings);
  const how = await settleState({ host, layout, via });
  if (how === undefined) return;
  const what = how === "finished" ? "the state that was to come is in place" : "the state is what it was before";
  await pulumi.log.warn(`An exchange of the gateway's state had been interrupted; ${what}.`);
}
