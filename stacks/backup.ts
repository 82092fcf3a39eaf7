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
import { HistoryBroken, HistoryNotWritten, historyPlaceOf } from "../release/history.ts";
import type { HeldLease } from "../release/lease.ts";
import { aboutUpdate } from "./history.ts";
import type { Inputs } from "./inputs.ts";
import { refuse } from "./outcome.ts";

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
  /** The update's lease. */
  readonly lease: Pick<HeldLease, "whyLost"> | undefined;
}

/**
 * Makes a backup where the container that runs is another one than the declared. Where there is none, the state is kept as well:
 * nobody can say then which image wrote it. From then on the state says that it is this bot's.
 *
 * @throws pulumi.RunError where the state could not be kept: then nothing is replaced.
 */
export async function backUpBeforeReplacement(inputs: Inputs, on: OnHost, next: Replacement): Promise<void> {
  const { settings, stack } = inputs;
  const name = gatewayName(settings);
  const running = await findContainer(on.host, name).catch((error: Error) => refuse(3, error.message));
  const foreign = foreignContainer(name, running, layoutOf(settings).state);
  if (foreign !== undefined) refuse(2, foreign);
  // The last moment before the old one goes.
  const lost = await on.lease?.whyLost();
  if (lost !== undefined)
    refuse(3, `${lost} The gateway's container was not replaced.\n  ${forStack("npx deck lease show", stack)}`);
  const token = inputs.secrets.get("TELEGRAM_BOT_TOKEN");
  if (token === undefined) refuse(2, "`TELEGRAM_BOT_TOKEN` has no value.");
  const bot = botOf(token);
  const isReplaced = running === undefined || running.image !== next.imageId || running.spec !== next.spec;
  try {
    if (isReplaced) await keepState(inputs, on, { image: await readerImage(on.host, running, next.imageId), bot });
    const { uid, gid } = settings.gateway;
    await ensureFile(on.host, { path: layoutOf(settings).botFile, mode: modes.botFile, uid, gid, via: on.via }, bot);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown error";
    const summary = "The gateway's state could not be backed up, so its container was not replaced.";
    refuse(3, [`${summary} ${reason}`, ...remedies(inputs, error)].join("\n  "), summary);
  }
}

function remedies({ settings, stack }: Inputs, error: unknown): readonly string[] {
  if (error instanceof HistoryBroken || error instanceof HistoryNotWritten) return [forStack("npx deck history verify", stack)];
  const { state, backups } = layoutOf(settings);
  const find = `find ${state} ! -user ${settings.gateway.uid} # what the gateway's user does not own, it may not read`;
  return [
    forStack("npx deck backup create # says the same, and when it is mended", stack),
    onHost(settings.host, `df -h ${backups}`),
    onHost(settings.host, find),
    forStack("npx deck backup restore --empty # where the state is damaged: it is put aside, and the bot begins anew", stack),
  ];
}

async function keepState(
  inputs: Inputs,
  { host, via }: OnHost,
  { image, bot }: { readonly image: string; readonly bot: string },
): Promise<void> {
  const { settings, stack } = inputs;
  const made = await makeBackup({
    place: backupPlace(settings, { host, via, image }),
    history: historyPlaceOf(host, inputs),
    about: await aboutUpdate(inputs),
    bot,
    why: "before the gateway's container was made anew",
    now: () => new Date(),
    random: randomBytes(4).toString("hex"),
    retention: settings.backups,
  });
  if (made === undefined) return;
  await pulumi.log.info(`The gateway's state is kept in ${made.backup.name} (${made.backup.bytes} bytes).`);
  if (made.warning !== undefined) await pulumi.log.warn(made.warning);
  if (made.backup.bot === bot) return;
  const anew = forStack("npx deck backup restore --empty", stack);
  await pulumi.log.warn(
    `The state is of another bot than the token: this bot goes on with that one's sessions. To begin anew: ${anew}`,
  );
}

/** Ends an exchange of the state that was killed, before anything could take the gap for a state that is lost. */
export async function settleInterrupted(
  { settings, stack }: Inputs,
  { host, via }: Pick<OnHost, "host" | "via">,
  image: string,
): Promise<void> {
  const place = backupPlace(settings, { host, via, image });
  const how = await settleState(place).catch((error: Error) => {
    const summary = "An exchange of the gateway's state was interrupted, and could not be brought to its end.";
    const look = onHost(settings.host, `ls -la ${settings.baseFolder} ${place.layout.restore}`);
    const next = forStack("npx deck backup list # what could be restored once that is mended", stack);
    return refuse(3, `${summary} ${error.message}\n  ${look}\n  ${next}`, summary);
  });
  if (how === undefined) return;
  const what = how === "finished" ? "the state that was to come is in place" : "the state is what it was before";
  await pulumi.log.warn(`An exchange of the gateway's state had been interrupted; ${what}.`);
}
