/** Proves on a real database that a platform is known by its exact names: what it brings along is left alone, and nothing else is excused. */

import assert from "node:assert/strict";
import { assertLeftAlone, assertTold, beforeHostedMemory, type HostedFault, type HostedMemory } from "./hostedMemory.ts";

const definer = (name: string) =>
  `create function ${name}() returns setof text language plpgsql security definer
   as 'begin return query select value from memory.items; end'`;

const faults: readonly HostedFault[] = [
  {
    title: "a member of the memory's role whose name is like a platform's",
    make: "set role postgres; create role supabase_spy login; grant memory_api to supabase_spy",
    mend: "drop role supabase_spy",
    names: /^The role supabase_spy is a member of memory_api: revoke memory_api from supabase_spy;$/,
  },
  {
    title: "a platform's role that somebody made a member of the memory's",
    make: "set role postgres; grant memory_api to supabase_auth_admin",
    mend: "revoke memory_api from supabase_auth_admin",
    names: /^The role supabase_auth_admin is a member of memory_api/,
  },
  {
    title: "a login for the Supabase CLI that bears another's name",
    make: "create role cli_login_spy login noinherit; grant postgres to cli_login_spy",
    mend: "drop role cli_login_spy",
    names: /^The role cli_login_spy is a member of postgres, which reaches the memory/,
  },
  {
    title: "a login for the Supabase CLI that bears the name of the memory's role",
    make: "set role postgres; create role cli_login_memory_api login noinherit; grant memory_api to cli_login_memory_api",
    mend: "drop role cli_login_memory_api",
    names: /^The role cli_login_memory_api is a member of memory_api/,
  },
  {
    title: "a login for the Supabase CLI that is a member of more",
    make: "grant memory_api to cli_login_postgres",
    mend: "revoke memory_api from cli_login_postgres",
    names: /^The role cli_login_postgres is a member of memory_api/,
  },
  {
    title: "a function in a platform's schema whose owner's name is like a platform's",
    make: `create role supabase_spy; grant memory_api to supabase_spy; grant create, usage on schema extensions to supabase_spy;
      ${definer("extensions.leak")}; alter function extensions.leak() owner to supabase_spy; revoke memory_api from supabase_spy;
      grant usage on schema memory to supabase_spy; grant select on memory.items to supabase_spy`,
    mend: "drop owned by supabase_spy; drop role supabase_spy",
    names: /^The function extensions\.leak\(\) runs as supabase_spy, who reaches the memory, for anon/,
  },
  {
    title: "a job of a role whose name is like a platform's",
    make: `create role supabase_spy; grant usage on schema memory to supabase_spy; grant delete on memory.items to supabase_spy;
      insert into cron.job (jobname, schedule, command, username) values ('sweep', '0 0 1 1 *', 'delete from memory.items', 'supabase_spy')`,
    mend: "delete from cron.job where jobname = 'sweep'; drop owned by supabase_spy; drop role supabase_spy",
    names: /^The job sweep of pg_cron runs as supabase_spy/,
  },
  {
    title: "a superuser who may log in",
    make: "create role spy login superuser",
    mend: "drop role spy",
    names: /^The role spy has SUPERUSER: alter role spy nosuperuser;$/,
  },
  {
    title: "an event trigger of a platform's name that runs something else",
    make: `create function extensions.note() returns event_trigger language plpgsql as 'begin end';
      create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.note();
      alter function extensions.note() owner to postgres`,
    mend: "drop event trigger pgrst_ddl_watch; drop function extensions.note()",
    names: /^The event trigger pgrst_ddl_watch runs extensions\.note: drop event trigger pgrst_ddl_watch;$/,
  },
  {
    title: "an event trigger of another name that runs a platform's function",
    make: `create function extensions.pgrst_ddl_watch() returns event_trigger language plpgsql as 'begin end';
      create event trigger noticed on ddl_command_end execute function extensions.pgrst_ddl_watch();
      alter function extensions.pgrst_ddl_watch() owner to postgres`,
    mend: "drop event trigger noticed; drop function extensions.pgrst_ddl_watch()",
    names: /^The event trigger noticed runs extensions\.pgrst_ddl_watch/,
  },
  {
    title: "an event trigger that an extension was given",
    make: `create function extensions.note() returns event_trigger language plpgsql as 'begin end';
      create event trigger noticed on ddl_command_end execute function extensions.note();
      alter function extensions.note() owner to postgres; alter extension pgcrypto add event trigger noticed`,
    mend: "alter extension pgcrypto drop event trigger noticed; drop event trigger noticed; drop function extensions.note()",
    names: /^The event trigger noticed runs extensions\.note/,
  },
];

