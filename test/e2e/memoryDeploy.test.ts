/** Proves on a real database that what lies in a deploy's way, or leads into the memory by a connection of its own, is told. */

import { assertLeftAlone, assertTold, beforeHostedMemory, type HostedFault, type HostedMemory } from "./hostedMemory.ts";

const bomb = `set role postgres; create schema elsewhere;
  create function elsewhere.bomb() returns trigger language plpgsql as 'begin delete from memory.items; return new; end';
  create function elsewhere.burst() returns text language plpgsql as 'begin delete from memory.items; return null; end'`;
const away = "drop schema elsewhere cascade";

const server = (options: string) => `create extension postgres_fdw with schema extensions;
  create server back foreign data wrapper postgres_fdw options (${options});
  create schema elsewhere; create foreign table elsewhere.items (value text) server back options (schema_name 'memory');
  grant usage on schema elsewhere to anon`;
const noServer = "drop schema elsewhere cascade; drop extension postgres_fdw cascade";
const mapped = (role: string) => `create user mapping for ${role} server back options (user 'postgres')`;

const faults: readonly HostedFault[] = [
  {
    title: "a trigger on the history of migrations",
    make: `${bomb}; create trigger bomb after insert on supabase_migrations.schema_migrations for each row execute function elsewhere.bomb()`,
    mend: away,
    names: /^The trigger bomb of supabase_migrations\.schema_migrations runs with every deploy: drop trigger bomb on /,
  },
  {
    title: "a trigger on the digests",
    make: `${bomb}; create trigger bomb after insert on memory_deploy.migration_digests for each row execute function elsewhere.bomb()`,
    mend: away,
    names: /^The trigger bomb of memory_deploy\.migration_digests runs with every deploy/,
  },
  {
    title: "a rule on the history of migrations",
    make: "set role postgres; create rule bomb as on insert to supabase_migrations.schema_migrations do also delete from memory.items",
    mend: "drop rule bomb on supabase_migrations.schema_migrations",
    names: /The rule bomb of supabase_migrations\.schema_migrations runs with every deploy: drop rule bomb on /,
  },
  {
    title: "a default in the history of migrations",
    make: `${bomb}; alter table supabase_migrations.schema_migrations add column note text default elsewhere.burst()`,
    mend: `alter table supabase_migrations.schema_migrations drop column note; ${away}`,
    names:
      /^With every deploy, the default value for column note of table supabase_migrations\.schema_migrations uses the function elsewhere\.burst\(\)\.$/,
  },
  {
    title: "a constraint on the digests",
    make: `${bomb}; alter table memory_deploy.migration_digests add constraint burst check (elsewhere.burst() is null)`,
    mend: `alter table memory_deploy.migration_digests drop constraint burst; ${away}`,
    names:
      /^With every deploy, the constraint burst on table memory_deploy\.migration_digests uses the function elsewhere\.burst/,
  },
  {
    title: "a stranger who may change the digests",
    make: `set role postgres; grant usage on schema memory_deploy to anon; grant all on memory_deploy.migration_digests to anon`,
    mend: "revoke usage on schema memory_deploy from anon; revoke all on memory_deploy.migration_digests from anon",
    names: /^anon may change memory_deploy\.migration_digests, which says what is applied: revoke all on .* from anon;$/,
  },
  {
    title: "digests that row security hides from whoever migrates",
    // Without pg_cron: of its jobs, too, some would be hidden, which is an error.
    make: `drop extension pg_cron; alter role postgres nobypassrls; alter table memory_deploy.migration_digests enable row level security, force row level security`,
    mend: `create extension pg_cron; alter role postgres bypassrls; alter table memory_deploy.migration_digests disable row level security, no force row level security`,
    names: /^Row security hides rows of memory_deploy\.migration_digests from every deploy/,
  },
  {
    title: "rows elsewhere that are read as applied migrations",
    make: "set role postgres; create schema elsewhere; create table elsewhere.more () inherits (supabase_migrations.schema_migrations)",
    mend: away,
    names: /^The table elsewhere\.more inherits from supabase_migrations\.schema_migrations\.$/,
  },
  {
    title: "a catalogue of somebody's, which comes before PostgreSQL's own,",
    make: `create schema evil; grant usage on schema evil to public; create view evil.pg_trigger as select * from pg_catalog.pg_trigger where false;
      grant select on evil.pg_trigger to public; alter role postgres set search_path = evil, pg_catalog;
      create schema elsewhere; create function elsewhere.bomb() returns trigger language plpgsql as 'begin return new; end';
      create trigger bomb after insert on memory_deploy.migration_digests for each row execute function elsewhere.bomb()`,
    mend: `alter role postgres reset search_path; drop schema evil cascade; ${away}`,
    names: /^The trigger bomb of memory_deploy\.migration_digests runs with every deploy/,
  },
  {
    title: "a database of somebody else's",
    make: "create role spy login; alter database postgres owner to spy",
    mend: "alter database postgres owner to postgres; drop role spy",
    names: /^The database postgres belongs to spy: alter database postgres owner to postgres;$/,
  },
  {
    title: "a schema `public` of somebody else's",
    make: "create role spy login; alter schema public owner to spy",
    mend: "alter schema public owner to pg_database_owner; drop role spy",
    names: /^The schema public belongs to spy: alter schema public owner to postgres;$/,
  },
  {
    title: "a history of migrations of somebody else's",
    make: "create role spy login; alter schema supabase_migrations owner to spy",
    mend: "alter schema supabase_migrations owner to postgres; drop role spy",
    names: /^The schema supabase_migrations belongs to spy: alter schema supabase_migrations owner to postgres;$/,
  },
  {
    title: "a subscription that writes what is remembered",
    make: `create subscription pull connection 'dbname=other' publication other with (connect = false, slot_name = none, enabled = false);
      insert into pg_subscription_rel (srsubid, srrelid, srsubstate) select oid, 'memory.items'::regclass, 'i' from pg_subscription`,
    mend: "drop subscription pull",
    names: /^The subscription pull writes memory\.items: drop subscription pull;$/,
  },
  {
    title: "a foreign table that leads back for a stranger",
    make: `${server("host '127.0.0.1', dbname 'postgres'")}; ${mapped("anon")}; grant select on elsewhere.items to anon`,
    mend: noServer,
    names: /^The foreign server back may lead back into this database for anon: drop server back cascade;$/,
  },
  {
    title: "a foreign server without a database's name, by which everyone may connect",
    make: `${server("host '127.0.0.1'")}; ${mapped("public")}; grant usage on foreign server back to authenticated`,
    mend: noServer,
    names: /^The foreign server back may lead back into this database for authenticated/,
  },
  {
    title: "a foreign server whose database a mapping may replace",
    make: `create foreign data wrapper bare; create server back foreign data wrapper bare options (dbname 'other');
      create user mapping for anon server back options (dbname 'postgres'); grant usage on foreign server back to anon`,
    mend: "drop foreign data wrapper bare cascade",
    names: /^The foreign server back may lead back into this database for anon/,
  },
  {
    title: "a view of a foreign table by its owner's mapping",
    make: `${server("dbname 'postgres'")}; ${mapped("supabase_admin")}; create view elsewhere.one as select * from elsewhere.items;
      create view elsewhere.two as select * from elsewhere.one; grant select on elsewhere.two to anon`,
    mend: noServer,
    names: /^The foreign server back may lead back into this database for anon/,
  },
];

