/** Proves on real parts that the checks tell what may empty the memory, lose what is remembered, or not find it again. */

import assert from "node:assert/strict";
import { memoryCheck } from "../../checks/memory.ts";
import { schemaCheck } from "../../checks/schema.ts";
import { withDatabase } from "../../memory/database.ts";
import { keptFaults } from "../../memory/kept.ts";
import { beforeMigratedMemory, look, type MemoryStack } from "./memoryStack.ts";

interface Way {
  readonly title: string;
  readonly make: readonly string[];
  readonly mend: readonly string[];
  readonly names: RegExp;
  /** What the memory check says, where it does not pass. */
  readonly memory?: RegExp;
}

const empty = "delete from memory.items where key not like 'memory_probe%'";

const reload = "select pg_reload_conf()";

const ways: readonly Way[] = [
  {
    title: "a job that empties the memory",
    make: ["create extension pg_cron", `select cron.schedule('sweep', '0 0 1 1 *', $$${empty}$$)`],
    mend: ["drop extension pg_cron"],
    names: /The job sweep of pg_cron runs as postgres, who reaches the memory: select cron\.unschedule\(\d+\);/,
  },
  {
    title: "a job of the REST server's login, which may become the bot",
    make: [
      "create extension pg_cron",
      "insert into cron.job (jobname, schedule, command, username) values ('login''s', '0 0 1 1 *', 'select 1', 'authenticator')",
    ],
    mend: ["drop extension pg_cron"],
    names: /The job "login's" of pg_cron runs as authenticator, who reaches the memory/,
  },
  {
    title: "a function elsewhere that reads the memory for a login that is nobody's",
    make: [
      "create role spy login",
      "create schema leak",
      "grant usage on schema leak to spy",
      `create function leak.dump() returns setof text language plpgsql security definer
      as 'begin return query select value from memory.items; end'`,
      "revoke execute on function leak.dump() from public",
      "grant execute on function leak.dump() to spy",
    ],
    mend: ["drop schema leak cascade", "drop role spy"],
    names:
      /The function leak\.dump\(\) runs as postgres, who reaches the memory, for spy: revoke execute on function leak\.dump\(\) from spy;/,
  },
  {
    title: "a function elsewhere that reads the memory for everyone",
    make: [
      "create role spy login",
      "create schema leak",
      "grant usage on schema leak to public",
      `create function leak.dump() returns setof text language plpgsql security definer
      as 'begin return query select value from memory.items; end'`,
    ],
    mend: ["drop schema leak cascade", "drop role spy"],
    names: /for anon, authenticated, authenticator, service_role, spy: revoke execute on function leak\.dump\(\) from public;/,
  },
  {
    title: "a foreign key elsewhere that keeps what is to be forgotten",
    make: ["create schema elsewhere", "create table elsewhere.held (key text references memory.items (key))"],
    mend: ["drop schema elsewhere cascade"],
    names:
      /The foreign key held_key_fkey of elsewhere\.held refers to memory\.items, .*: alter table elsewhere\.held drop constraint/,
  },
  ...(
    [
      ["fsync", "off"],
      ["full_page_writes", "off"],
      ["synchronous_commit", "off"],
      ["zero_damaged_pages", "on"],
      ["ignore_checksum_failure", "on"],
      ["autovacuum", "off"],
      ["track_counts", "off"],
    ] as const
  ).map(([name, bad]) => ({
    title: `a server whose ${name} is ${bad}`,
    make: [`alter system set ${name} = ${bad}`, reload],
    mend: [`alter system reset ${name}`, reload],
    names: new RegExp(`The setting ${name} is ${bad}, .*: alter system reset ${name}; select pg_reload_conf\\(\\);`),
  })),
  {
    title: "a REST server that takes damaged pages for empty ones",
    make: ["alter role authenticator set zero_damaged_pages = on"],
    mend: ["alter role authenticator reset zero_damaged_pages"],
    names: /The setting zero_damaged_pages of role authenticator is on, .*: alter role authenticator reset zero_damaged_pages;/,
  },
  {
    title: "a table and its index on another disk",
    make: [
      "alter role postgres set allow_in_place_tablespaces = on",
      "create tablespace elsewhere location ''",
      "alter table memory.items set tablespace elsewhere",
      "alter index memory.items_search set tablespace elsewhere",
    ],
    mend: [
      "alter index memory.items_search set tablespace pg_default",
      "alter table memory.items set tablespace pg_default",
      "drop tablespace elsewhere",
      "alter role postgres reset allow_in_place_tablespaces",
    ],
    names:
      /memory\.items lies in the tablespace elsewhere, .*: alter table memory\.items set tablespace pg_default;.* alter index memory\.items_search set/,
  },
  {
    title: "a sequence that a restore left behind its rows",
    make: ["insert into memory.items (id, key, value) overriding system value values (5000, 'restored', 'restored')"],
    mend: ["delete from memory.items where id = 5000"],
    names:
      /The sequence memory\.items_id_seq gives \d+ next, and memory\.items has used 5000, .*: select setval\('memory\.items_id_seq', \(select max\(id\) from memory\.items\)\);/,
  },
  {
    title: "a database in which nothing waits for the disk",
    make: ["alter database postgres set synchronous_commit = off"],
    mend: ["alter database postgres reset synchronous_commit"],
    names: /The setting synchronous_commit of database postgres is off, .*: alter database postgres reset synchronous_commit;/,
  },
  {
    title: "a REST server that does not wait for the disk",
    make: ["alter role authenticator in database postgres set synchronous_commit = false"],
    mend: ["alter role authenticator in database postgres reset synchronous_commit"],
    names: /role authenticator is off, .*: alter role authenticator in database postgres reset synchronous_commit;/,
  },
  {
    title: "all roles that do not wait for the disk",
    make: ["alter role all set synchronous_commit = off"],
    mend: ["alter role all reset synchronous_commit"],
    names: /of role all is off, .*: alter role all reset synchronous_commit;/,
  },
  {
    title: "a server that does not wait for the disk but for whoever migrates",
    make: ["alter system set synchronous_commit = off", "alter role postgres set synchronous_commit = on", reload],
    mend: ["alter system reset synchronous_commit", "alter role postgres reset synchronous_commit", reload],
    names: /of role postgres hides what the server has: alter role postgres reset synchronous_commit;/,
  },
  {
    title: "a table that a crash empties",
    make: ["alter table memory.items set unlogged"],
    mend: ["alter table memory.items set logged"],
    names: /memory\.items is not logged, .*: alter table memory\.items set logged;/,
  },
  {
    title: "a search that leaves out words",
    make: ["alter text search configuration pg_catalog.simple drop mapping for asciiword, word, numword"],
    mend: ["alter text search configuration pg_catalog.simple add mapping for asciiword, word, numword with pg_catalog.simple"],
    names: /simple add mapping for asciiword with .*simple add mapping for numword with .*simple add mapping for word with/,
    memory: /of 3 words of a canary, memory_search found it by 0\./,
  },
  {
    title: "a search that leaves out words of plain letters alone",
    make: ["alter text search configuration pg_catalog.simple alter mapping for asciiword with pg_catalog.english_stem"],
    mend: ["alter text search configuration pg_catalog.simple alter mapping for asciiword with pg_catalog.simple"],
    names: /does not take each asciiword as it is: .* alter mapping for asciiword with pg_catalog\.simple;/,
  },
  {
    title: "a search whose dictionary leaves out words",
    make: ["alter text search dictionary pg_catalog.simple (stopwords = english)"],
    mend: ["alter text search dictionary pg_catalog.simple (stopwords, accept)"],
    names: /The text search dictionary pg_catalog\.simple has options: /,
  },
  {
    title: "a sequence that is near its end",
    make: ["alter sequence memory.items_id_seq restart with 9223372036854775000"],
    mend: ["alter sequence memory.items_id_seq restart with 1"],
    names: /The sequence memory\.items_id_seq is near its end \(9223372036854775000\)/,
  },
  {
    title: "another superuser who may log in",
    make: ["create role spy login superuser"],
    mend: ["drop role spy"],
    names: /The role spy has SUPERUSER: alter role spy nosuperuser;/,
  },
  {
    title: "a login that may copy the whole server away",
    make: ["create role spy login replication"],
    mend: ["drop role spy"],
    names: /The role spy has REPLICATION: alter role spy noreplication;/,
  },
  {
    title: "a caller's role with powers",
    make: ["alter role authenticated bypassrls createrole"],
    mend: ["alter role authenticated nobypassrls nocreaterole"],
    names:
      /authenticated has BYPASSRLS: alter role authenticated nobypassrls;.*authenticated has CREATEROLE: alter role authenticated no/,
  },
  {
    title: "a grant of what is yet to be made by a role of the memory",
    make: ["alter default privileges for role memory_api grant execute on functions to anon"],
    mend: ["alter default privileges for role memory_api revoke all on functions from anon"],
    names:
      /memory_api makes is granted to anon beforehand: alter default privileges for role memory_api revoke all on functions from anon;/,
  },
];

