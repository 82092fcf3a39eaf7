/** Tries pending migrations on a copy of the schema that they would meet, and tells what each would take from the release before. */

import type { Client } from "pg";
import { hiddenLosses } from "../model/hiddenStatements.ts";
import { type Loss, lossesBetween } from "../model/migrationLosses.ts";
import { migrationLabel } from "../model/migrations.ts";
import { keptFaults } from "./kept.ts";
import type { AppliedMigration } from "./ledger.ts";
import { botFault, rememberAsBot } from "./oldSurface.ts";
import { reachFaults } from "./reach.ts";
import { rewriteLosses, watchRewrites } from "./rewrites.ts";
import { roleFaults } from "./roles.ts";
import { readRoutines } from "./routines.ts";
import { createScratchDatabase, replay, replayOne, type ScratchDatabase, type ScratchServer, withScratch } from "./scratch.ts";
import { readSurface } from "./surface.ts";
import { touchedLosses, unwatch, watch } from "./watch.ts";

/** A pending migration with its file's text. */
export interface PendingMigration {
  readonly version: string;
  readonly name: string;
  readonly text: string;
  /** True where it may take something away: what it takes is then no loss. */
  readonly isContract: boolean;
}

export interface Rehearsal {
  /** A server of its own: roles are the whole server's, and a pending migration may drop one. */
  readonly server: ScratchServer;
  readonly projectRoot: string;
  /** What the database says is applied, oldest first. */
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly PendingMigration[];
}

/** What one migration takes away, or why it cannot be applied at all. */
export type Rehearsed = { readonly label: string } & ({ readonly losses: readonly Loss[] } | { readonly failed: string });

/**
 * One entry for each pending migration up to the first that fails, oldest first. Judged by effect, so that it makes no
 * difference how a statement is written or whether it is made at run time; and by its words what runs for rows alone, which a
 * copy has none of.
 */
export async function rehearse(rehearsal: Rehearsal, signal: AbortSignal): Promise<Rehearsed[]> {
  const schema = await onCopy(rehearsal, signal, lossesOfSchema);
  // What watches the rows depends on the columns that are there: it would hinder what already counts as a loss.
  if (schema.some((each) => "failed" in each || each.losses.length > 0)) return schema;
  return onCopy(rehearsal, signal, lossesOfRows);
}

async function onCopy(
  { server, projectRoot, applied, pending }: Rehearsal,
  signal: AbortSignal,
  judge: (client: Client, pending: readonly PendingMigration[]) => Promise<Rehearsed[]>,
): Promise<Rehearsed[]> {
  await using scratch: ScratchDatabase = await createScratchDatabase(server, signal);
  await replay({ scratch, projectRoot, migrations: applied }, signal);
  return await withScratch(scratch.access, signal, (client) => judge(client, pending));
}

async function lossesOfSchema(client: Client, pending: readonly PendingMigration[]): Promise<Rehearsed[]> {
  const remembered = await rememberAsBot(client);
  await watchRewrites(client);
  let [before, known] = [await readSurface(client), new Set(await standingFaults(client))];
  return eachOf(pending, async ({ text, isContract }) => {
    await replayOne(client, [text]);
    const [after, rewritten] = [await readSurface(client), await rewriteLosses(client)];
    const faults = await standingFaults(client);
    if (isContract) {
      [before, known] = [after, new Set(faults)];
      return [];
    }
    const changed = lossesBetween(before, after);
    const brought = faults
      .filter((fault) => !known.has(fault))
      .map((fault) => ({ id: `fault ${fault}`, sentence: `no gate opens after it: ${fault.replace(/\.$/, "")}` }));
    // Another type writes the rows anew as well, and is told by itself.
    const losses = [changed, rewritten, brought].find((each) => each.length > 0) ?? [];
    // What the bot can no longer do has its cause among those, where there are any.
    const fault = remembered && losses.length === 0 ? await botFault(client) : undefined;
    return fault === undefined ? losses : [fault];
  });
}

/** What the `schema` check calls a fault of a database and nobody can waive: then nothing is released, and nothing comes back. */
async function standingFaults(client: Client): Promise<readonly string[]> {
  return [...(await keptFaults(client)), ...(await roleFaults(client)), ...(await reachFaults(client))];
}

async function lossesOfRows(client: Client, pending: readonly PendingMigration[]): Promise<Rehearsed[]> {
  await watch(client);
  return eachOf(pending, async ({ text, isContract }) => {
    if (isContract) await unwatch(client);
    const before = await readRoutines(client);
    await replayOne(client, [text]);
    if (!isContract)
      return [...(await touchedLosses(client)), ...hiddenLosses(text, [...before, ...(await readRoutines(client))])];
    await watch(client);
    return [];
  });
}

/** A loss counts for the first migration that brings it; what comes after one that fails is not tried. */
async function eachOf(
  pending: readonly PendingMigration[],
  lossesOf: (migration: PendingMigration) => Promise<readonly Loss[]>,
): Promise<Rehearsed[]> {
  const told = new Set<string>();
  const all: Rehearsed[] = [];
  for (const migration of pending) {
    const label = migrationLabel(migration);
    try {
      const losses = (await lossesOf(migration)).filter(({ id }) => !told.has(id));
      for (const { id } of losses) told.add(id);
      all.push({ label, losses });
    } catch (error) {
      const { code, message } = error as { code?: unknown; message?: unknown };
      // Only the database's own no is about the migration.
      if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code) || /^(08|57)/.test(code)) throw error;
      all.push({ label, failed: `${code}: ${String(message).slice(0, 200)}` });
      return all;
    }
  }
  return all;
}