const harmless = [
  ["a foreign server that only the owner uses", `${server("dbname 'postgres'")}; ${mapped("postgres")}`, noServer],
  [
    "a foreign server of another database",
    `${server("dbname 'other'")}; ${mapped("anon")}; grant select on elsewhere.items to anon`,
    noServer,
  ],
  [
    "a subscription of a table elsewhere",
    `create schema elsewhere; create table elsewhere.own (id int);
     create subscription pull connection 'dbname=other' publication other with (connect = false, slot_name = none, enabled = false);
     insert into pg_subscription_rel (srsubid, srrelid, srsubstate) select oid, 'elsewhere.own'::regclass, 'i' from pg_subscription`,
    "drop subscription pull; drop schema elsewhere cascade",
  ],
  [
    "what others may read of the history of migrations",
    `grant usage on schema supabase_migrations to authenticated; grant select on supabase_migrations.schema_migrations to authenticated;
     alter table supabase_migrations.schema_migrations enable row level security, add column created_by text`,
    `revoke usage on schema supabase_migrations from authenticated; revoke all on supabase_migrations.schema_migrations from authenticated;
     alter table supabase_migrations.schema_migrations disable row level security, drop column created_by`,
  ],
] as const;

describe("The readings of the memory of a deploy's tables, owners and connections", () => {
  let memory: HostedMemory;
  beforeHostedMemory((started) => {
    memory = started;
  });

  for (const fault of faults) it(`tell ${fault.title}, and nothing once it is mended`, () => assertTold(memory, fault));

  for (const [what, make, mend] of harmless) it(`leave ${what} alone`, () => assertLeftAlone(memory, make, mend));
});