const harmless: readonly Pick<Way, "title" | "make" | "mend">[] = [
  {
    title: "rows whose sequence is at the last of them",
    make: [
      "insert into memory.items (id, key, value) overriding system value values (5000, 'restored', 'restored')",
      "select setval('memory.items_id_seq', (select max(id) from memory.items))",
    ],
    mend: ["delete from memory.items where id = 5000", "alter sequence memory.items_id_seq restart with 1"],
  },
  {
    title: "a server that keeps counts of functions too, and looks at its pages",
    make: ["alter role authenticator set track_counts = on", "alter role authenticator set zero_damaged_pages = off"],
    mend: ["alter role authenticator reset track_counts", "alter role authenticator reset zero_damaged_pages"],
  },
  {
    title: "jobs that are not active, of another database, or of a role without a way to the memory",
    make: [
      "create extension pg_cron",
      "create role cleaner login",
      `insert into cron.job (jobname, schedule, command, username, database, active) values
        ('idle', '0 0 1 1 *', 'select 1', 'postgres', 'postgres', false),
        ('other', '0 0 1 1 *', 'select 1', 'postgres', 'other', true),
        ('clean', '0 0 1 1 *', 'select 1', 'cleaner', 'postgres', true)`,
    ],
    mend: ["drop extension pg_cron", "drop role cleaner"],
  },
  {
    title: "a superuser who may not log in, and a service's role above row security",
    make: ["create role chief superuser nologin", "create role service nologin bypassrls createdb"],
    mend: ["drop role chief, service"],
  },
  {
    title: "a REST server that waits for a copy too",
    make: ["alter role authenticator set synchronous_commit = remote_write"],
    mend: ["alter role authenticator reset synchronous_commit"],
  },
];

