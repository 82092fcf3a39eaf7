/** Proves on real parts that the checks judge the database that the bot uses, by this tree's word, and see what no schema comparison shows. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Client } from "pg";
import type { Target } from "../../checks/check.ts";
import { memoryCheck } from "../../checks/memory.ts";
import { schemaCheck } from "../../checks/schema.ts";
import { type DatabaseAddress, withDatabase } from "../../memory/database.ts";
import { jobFaults } from "../../memory/jobs.ts";
import { keptFaults } from "../../memory/kept.ts";
import { reachFaults } from "../../memory/reach.ts";
import { roleFaults } from "../../memory/roles.ts";
import { Secret } from "../../model/secret.ts";
import { beforeMigratedMemory, look, type MemoryStack, migrate, withWritable } from "./memoryStack.ts";

interface Way {
  readonly title: string;
  readonly make: string;
  readonly mend: string;
  readonly names: RegExp;
}

const newest = "(select max(version) from supabase_migrations.schema_migrations)";

const ways: readonly Way[] = [
  {
    title: "a rogue column that the database recorded as its migration's",
    make: `alter table memory.items add column rogue text;
      update supabase_migrations.schema_migrations set statements = array_append(statements, 'alter table memory.items add column rogue text')
      where version = ${newest}`,
    mend: `alter table memory.items drop column rogue;
      update supabase_migrations.schema_migrations set statements = statements[:cardinality(statements) - 1] where version = ${newest}`,
    names: /ADD COLUMN rogue/,
  },
  {
    title: "a table elsewhere that inherits from the memory's",
    make: "create schema elsewhere; create table elsewhere.child () inherits (memory.items)",
    mend: "drop schema elsewhere cascade",
    names: /The table elsewhere\.child inherits from memory\.items/,
  },
  {
    title: "a view elsewhere that reads the memory's",
    make: "create schema elsewhere; create view elsewhere.leak as select value from memory.items",
    mend: "drop schema elsewhere cascade",
    names: /elsewhere\.leak reads memory\.items/,
  },
  {
    title: "a publication of every table",
    make: "create publication leak for all tables",
    mend: "drop publication leak",
    names: /The publication leak sends memory\.items away/,
  },
  {
    title: "others who are members of the memory's roles",
    make: "create role guest nologin; grant memory_api to guest; grant memory_bot to anon; grant memory_api to authenticator",
    mend: "revoke memory_api from guest, authenticator; revoke memory_bot from anon; drop role guest",
    names: /authenticator is a member of memory_api.*guest is a member of memory_api.*anon is a member of memory_bot/,
  },
  {
    title: "a caller's role that is a member of whoever migrates",
    make: "grant postgres to authenticated",
    mend: "revoke postgres from authenticated",
    names: /authenticated is a member of postgres, which reaches the memory: revoke postgres from authenticated;/,
  },
  {
    title: "a caller's role that is a member of whoever migrates through another",
    make: "create role middle nologin; grant postgres to middle; grant middle to authenticated",
    mend: "revoke middle from authenticated; drop role middle",
    names: /authenticated is a member of postgres through middle, which reaches the memory: revoke middle from authenticated;/,
  },
  {
    title: "a member of the memory's own role through another",
    make: "create role middle nologin; grant memory_api to middle; grant middle to anon",
    mend: "revoke middle from anon; drop role middle",
    names: /anon is a member of memory_api through middle: revoke middle from anon;/,
  },
  {
    title: "another who may become the REST server's login",
    make: "create role guest login; grant authenticator to guest",
    mend: "revoke authenticator from guest; drop role guest",
    names: /guest is a member of memory_bot through authenticator: revoke authenticator from guest;/,
  },
  {
    title: "a caller's role that may read all data",
    make: "grant pg_read_all_data to anon",
    mend: "revoke pg_read_all_data from anon",
    names: /anon is a member of pg_read_all_data, which reaches the memory/,
  },
  {
    title: "a REST server that may make others members",
    make: "grant memory_bot to authenticator with admin option",
    mend: "revoke admin option for memory_bot from authenticator",
    names: /authenticator may make others members of memory_bot/,
  },
  {
    title: "a setting of a role of the memory",
    make: "alter role memory_bot set role = 'service_role'",
    mend: "alter role memory_bot reset all",
    names: /The role memory_bot has a setting of its own: role\./,
  },
  {
    title: "a setting of a role of the memory in this database alone",
    make: "alter role memory_api in database postgres set row_security = off",
    mend: "alter role memory_api in database postgres reset all",
    names: /The role memory_api has a setting of its own: row_security\./,
  },
  {
    title: "a REST server that is told to serve the private schema",
    make: "alter role authenticator set pgrst.db_schemas = 'public, memory'",
    mend: "alter role authenticator reset pgrst.db_schemas",
    names: /The setting pgrst\.db_schemas of role authenticator .*: alter role authenticator reset pgrst\.db_schemas;/,
  },
  {
    title: "a function elsewhere that reads the memory for a stranger",
    make: `create schema leak; grant usage on schema leak to anon;
      create function leak.dump() returns setof text language plpgsql security definer
      as 'begin return query select value from memory.items; end'`,
    mend: "drop schema leak cascade",
    names:
      /The function leak\.dump\(\) runs as postgres, who reaches the memory, for anon: revoke execute on function leak\.dump\(\) from public;/,
  },
  {
    title: "a function elsewhere that asks the memory as the bot",
    make: `create schema leak; grant usage on schema leak to authenticated;
      create function leak.dump() returns setof text language plpgsql security definer
      as 'begin return query select value from public.memory_search('''', 100); end';
      alter function leak.dump() owner to memory_bot`,
    mend: "drop schema leak cascade",
    names: /The function leak\.dump\(\) runs as memory_bot/,
  },
  {
    title: "a REST server that is told to serve another schema",
    make: "alter role authenticator set pgrst.db_schemas = 'public,leak'",
    mend: "alter role authenticator reset pgrst.db_schemas",
    names: /alter role authenticator reset pgrst\.db_schemas;/,
  },
  {
    title: "a REST server that is told to search another schema, in this database alone",
    make: "alter role authenticator in database postgres set pgrst.db_extra_search_path = 'public,leak'",
    mend: "alter role authenticator in database postgres reset pgrst.db_extra_search_path",
    names: /alter role authenticator in database postgres reset pgrst\.db_extra_search_path;/,
  },
  {
    title: "a function that the REST server is told to run before each request, for the whole database",
    make: "alter database postgres set pgrst.db_pre_request = 'leak.hook'",
    mend: "alter database postgres reset pgrst.db_pre_request",
    names: /alter database postgres reset pgrst\.db_pre_request;/,
  },
  {
    title: "an event trigger",
    make: `create schema elsewhere; create function elsewhere.note() returns event_trigger language plpgsql as 'begin end';
      create event trigger noticed on ddl_command_end execute function elsewhere.note()`,
    mend: "drop event trigger noticed; drop schema elsewhere cascade",
    names: /The event trigger noticed runs elsewhere\.note/,
  },
];

const harmless = [
  [
    "a platform's limits on the REST server's login",
    `alter role authenticator set statement_timeout = '8s'; alter role authenticator set pgrst.db_max_rows = '1000';
     alter role authenticator set pgrst.db_schemas = 'public, graphql_public';
     alter role authenticator set pgrst.db_extra_search_path = 'public,extensions'`,
    "alter role authenticator reset all",
  ],
  [
    "a membership of a superuser, who gains nothing by it,",
    "create role chief superuser nologin; grant memory_api to chief",
    "drop role chief",
  ],
  [
    "a definer function that no stranger may call, and one whose owner has no way to the memory",
    `create role guest nologin; create schema elsewhere; grant usage on schema elsewhere to anon;
     create function elsewhere.closed() returns bigint language sql security definer as 'select count(*) from memory.items';
     revoke execute on function elsewhere.closed() from public;
     create function elsewhere.open() returns int language sql security definer as 'select 1';
     alter function elsewhere.open() owner to guest`,
    "drop schema elsewhere cascade; drop role guest",
  ],
  [
    "an event trigger of a platform's own superuser",
    `create role chief superuser nologin; create schema elsewhere;
     create function elsewhere.note() returns event_trigger language plpgsql as 'begin end';
     create event trigger noticed on ddl_command_end execute function elsewhere.note();
     alter event trigger noticed owner to chief; alter function elsewhere.note() owner to chief`,
    "drop event trigger noticed; drop schema elsewhere cascade; drop role chief",
  ],
] as const;

describe("The checks of the memory on real parts, and what reaches into it", () => {
  let stack: MemoryStack;
  beforeMigratedMemory((started) => {
    stack = started;
  });

  const remembered = async () => {
    const { rows } = await withWritable(stack.access(), (client) => client.query("select key from memory.items"));
    return rows;
  };
  const targetAt = (address: Partial<DatabaseAddress>): Target => {
    const { memory, ...settings } = stack.target.settings;
    return { ...stack.target, settings: { ...settings, memory: { ...memory, database: { ...memory.database, ...address } } } };
  };

  for (const { title, make, mend, names } of ways) {
    it(`tell ${title}, and pass again once it is mended`, async () => {
      await stack.sql(make);
      try {
        const finding = await look(schemaCheck, stack.target);
        assert.equal(finding.status, "fail", finding.summary);
        assert.match(finding.items?.map(({ summary }) => summary).join(" ") ?? "", names);
      } finally {
        await stack.sql(mend);
      }
      const mended = await look(schemaCheck, stack.target);
      assert.equal(mended.status, "pass", mended.summary);
    });
  }

  for (const [what, make, mend] of harmless) {
    it(`leave ${what} alone`, async () => {
      await stack.sql(make);
      try {
        const finding = await look(schemaCheck, stack.target);
        assert.equal(finding.status, "pass", finding.summary);
      } finally {
        await stack.sql(mend);
      }
    });
  }

  it("leave alone whoever migrates, without a superuser's rights, as on a hosted project", async () => {
    const password = new Secret(randomBytes(16).toString("hex"));
    await stack.sql(`create role migrator login createrole password '${password.reveal()}';
      grant memory_api, memory_bot to migrator with admin option;
      grant anon, authenticated, service_role, authenticator, pg_read_all_data to migrator;
      create role supabase_storage_admin login noinherit; grant authenticator to supabase_storage_admin;
      grant usage on schema memory to migrator; grant select on sequence memory.items_id_seq to migrator;
      create role supabase_admin superuser login replication; create role dashboard_user nologin createrole replication;
      create role pgbouncer login; create schema pgbouncer; grant usage on schema pgbouncer to pgbouncer;
      create function pgbouncer.get_auth() returns int language sql security definer as 'select 1';
      create extension pg_cron; insert into cron.job (jobname, schedule, command, username) values ('own', '0 0 1 1 *', 'select 1', 'supabase_admin');
      alter role migrator bypassrls; create role supabase_read_only_user login bypassrls; grant pg_read_all_data to supabase_read_only_user;
      create role cli_login_migrator login noinherit; grant migrator to cli_login_migrator`);
    try {
      const address = { ...stack.access().address, user: "migrator" };
      const read = async (client: Client) => [
        await roleFaults(client),
        await reachFaults(client),
        await keptFaults(client),
        await jobFaults(client),
      ];
      assert.deepEqual(await withDatabase({ address, password }, AbortSignal.timeout(20_000), read), [[], [], [], []]);
      const others = await look(schemaCheck, stack.target);
      assert.match(
        others.items?.map(({ summary }) => summary).join(" ") ?? "",
        /cli_login_migrator is a member of memory_api through migrator.*The role migrator is a member of memory_api/,
      );
    } finally {
      await stack.sql(`drop extension if exists pg_cron; drop schema if exists pgbouncer cascade; drop owned by migrator;
        drop role cli_login_migrator, supabase_storage_admin, supabase_read_only_user, supabase_admin, dashboard_user, pgbouncer, migrator`);
    }
  });

  it("pass where the bot's memory is the database that is migrated, and leave nothing in it", async () => {
    const finding = await look(memoryCheck, stack.target);
    assert.equal(finding.status, "pass", finding.summary);
    assert.equal(finding.measured.bySql, "found");
    assert.deepEqual(await remembered(), []);
  });

  it("tell a migrated database that is not the one that the bot uses", async () => {
    const other = await stack.database();
    await migrate(other);
    const target = targetAt(other.address);
    const [schema, memory] = await Promise.all([look(schemaCheck, target), look(memoryCheck, target)]);
    assert.equal(schema.status, "pass", schema.summary);
    assert.equal(memory.status, "fail", memory.summary);
    assert.match(memory.summary, /lead to different databases/);
    assert.ok(memory.summary.includes(other.address.name));
    assert.ok(memory.summary.includes(new URL(stack.target.settings.memory.url).host));
    assert.deepEqual(await remembered(), []);
  });

  it("tell a database without a memory from the one that the bot uses", async () => {
    const { address } = await stack.database();
    const finding = await look(memoryCheck, targetAt(address));
    assert.equal(finding.status, "fail", finding.summary);
    assert.equal(finding.measured.bySql, "42P01");
    assert.deepEqual(await remembered(), []);
  });

  it("do not guess where the database cannot be asked", async () => {
    const secrets = new Map([...stack.target.secrets, ["MEMORY_DATABASE_PASSWORD", new Secret("wrong")]]);
    for (const target of [targetAt({ port: 1 }), { ...stack.target, secrets }]) {
      const finding = await look(memoryCheck, target);
      assert.equal(finding.status, "error", finding.summary);
      assert.match(finding.summary, /could not be told/);
      assert.deepEqual(await remembered(), []);
    }
  });

  it("do not take rows that a policy hides for another database", async () => {
    const password = stack.target.secrets.get("MEMORY_DATABASE_PASSWORD") ?? new Secret("");
    await stack.sql(`create role reader login password '${password.reveal()}';
      grant usage on schema memory to reader; grant select on memory.items to reader`);
    try {
      const finding = await look(memoryCheck, targetAt({ user: "reader" }));
      assert.equal(finding.status, "error", finding.summary);
      assert.equal(finding.measured.bySql, "42501");
      assert.deepEqual(await remembered(), []);
    } finally {
      await stack.sql("drop owned by reader; drop role reader");
    }
  });
});
