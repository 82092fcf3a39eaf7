/** Proves on a real database that what runs for others with rights on the memory is told, in an extension too. */

import assert from "node:assert/strict";
import { assertTold, beforeHostedMemory, type HostedFault, type HostedMemory } from "./hostedMemory.ts";

const reading = (name: string) =>
  `create function ${name}() returns setof text language sql security definer as 'select value from memory.items'`;

const faults: readonly HostedFault[] = [
  {
    title: "a trigger elsewhere that shows the memory to whoever inserts, though nobody may execute its function",
    make: `set role postgres; create schema elsewhere; grant usage on schema elsewhere to anon;
      create table elsewhere.box (v text); grant insert, select on elsewhere.box to anon;
      create function elsewhere.fill() returns trigger language plpgsql security definer
      as $$begin new.v := (select string_agg(value, ',') from memory.items); return new; end$$;
      revoke execute on function elsewhere.fill() from public;
      create trigger filled before insert on elsewhere.box for each row execute function elsewhere.fill()`,
    mend: "drop schema elsewhere cascade",
    names:
      /^The function elsewhere\.fill\(\) runs as postgres, who reaches the memory, by trigger filled on elsewhere\.box: drop trigger filled on elsewhere\.box;$/,
  },
  {
    title: "a trigger on a platform's table",
    make: `create schema private authorization postgres;
      create function private.hook() returns trigger language plpgsql security definer as 'begin delete from memory.items; return new; end';
      alter function private.hook() owner to postgres; revoke execute on function private.hook() from public;
      create trigger signed_up after insert on auth.users for each row execute function private.hook()`,
    mend: "drop schema private cascade",
    names: /by trigger signed_up on auth\.users: drop trigger signed_up on auth\.users;$/,
  },
  {
    title: "an aggregate elsewhere that runs what nobody may execute",
    make: `set role postgres; create schema elsewhere;
      create function elsewhere.step(text, text) returns text language sql security definer
      as $$select string_agg(value, ',') from memory.items$$;
      revoke execute on function elsewhere.step(text, text) from public;
      create aggregate elsewhere.leak(text) (sfunc = elsewhere.step, stype = text)`,
    mend: "drop schema elsewhere cascade",
    names: /by aggregate elsewhere\.leak\(text\): drop aggregate elsewhere\.leak\(text\);$/,
  },
  {
    title: "a function of the project's that a platform's service may call",
    make: `set role postgres; create schema private; grant usage on schema private to supabase_auth_admin; ${reading("private.hook")};
      revoke execute on function private.hook() from public; grant execute on function private.hook() to supabase_auth_admin`,
    mend: "drop schema private cascade",
    names:
      /^The function private\.hook\(\) runs as postgres, .* for supabase_auth_admin: revoke execute .* from supabase_auth_admin;$/,
  },
  {
    title: "a function elsewhere that may only empty the memory",
    make: `create role sweeper; grant usage on schema memory to sweeper; grant delete on memory.items to sweeper;
      create schema elsewhere; grant usage on schema elsewhere to anon;
      create function elsewhere.sweep() returns void language sql security definer as 'delete from memory.items';
      alter function elsewhere.sweep() owner to sweeper`,
    mend: "drop schema elsewhere cascade; drop owned by sweeper; drop role sweeper",
    names: /^The function elsewhere\.sweep\(\) runs as sweeper, who reaches the memory, for anon/,
  },
  {
    title: "a function that an extension was given",
    make: `${reading("public.leak")}; alter extension pgcrypto add function public.leak()`,
    mend: "alter extension pgcrypto drop function public.leak(); drop function public.leak()",
    names: /^The function public\.leak\(\) runs as supabase_admin, who reaches the memory, for anon/,
  },
  {
    title: "a view that an extension was given",
    make: `create view public.leak as select value from memory.items; alter extension pgcrypto add view public.leak`,
    mend: "alter extension pgcrypto drop view public.leak; drop view public.leak",
    names: /^public\.leak reads memory\.items\.$/,
  },
  {
    title: "a table that an extension was given, whose rows are remembered ones",
    make: `create table public.child () inherits (memory.items); alter extension pgcrypto add table public.child`,
    mend: "alter extension pgcrypto drop table public.child; drop table public.child",
    names: /^The table public\.child inherits from memory\.items\.$/,
  },
  {
    title: "a function of the memory that an extension was given",
    make: "alter extension pgcrypto add function public.memory_recall(text)",
    mend: "alter extension pgcrypto drop function public.memory_recall(text)",
    names:
      /^The extension pgcrypto hides function public\.memory_recall\(text\): alter extension pgcrypto drop function public\.memory_recall\(text\);$/,
  },
  {
    title: "a parent elsewhere by which the memory is read",
    make: `create schema elsewhere; create table elsewhere.base (value text not null); alter table elsewhere.base owner to postgres;
      alter table memory.items inherit elsewhere.base`,
    mend: "alter table memory.items no inherit elsewhere.base; drop schema elsewhere cascade",
    names: /^The table memory\.items inherits from elsewhere\.base\.$/,
  },
];

describe("The readings of the memory of what runs for others", () => {
  let memory: HostedMemory;
  beforeHostedMemory((started) => {
    memory = started;
  });

  for (const fault of faults) it(`tell ${fault.title}, and nothing once it is mended`, () => assertTold(memory, fault));

  it("leave what an extension brings in `public` alone", async () => {
    const extensions = [
      "citext",
      "hstore",
      "ltree",
      "pg_trgm",
      "pg_stat_statements",
      "postgres_fdw",
      "dblink",
      "tablefunc",
      "unaccent",
    ];
    await memory.sql(extensions.map((name) => `create extension ${name} with schema public`).join("; "));
    try {
      await assertNothing();
    } finally {
      await memory.sql(`drop extension ${extensions.join(", ")}`);
    }
  });

  it("leave a function alone that none but whoever may become the owner can call", async () => {
    await memory.sql(
      `alter role cli_login_postgres inherit; set role postgres; create schema private; ${reading("private.own")}`,
    );
    try {
      await assertNothing();
    } finally {
      await memory.sql("drop schema private cascade; alter role cli_login_postgres noinherit");
    }
  });

  it("leave a trigger alone whose function runs as whoever fires it, and one whose owner has no way to the memory", async () => {
    await memory.sql(`create role helper; create schema elsewhere; create table elsewhere.box (v text);
      create function elsewhere.as_caller() returns trigger language plpgsql as 'begin return new; end';
      create function elsewhere.as_helper() returns trigger language plpgsql security definer as 'begin return new; end';
      alter function elsewhere.as_helper() owner to helper;
      create trigger first before insert on elsewhere.box for each row execute function elsewhere.as_caller();
      create trigger second before insert on elsewhere.box for each row execute function elsewhere.as_helper()`);
    try {
      await assertNothing();
    } finally {
      await memory.sql("drop schema elsewhere cascade; drop role helper");
    }
  });

  const assertNothing = async () => assert.deepEqual(await memory.faults(), []);
});
