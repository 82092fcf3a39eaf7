/** The gateway's state for a rollback: what the update that replaced the older release found, and kept before it went on. */

import { randomBytes } from "node:crypto";
import { docker } from "../host/engine.ts";
import { mustRun } from "../host/ensure.ts";
import type { Backup } from "../model/backup.ts";
import { backupAfter } from "../model/deployments.ts";
import { gatewayName } from "../model/layout.ts";
import { forStack } from "../model/operatorCommand.ts";
import { makeBackup } from "../release/backups.ts";
import { type Backups, findBackup, withBackups } from "./backupPlace.ts";
import { exchange, makeReady, put } from "./backupRestore.ts";
import type { Under } from "./bringUp.ts";
import type { Older, Ran } from "./rollbackTarget.ts";
import { type Call, DeckError, type World } from "./verb.ts";

/** @throws DeckError with nothing touched: code 2 where no update kept one, or it is gone; code 4 where it is another bot's. */
export async function stateBefore(
  { deployment }: Older,
  { entries }: Ran,
  { call, world }: { readonly call: Call; readonly world: World },
): Promise<Backup> {
  const backup = backupAfter(entries, deployment);
  const list = forStack("npx deck backup list", call.stack);
  if (backup === undefined) {
    const problem = `No update made a backup since \`${deployment.name}\` ran: the gateway's container was not replaced, so its state went on. Nothing was touched.`;
    throw new DeckError("usage", problem, forStack(`npx deck rollback ${deployment.name} # without --with-state`, call.stack));
  }
  return withBackups(call, world, async (backups) => {
    const { bytes } = await findBackup(backups, backup.name);
    if (bytes === undefined)
      throw new DeckError("usage", `The backup ${backup.name} is on record and gone from the host. Nothing was touched.`, list);
    if (backup.bot !== undefined && backup.bot !== backups.bot)
      throw new DeckError(
        "refused",
        `The backup ${backup.name} is of another bot than today's token. Nothing was touched.`,
        list,
      );
    return backup;
  });
}

/** Ends with the gateway stopped on the older state: the update that follows makes its container anew. */
export async function bringStateBack(
  backup: Backup,
  { call, world, lease }: Pick<Under, "world" | "lease"> & { call: Call },
): Promise<void> {
  await withBackups(call, world, async (backups) => {
    const from = { kind: "backup", backup } as const;
    const ready = await makeReady(from, backups, { call, world, lease });
    await keepNewer(backups, world);
    await exchange(ready, backups, world, { restart: false });
    await put(backups, world, { event: "restored", backup, summary: `The state of ${backup.name} is in place for a rollback.` });
    if (world.signal.aborted) await startAgain(backups, call);
  });
}

/** No update follows an interruption, and a bot that stands still is mended by nobody. @throws DeckError */
async function startAgain({ place, container, stack }: Backups, { stack: name }: Call): Promise<never> {
  const { host } = place;
  if (container !== undefined) await mustRun(host, docker(host, "start", gatewayName(stack.settings)), { uninterrupted: true });
  const problem =
    "Interrupted after the older state took its place: the newer release runs on it, unproven, and nothing else was changed.";
  throw new DeckError(
    "unknown",
    problem,
    forStack("npx deck rollback # to go on, or `npx deck backup restore --previous`", name),
  );
}

/** What the newer release's people told it is theirs; where it cannot be read, it still lies aside until the next exchange. */
async function keepNewer(backups: Backups, { output, now }: World): Promise<void> {
  output.progress("Keeping the newer state, which the older one takes the place of.");
  const { place, history, about, bot, stack } = backups;
  const why = "before a rollback took an older one";
  const random = randomBytes(4).toString("hex");
  await makeBackup({ place, history, about, bot, why, now, random, retention: stack.settings.backups }).catch((error: Error) =>
    output.progress(`The newer state could not be archived; it is put aside whole. ${error.message}`),
  );
}
