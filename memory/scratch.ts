/** A scratch database on a server of our own, in which the applied migrations are replayed to see what they make. */

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { migrationLabel } from "../model/migrations.ts";
import { type DatabaseAccess, withDatabase } from "./database.ts";
import { memoryFolder, migrationText, readMigrations } from "./files.ts";
import type { AppliedMigration } from "./ledger.ts";

/** A PostgreSQL on our side with a superuser, never the hosted project; disposing ends what was started for it. */
export interface ScratchServer extends AsyncDisposable {
  readonly access: DatabaseAccess;
  /** True where it ends with the comparison; false where the database that is judged lies on it. */
  readonly passing: boolean;
}

/** One database of it; disposing drops it. */
export interface ScratchDatabase extends AsyncDisposable {
  readonly access: DatabaseAccess;
  /** As its server is. */
  readonly passing: boolean;
}

const prefix = "phillbot_scratch_";
/** Older ones were left by a run that was killed. */
const staleAfterMs = 10 * 60_000;

/** A connection that may write: that the server is read-only by default is a finding about it, not about the scratch. */
export function withScratch<T>(access: DatabaseAccess, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> {
  return withDatabase(access, signal, async (client) => {
    await client.query("set default_transaction_read_only = off");
    return work(client);
  });
}

export async function createScratchDatabase(server: ScratchServer, signal: AbortSignal): Promise<ScratchDatabase> {
  const name = `${prefix}${Date.now()}_${randomBytes(4).toString("hex")}`;
  await withScratch(server.access, signal, async (client) => {
    for (const stale of await staleDatabases(client)) await drop(client, stale);
    // `template0` holds what PostgreSQL ships and nothing that somebody added.
    await client.query(`create database ${name} template template0`);
  });
  return {
    access: { ...server.access, address: { ...server.access.address, name } },
    passing: server.passing,
    // Dropped also when the deadline has passed.
    [Symbol.asyncDispose]: () => withScratch(server.access, AbortSignal.timeout(10_000), (client) => drop(client, name)),
  };
}

async function staleDatabases(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ datname: string }>("select datname from pg_database where starts_with(datname, $1)", [
    prefix,
  ]);
  const made = (name: string) => Number(name.slice(prefix.length).split("_")[0]);
  return rows.map(({ datname }) => datname).filter((name) => Date.now() - made(name) > staleAfterMs);
}

async function drop(client: Client, name: string): Promise<void> {
  await client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`);
}

export interface Replay {
  readonly scratch: ScratchDatabase;
  readonly projectRoot: string;
  readonly migrations: readonly AppliedMigration[];
  /** Files of a newer tree, by version: what a migration that this tree lacks is known to say. */
  readonly texts?: ReadonlyMap<string, string>;
  /** The roles of the server that is judged, by name: what is granted to one can be compared only where it is there. */
  readonly roles?: readonly string[];
}

/**
 * Makes what the recorded migrations make, one transaction a migration, as the Supabase CLI did. Of a version that this
 * tree has, the tree's file runs, because a database must not vouch for itself; of one that only the database has, what
 * `texts` holds of it, or else the statements that it recorded. Throws where there are none, or one fails.
 *
 * Roles and their members are the whole server's: where that is the judged one, what the replay had to make there was
 * missing, and one line for each says so.
 */
export async function replay(
  { scratch, projectRoot, migrations, texts, roles = [] }: Replay,
  signal: AbortSignal,
): Promise<string[]> {
  const platform = readFileSync(join(memoryFolder(projectRoot), "supabase", "roles.sql"), "utf8");
  const tree = new Map(readMigrations(projectRoot).map((migration) => [migration.version, migration]));
  return withScratch(scratch.access, signal, async (client) => {
    const before = scratch.passing ? [] : await rolesAndMembers(client);
    await client.query(platform);
    for (const migration of migrations) {
      const own = tree.get(migration.version);
      const text = own === undefined ? texts?.get(migration.version) : migrationText(projectRoot, own);
      await replayOne(client, text === undefined ? recordedStatements(migration) : [text]);
    }
    if (!scratch.passing) return (await rolesAndMembers(client)).filter((line) => !before.includes(line)).map(madeHere);
    // After the replay: a migration may make one of them itself.
    await makeRoles(client, roles);
    return [];
  });
}

/** One line for each role, and for each that is a member of another. */
async function rolesAndMembers(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(`
    select format('CREATE ROLE %I', rolname) as line from pg_roles
    union
    select format('GRANT %I TO %I', granted.rolname, member.rolname)
    from pg_auth_members as link
    join pg_roles as granted on granted.oid = link.roleid
    join pg_roles as member on member.oid = link.member
    order by line`);
  return rows.map(({ line }) => line);
}

function madeHere(line: string): string {
  return `${line} (it was missing, and the comparison has made it)`;
}

/** By name alone: nobody may log in as one of them. */
async function makeRoles(client: Client, names: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "select name from unnest($1::text[]) as name where name not in (select rolname::text from pg_roles)",
    [names],
  );
  const statements = rows.map(({ name }) => `create role ${client.escapeIdentifier(name)} nologin`);
  if (statements.length > 0) await client.query(statements.join("; "));
}

function recordedStatements(migration: AppliedMigration): readonly string[] {
  const { statements } = migration;
  if (statements !== null && statements.length > 0) return statements;
  throw new Error(`The database recorded no statements of ${migrationLabel(migration)}.`);
}

/** One transaction, as the Supabase CLI applies a file. */
export async function replayOne(client: Client, statements: readonly string[]): Promise<void> {
  await client.query("begin");
  for (const statement of statements) await client.query(statement);
  await client.query("commit");
}