/** An older project's: both were made while `postgres` was a superuser. */
const olderEventTrigger = (name: string, runs: string) => `
  create function ${runs}() returns event_trigger language plpgsql as 'begin end';
  create event trigger ${name} on ddl_command_end execute function ${runs}();
  alter role postgres superuser; alter event trigger ${name} owner to postgres; alter role postgres nosuperuser;
  alter function ${runs}() owner to postgres;`;

const harmless = [
  [
    "an older platform's event triggers, which belong to `postgres`",
    `${olderEventTrigger("issue_pg_net_access", "extensions.grant_pg_net_access")}
     ${olderEventTrigger("issue_pg_cron_access", "extensions.grant_pg_cron_access")}
     ${olderEventTrigger("issue_pg_graphql_access", "extensions.grant_pg_graphql_access")}
     ${olderEventTrigger("pgrst_drop_watch", "extensions.pgrst_drop_watch")}`,
    `drop function extensions.grant_pg_net_access(), extensions.grant_pg_cron_access(),
       extensions.grant_pg_graphql_access(), extensions.pgrst_drop_watch() cascade`,
  ],
  [
    "a newer event trigger of the platform's superuser",
    `create function extensions.note() returns event_trigger language plpgsql as 'begin end';
     create event trigger noticed on ddl_command_end execute function extensions.note()`,
    "drop function extensions.note() cascade",
  ],
  [
    "a platform's own definer function",
    `create schema vault; grant usage on schema vault to anon;
     create function vault.show() returns int language sql security definer as 'select 1'`,
    "drop schema vault cascade",
  ],
  [
    "a REST server that serves queues",
    "alter role authenticator set pgrst.db_schemas = 'public, graphql_public, pgmq_public'",
    "alter role authenticator reset pgrst.db_schemas",
  ],
  [
    "a helper of policies whose owner has no way to the memory",
    `create role helper nologin; create schema private; grant usage on schema private to authenticated;
     create function private.is_admin() returns boolean language sql security definer as 'select true';
     alter function private.is_admin() owner to helper`,
    "drop schema private cascade; drop role helper",
  ],
  [
    "a job of the platform's superuser",
    "insert into cron.job (jobname, schedule, command, username) values ('own', '0 0 1 1 *', 'select 1', 'supabase_admin')",
    "delete from cron.job where jobname = 'own'",
  ],
  [
    "a job of a role without rights on the memory",
    `create role janitor nologin;
     insert into cron.job (jobname, schedule, command, username) values ('tidy', '0 0 1 1 *', 'vacuum', 'janitor')`,
    "delete from cron.job where jobname = 'tidy'; drop role janitor",
  ],
] as const;

describe("The readings of the memory on a hosted project", () => {
  let memory: HostedMemory;
  beforeHostedMemory((started) => {
    memory = started;
  });

  it("leave a platform alone, whoever of its owners migrates", async () => {
    assert.deepEqual(await memory.faults(), []);
    assert.deepEqual(await memory.faults("supabase_admin"), []);
  });

  it("leave its event triggers alone where its superuser migrates", async () => {
    await memory.sql(`create function extensions.pgrst_ddl_watch() returns event_trigger language plpgsql as 'begin end';
      create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_ddl_watch()`);
    try {
      assert.deepEqual(await memory.faults("supabase_admin"), []);
    } finally {
      await memory.sql("drop function extensions.pgrst_ddl_watch() cascade");
    }
  });

  for (const fault of faults) it(`tell ${fault.title}, and nothing once it is mended`, () => assertTold(memory, fault));

  for (const [what, make, mend] of harmless) it(`leave ${what} alone`, () => assertLeftAlone(memory, make, mend));
});
