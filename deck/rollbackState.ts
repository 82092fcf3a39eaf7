/** The gateway's state for a rollback: what the update that replaced the older release found, and kept before it went on. */

import { randomBytes } from "node:crypto";
import { docker } from "../host/engine.ts";
import { mustRun } from "../host/ensure.ts";
import type { Backup } from "../model/backup.ts";
import { backupAfter, isEnd } from "../model/deployments.ts";
import { gatewayName } from "../model/layout.ts";
import { forStack } from "../model/operatorCommand.ts";
import { makeBackup } from "../release/backups.ts";
import { type Backups, findBackup, withBackups } from "./backupPlace.ts";
import { exchange, makeReady, put } from "./backupRestore.ts";
import type { Under } from "./bringUp.ts";
import type { Older, Ran } from "./rollbackTarget.ts";
import { runUpdate, type UpdateEnd } from "./update.ts";
import { type Call, DeckError, exitCodes, type World } from "./verb.ts";

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

interface Within extends Pick<Under, "world" | "lease" | "update"> {
  readonly call: Call;
  readonly ran: Ran;
}

/**
 * Puts the older state in place for `update`, which makes the gateway's container anew. The older program is asked first whether
 * it would refuse, and whatever becomes of it, no gateway is left standing still.
 */
export async function withOlderState(backup: Backup, within: Within, update: () => Promise<UpdateEnd>): Promise<UpdateEnd> {
  const { call, world } = within;
  world.output.progress("Asking the older program whether it would refuse, before the gateway stops.");
  const forecast = await runUpdate({ ...within.update, command: "preview" });
  if (forecast.code !== exitCodes.done || forecast.upWouldBeRefused?.length !== 0)
    return { ...forecast, code: forecast.code || exitCodes.unknown, summary: `${forecast.summary} The state is what it was.` };
  if (isInPlace(backup, within.ran)) world.output.progress(`The state of ${backup.name} is in place already.`);
  else await bringStateBack(backup, within);
  let end: UpdateEnd | undefined;
  try {
    end = await update();
    return end;
  } finally {
    if (end?.code !== exitCodes.done) await startWhereItStands(call, world);
  }
}

/**
 * An earlier attempt brought it and was killed: once more, and what the newer release left would be put aside for good. One that
 * ended has started the newer release on it, which may have made another state of it.
 */
function isInPlace({ name }: Backup, { entries }: Ran): boolean {
  const last = entries.findLastIndex(({ event }) => event === "restored");
  const isSame = entries[last]?.backup?.name === name;
  return isSame && !entries.slice(last).some(isEnd);
}

/** A bot that stands still is mended by nobody. */
async function startWhereItStands(call: Call, world: World): Promise<void> {
  await withBackups(call, world, async ({ place, container, stack }) => {
    if (container === undefined || container.isRunning) return;
    const { host } = place;
    await mustRun(host, docker(host, "start", gatewayName(stack.settings)), { uninterrupted: true });
    world.output.progress("The gateway that was there is started again, on the older state.");
  }).catch((error: Error) => world.output.progress(`Whether the gateway runs could not be told. ${error.message}`));
}

async function bringStateBack(backup: Backup, { call, world, lease }: Within): Promise<void> {
  await withBackups(call, world, async (backups) => {
    const from = { kind: "backup", backup } as const;
    const ready = await makeReady(from, backups, { call, world, lease });
    await keepNewer(backups, world);
    await exchange(ready, backups, world, { restart: false });
    await put(backups, world, { event: "restored", backup, summary: `The state of ${backup.name} is in place for a rollback.` });
    if (world.signal.aborted) {
      await startWhereItStands(call, world);
      const problem = "Interrupted after the older state took its place: the newer release runs on it, unproven.";
      throw new DeckError("unknown", problem, forStack("npx deck rollback --with-state # goes on", call.stack));
    }
  });
}

/** What the newer release's people told it is theirs; one that is damaged, which may be why one goes back, lies aside as it is. */
async function keepNewer(backups: Backups, { output, now }: World): Promise<void> {
  output.progress("Keeping the newer state, which the older one takes the place of.");
  const { place, history, about, bot, stack } = backups;
  const why = "before a rollback took an older one";
  const random = randomBytes(4).toString("hex");
  const aside = forStack("npx deck backup restore --previous", stack.stack);
  await makeBackup({ place, history, about, bot, why, now, random, retention: stack.settings.backups }).catch((error: Error) =>
    output.progress(`The newer state could not be archived. ${error.message} It is put aside as it is: ${aside}`),
  );
}
