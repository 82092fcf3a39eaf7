/** A memory as a hosted Supabase project has it: its owner `postgres` is no superuser, beside a platform with roles of its own. */

import assert from "node:assert/strict";
import type { DatabaseAccess } from "../../memory/database.ts";
import { schemaStatus } from "../../memory/status.ts";
import { migrate, projectRoot, startMemory, withWritable } from "./memoryStack.ts";

export interface HostedMemory {
  /** Runs statements as the platform's superuser; `set role postgres` makes them the project owner's. */
  sql(text: string): Promise<void>;
  /** What the readings beside the comparison of the schemas tell, as the role that migrates. */
  faults(user?: string): Promise<string[]>;
}

/** One fault: statements that make it and take it back, and what is told of it meanwhile. */
export interface HostedFault {
  readonly title: string;
  readonly make: string;
  readonly mend: string;
  readonly names: RegExp;
}

/** For a suite of tests: such a memory of its own, with this tree's migrations. */
export function beforeHostedMemory(use: (memory: HostedMemory) => void): void {
  let starting: ReturnType<typeof startMemory> | undefined;
  before(async () => {
    starting = startMemory();
    const stack = await starting;
    const access = (user: string): DatabaseAccess => ({ ...stack.access(), address: { ...stack.access().address, user } });
    const run = (user: string, text: string) => withWritable(access(user), async (client) => void (await client.query(text)));
    const password = access("postgres").password.reveal();
    // The bootstrap superuser is the platform's there; nobody renames the role of an own session.
    await run("postgres", `create role boot superuser login password '${password}'`);
    await run("boot", "alter role postgres rename to supabase_admin");
    await run("supabase_admin", `drop role boot; ${platform(password)}`);
    await migrate(access("postgres"));
    use({
      sql: (text) => run("supabase_admin", text),
      faults: (user = "postgres") =>
        schemaStatus({ projectRoot, database: access(user), signal: AbortSignal.timeout(20_000) }).then(
          ({ reachFaults, roleFaults }) => [...reachFaults, ...roleFaults],
        ),
    });
  });
  // Also where `before` ran out of time: what it started then is still removed.
  after(async () => (await starting?.catch(() => undefined))?.[Symbol.asyncDispose]());
}

/** Told while it is there, and nothing once it is mended. */
export async function assertTold({ sql, faults }: HostedMemory, { make, mend, names }: HostedFault): Promise<void> {
  await sql(make);
  try {
    assert.match((await faults()).join(" "), names);
  } finally {
    await sql(mend);
  }
  assert.deepEqual(await faults(), []);
}

/** Makes what is no fault, sees that it is not taken for one, and takes it away. */
export async function assertLeftAlone({ sql, faults }: HostedMemory, make: string, mend: string): Promise<void> {
  await sql(make);
  try {
    assert.deepEqual(await faults(), []);
  } finally {
    await sql(mend);
  }
}

/** What such a platform brings along, as far as it could be taken for somebody's. */
function platform(password: string): string {
  return `
    create role postgres login createrole createdb replication bypassrls password '${password}';
    alter database postgres owner to postgres;
    grant anon, authenticated, service_role, authenticator, pg_read_all_data to postgres with admin option;
    grant all on schema public, extensions to postgres with grant option;
    create role supabase_auth_admin login noinherit createrole;
    create role supabase_storage_admin login noinherit createrole; grant authenticator to supabase_storage_admin;
    grant supabase_auth_admin, supabase_storage_admin to postgres;
    create role supabase_read_only_user login bypassrls; grant pg_read_all_data to supabase_read_only_user;
    create role supabase_etl_admin login replication bypassrls; grant pg_read_all_data to supabase_etl_admin;
    create role dashboard_user createrole createdb replication; grant all on schema extensions to dashboard_user;
    create role pgbouncer login; create schema pgbouncer authorization pgbouncer;
    create function pgbouncer.get_auth(text) returns text language sql security definer as 'select $1';
    alter function pgbouncer.get_auth(text) owner to postgres;
    revoke execute on function pgbouncer.get_auth(text) from public; grant execute on function pgbouncer.get_auth(text) to pgbouncer;
    create role cli_login_postgres login noinherit; grant postgres to cli_login_postgres;
    create schema realtime; grant usage on schema realtime to anon, authenticated;
    create function realtime.send() returns int language sql security definer as 'select 1';
    create schema auth authorization supabase_auth_admin; create table auth.users (id int);
    create extension pg_cron`;
}
