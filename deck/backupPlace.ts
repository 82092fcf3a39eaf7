/** What every verb of backups works with: the stack's host, its record, its bot, and an image that can read the state. */

import { type BackupPlace, backupPlace } from "../host/backup.ts";
import { imageIdOf } from "../host/engine.ts";
import { ownershipRoute } from "../host/files.ts";
import { findContainer, foreignContainer, readerImage, type SeenContainer } from "../host/gateway.ts";
import type { Host } from "../host/host.ts";
import { refuseForeignFolder } from "../host/ownership.ts";
import { imageNameOf } from "../model/gatewayContainer.ts";
import type { HistoryDraft } from "../model/history.ts";
import { gatewayName, layoutOf } from "../model/layout.ts";
import { forStack } from "../model/operatorCommand.ts";
import type { Secret } from "../model/secret.ts";
import { botOf, type KnownBackup, readBackups } from "../release/backups.ts";
import { type HistoryPlace, headOf, historyPlaceOf, whoActs } from "../release/history.ts";
import { asRecordFault } from "./recordFault.ts";
import { openSecrets, openStack, type Stack, withHost } from "./session.ts";
import { type Call, DeckError, type World } from "./verb.ts";

export interface Backups {
  readonly stack: Stack;
  readonly host: Host;
  readonly place: BackupPlace;
  readonly history: HistoryPlace;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Digest of the bot that the stack's token is of. */
  readonly bot: string;
  readonly about: Pick<HistoryDraft, "stack" | "who" | "commit">;
  /** The gateway's container; undefined where there is none. */
  readonly container: SeenContainer | undefined;
}

/**
 * Opens them for `work`. Nothing is written.
 * @throws DeckError for another stack's folder, an image that is not there, and a record that does not hold; HostUnreachable
 */
export async function withBackups<T>(call: Call, world: World, work: (backups: Backups) => Promise<T>): Promise<T> {
  const stack = await openStack(call, world);
  const secrets = await openSecrets(stack, world);
  const token = secrets.get("TELEGRAM_BOT_TOKEN");
  if (token === undefined) throw new DeckError("usage", "`TELEGRAM_BOT_TOKEN` has no value.");
  const [who, commit] = await Promise.all([whoActs(stack.root), headOf(stack.root)]);
  const { settings } = stack;
  return withHost(stack, async (host) => {
    const refusal = await refuseForeignFolder(host, stack.stack, settings);
    if (refusal !== undefined) throw new DeckError("usage", refusal);
    const name = gatewayName(settings);
    const container = await findContainer(host, name);
    const foreign = foreignContainer(name, container, layoutOf(settings).state);
    if (foreign !== undefined) throw new DeckError("usage", foreign);
    const image = await imageFor(host, stack, container);
    const via = await ownershipRoute(host, settings.gateway, image);
    return work({
      ...{ stack, host, secrets, container },
      place: backupPlace(settings, { host, via, image }),
      history: historyPlaceOf(host, stack),
      bot: botOf(token),
      about: { stack: stack.stack, who, ...(commit === undefined ? {} : { commit }) },
    });
  }).catch((error: unknown) => asRecordFault(error, call.stack));
}

/** Where no container says which image wrote the state, or that one is gone, the one of the settings reads it. */
async function imageFor(host: Host, { settings }: Stack, container: SeenContainer | undefined): Promise<string> {
  const name = imageNameOf(settings.gateway);
  const id = await imageIdOf(host, await readerImage(host, container, name));
  if (id !== undefined) return id;
  const problem = `Neither the image of the gateway's container nor \`${name}\` is on ${host.description}, so nothing can read the state.`;
  throw new DeckError("unknown", problem, `docker pull ${name} # on the host; an image that was built here comes with npm start`);
}

/** The backup of that name. @throws DeckError with code 2 where none is on record. */
export async function findBackup({ place, history, stack }: Backups, name: string): Promise<KnownBackup> {
  const found = (await readBackups(place, history)).find(({ backup }) => backup.name === name);
  if (found !== undefined) return found;
  const problem = `No backup ${JSON.stringify(name.slice(0, 100))} is on this stack's record; what is not on record with its digest is never restored.`;
  throw new DeckError("usage", problem, forStack("npx deck backup list", stack.stack));
}
