/** What a database knows of the migrations applied to it: the Supabase CLI's history, and beside it our digest of each file. */

import type { ClientBase } from "pg";
import type { Migration, RecordedMigration } from "../model/migrations.ts";

/** One applied migration with the statements that the CLI recorded, oldest first; null where it recorded none. */
export interface AppliedMigration extends RecordedMigration {
  readonly statements: readonly string[] | null;
}

/**
 * Makes the table of digests. It is the deploy's own, in a schema of its own, and no migration: it must be there before
 * the first one, and is therefore no part of what the drift comparison looks at.
 */
export async function ensureDigests(client: ClientBase): Promise<void> {
  await client.query(`
    create schema if not exists memory_deploy;
    revoke all on schema memory_deploy from public;
    create table if not exists memory_deploy.migration_digests (
      version text primary key,
      sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
      recorded_at timestamptz not null default now()
    )`);
}

/**
 * Keeps the digest of each file, replacing an earlier one. Done before the files are pushed, so that an interruption
 * between the two leaves no applied migration without a digest; a digest of what was never applied means nothing.
 */
export async function recordDigests(client: ClientBase, migrations: readonly Migration[]): Promise<void> {
  await client.query(
    `insert into memory_deploy.migration_digests (version, sha256)
     select * from unnest($1::text[], $2::text[])
     on conflict (version) do update set sha256 = excluded.sha256, recorded_at = now()`,
    [migrations.map(({ version }) => version), migrations.map(({ sha256 }) => sha256)],
  );
}

/** Every applied migration, oldest first; none where nothing was ever applied. */
export async function readLedger(client: ClientBase): Promise<AppliedMigration[]> {
  if (!(await exists(client, "supabase_migrations.schema_migrations"))) return [];
  const digest = (await exists(client, "memory_deploy.migration_digests"))
    ? "(select sha256 from memory_deploy.migration_digests as digests where digests.version = history.version)"
    : "null";
  const { rows } = await client.query<AppliedMigration>(
    `select version, coalesce(name, '') as name, statements, ${digest} as sha256
     from supabase_migrations.schema_migrations as history order by version`,
  );
  return rows;
}

async function exists(client: ClientBase, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [table]);
  return rows[0]?.there === true;
}