describe("The checks of the memory on real parts, and what the server does to it", () => {
  let stack: MemoryStack;
  beforeMigratedMemory((started) => {
    stack = started;
  });

  /** One by one: some statements refuse to run beside others. */
  const run = async (statements: readonly string[]) => {
    for (const statement of statements) await stack.sql(statement);
  };

  const assertMemory = async (says: RegExp) => {
    const finding = await look(memoryCheck, stack.target);
    assert.equal(finding.status, "fail", finding.summary);
    assert.match(finding.summary, says);
  };

  for (const { title, make, mend, names, memory } of ways) {
    it(`tell ${title}, and pass again once it is mended`, async () => {
      try {
        await run(make);
        const finding = await look(schemaCheck, stack.target);
        assert.equal(finding.status, "fail", finding.summary);
        assert.match(finding.items?.map(({ summary }) => summary).join(" ") ?? "", names);
        if (memory !== undefined) await assertMemory(memory);
      } finally {
        await run(mend);
      }
      const mended = await look(schemaCheck, stack.target);
      assert.equal(mended.status, "pass", mended.summary);
    });
  }

  it("tell a database that does not know every capital, and leave one alone that does", async () => {
    const read = (name: string) => withDatabase(stack.access(name), AbortSignal.timeout(20_000), keptFaults);
    try {
      await run([
        "create database plain template template0 lc_collate 'C' lc_ctype 'C'",
        "create database sorted template template0 lc_collate 'C' lc_ctype 'C.UTF-8'",
      ]);
      assert.match((await read("plain")).join(" "), /^The database plain does not know Ä for the capital of ä \(lc_ctype C\), /);
      assert.deepEqual(await read("sorted"), []);
    } finally {
      await run(["drop database if exists plain", "drop database if exists sorted"]);
    }
  });

  for (const { title, make, mend } of harmless) {
    it(`leave ${title} alone`, async () => {
      try {
        await run(make);
        const finding = await look(schemaCheck, stack.target);
        assert.equal(finding.status, "pass", finding.summary);
      } finally {
        await run(mend);
      }
    });
  }
});
