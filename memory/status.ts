/** How this tree's migrations stand in a database: what `deck schema status` lists and the `schema` check judges. */

import type { ClientBase } from "pg";
import { compareMigrations, type MigrationStatus } from "../model/migrations.ts";
import { type DatabaseAccess, withDatabase } from "./database.ts";
import { readMigrations } from "./files.ts";
import { jobFaults } from "./jobs.ts";
import { keptFaults } from "./kept.ts";
import { type AppliedMigration, readLedger } from "./ledger.ts";
import { reachFaults } from "./reach.ts";
import { roleFaults } from "./roles.ts";

export interface SchemaStatus {
  /** Every version that either side knows, oldest first. */
  readonly migrations: readonly MigrationStatus[];
  /** What the database recorded, oldest first. */
  readonly recorded: readonly AppliedMigration[];
  /** Rights, members and settings that the memory's roles should not have, one sentence each. */
  readonly roleFaults: readonly string[];
  /** What reaches into the memory from outside its schemas, jobs among it, one sentence each. */
  readonly reachFaults: readonly string[];
  /** What may lose what is remembered, or not find it again, one sentence each. */
  readonly keptFaults: readonly string[];
  /** The server's roles, by name. */
  readonly roles: ServerRoles;
}

export interface ServerRoles {
  /** Whoever migrates, and so owns what migrations make. */
  readonly owner: string;
  /** All but PostgreSQL's own. */
  readonly names: readonly string[];
}

/** How the migrations stand, and nothing else of the schema. Throws node-postgres' errors where the database does not answer. */
export function migrationStatuses({ projectRoot, database, signal }: SchemaStatusOptions): Promise<MigrationStatus[]> {
  const tree = readMigrations(projectRoot);
  return withDatabase(database, signal, async (client) => compareMigrations(tree, await readLedger(client)));
}

export interface SchemaStatusOptions {
  readonly projectRoot: string;
  readonly database: DatabaseAccess;
  readonly signal: AbortSignal;
}

/** Reads only. Throws node-postgres' errors where the database does not answer. */
export async function schemaStatus({ projectRoot, database, signal }: SchemaStatusOptions): Promise<SchemaStatus> {
  const tree = readMigrations(projectRoot);
  return withDatabase(database, signal, async (client) => {
    // A path that somebody set could name a schema before PostgreSQL's own, with a catalogue of its own in it.
    await client.query("set search_path = pg_catalog");
    const recorded = await readLedger(client);
    const migrations = compareMigrations(tree, recorded);
    const reach = [...(await reachFaults(client)), ...(await jobFaults(client))];
    const [roles, kept] = [await roleFaults(client), await keptFaults(client)];
    const base = { migrations, recorded, roles: await readRoles(client) };
    return { ...base, roleFaults: roles, reachFaults: reach, keptFaults: kept };
  });
}

async function readRoles(client: ClientBase): Promise<ServerRoles> {
  const { rows } = await client.query<ServerRoles>(`
    select current_user::text as owner,
      array(select rolname::text from pg_roles where rolname !~ '^pg_' order by 1) as names`);
  return rows[0] ?? { owner: "", names: [] };
}
