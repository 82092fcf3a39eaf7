/** Proves on a real PostgreSQL how migrations are applied: once, forward only, one deploy at a time, and what the roles may. */

import assert from "node:assert/strict";
import { appendFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execute } from "../../host/execute.ts";
import { type DatabaseAccess, withDatabase } from "../../memory/database.ts";
import { readMigrations } from "../../memory/files.ts";
import { schemaStatus } from "../../memory/status.ts";
import { inState } from "../../model/migrations.ts";
import { type MemoryStack, migrate, projectRoot, startMemory, treeCopy } from "./memoryStack.ts";

const bounded = () => AbortSignal.timeout(60_000);
const own = readMigrations(projectRoot).map(({ version, name }) => `${version}_${name}`);
const later = "29990101000000_later";

describe("Migrations on a real PostgreSQL", () => {
  let stack: MemoryStack;
  let starting: Promise<MemoryStack> | undefined;
  let database: DatabaseAccess;
  before(async () => {
    starting = startMemory();
    stack = await starting;
  });
  // Also where `before` ran out of time: what it started then is still removed.
  after(async () => (await starting?.catch(() => undefined))?.[Symbol.asyncDispose]());
  const apply = (root = projectRoot) => migrate(database, root);
  const states = async (root = projectRoot) =>
    (await schemaStatus({ projectRoot: root, database, signal: bounded() })).migrations;
  const query = async (sql: string) => (await withDatabase(database, bounded(), (client) => client.query(sql))).rows;
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => "done",
      (error: { code?: string }) => error.code,
    );

  describe("are applied", () => {
    beforeEach(async () => {
      database = await stack.database();
    });

    it("once: what is pending, and nothing the second time", async () => {
      const first = await apply();
      assert.equal(first.outcome, "applied");
      assert.deepEqual(first.applied, own);
      const second = await apply();
      assert.equal(second.outcome, "up-to-date");
      assert.deepEqual(second.applied, []);
      assert.deepEqual(inState(await states(), "applied"), own);
    });

    it("leaves a database that is ahead alone, and says so", async () => {
      await using newer = await treeCopy();
      await writeFile(join(newer.migrations, `${later}.sql`), "alter table memory.items add column later text;\n");
      await apply(newer.root);
      const result = await apply();
      assert.equal(result.outcome, "ahead");
      assert.deepEqual(result.ahead, [later]);
      assert.deepEqual(inState(await states(), "ahead"), [later]);
      assert.equal(
        (await query("select from information_schema.columns where table_schema = 'memory' and column_name = 'later'")).length,
        1,
      );
    });

    it("applies nothing to a database that is ahead, not even what is pending", async () => {
      await using newer = await treeCopy();
      await writeFile(join(newer.migrations, `${later}.sql`), "select 1;\n");
      await apply(newer.root);
      await rm(join(newer.migrations, `${later}.sql`));
      await writeFile(join(newer.migrations, "29990202000000_other.sql"), "create table public.other (id int);\n");
      const result = await apply(newer.root);
      assert.equal(result.outcome, "ahead");
      assert.deepEqual(result.pending, ["29990202000000_other"]);
      assert.deepEqual(await query("select to_regclass('public.other') as other"), [{ other: null }]);
    });

    it("refuses an applied migration that was edited, by name, before anything is pushed", async () => {
      await apply();
      await using edited = await treeCopy();
      await appendFile(join(edited.migrations, `${own[0]}.sql`), "\n-- edited\n");
      await writeFile(join(edited.migrations, `${later}.sql`), "create table public.late (id int);\n");
      const result = await apply(edited.root);
      assert.equal(result.outcome, "refused");
      assert.deepEqual(result.edited, [own[0]]);
      assert.match(result.message, new RegExp(`edited \\(${own[0]}\\)`));
      assert.deepEqual(await query("select to_regclass('public.late') as late"), [{ late: null }]);
    });

    it("keeps the earlier files of a push that fails midway, and finishes when the file is mended", async () => {
      await using tree = await treeCopy();
      await writeFile(join(tree.migrations, `${later}.sql`), "create table public.half (id int);\nselect 1 / 0;\n");
      await assert.rejects(apply(tree.root));
      const midway = await states(tree.root);
      assert.deepEqual(inState(midway, "applied"), own);
      assert.deepEqual(inState(midway, "pending"), [later]);
      assert.deepEqual(await query("select to_regclass('public.half') as half"), [{ half: null }]);
      await writeFile(join(tree.migrations, `${later}.sql`), "create table public.half (id int);\n");
      assert.deepEqual((await apply(tree.root)).applied, [later]);
    });

    it("lets of two deploys at once exactly one apply, and the other find nothing left", async () => {
      const outcomes = (await Promise.all([apply(), apply()])).map(({ outcome }) => outcome);
      assert.deepEqual(outcomes.sort(), ["applied", "up-to-date"]);
    });

    it("takes over what was pushed by hand with this tree's content, and refuses it with another", async () => {
      await apply();
      await query("delete from memory_deploy.migration_digests");
      assert.deepEqual(inState(await states(), "unrecorded"), own);
      assert.equal((await apply()).outcome, "up-to-date");
      assert.deepEqual(inState(await states(), "applied"), own);
      await query("delete from memory_deploy.migration_digests");
      await query("update supabase_migrations.schema_migrations set statements[1] = 'select 2'");
      assert.equal((await apply()).outcome, "refused");
    });

    it("runs as a program of its own, which takes the password from standard input and prints one result", async () => {
      const program = [process.execPath, join(projectRoot, "memory/apply.ts")];
      const run = async (document: unknown) => execute(program, { stdin: JSON.stringify(document), timeoutMs: 60_000 });
      const good = await run({ database: database.address, password: database.password.reveal() });
      assert.equal(good.code, 0, good.stderr);
      assert.deepEqual(JSON.parse(good.stdout).applied, own);
      const wrong = `wrong-${database.password.reveal()}`;
      for (const document of [
        { database: database.address, password: wrong },
        { database: { ...database.address, port: "x" }, password: wrong },
      ]) {
        const bad = await run(document);
        assert.equal(bad.code, 1);
        assert.equal(JSON.parse(bad.stdout).outcome, "failed");
        assert.ok(!`${bad.stdout}${bad.stderr}`.includes(wrong));
      }
    });
  });

  describe("make roles that", () => {
    before(async () => {
      database = await stack.database();
      await apply();
    });
    const as = (role: string, sql: string) =>
      codeOf(
        withDatabase(database, bounded(), async (client) => {
          // As the REST server: logged in as `authenticator`, a member of the role that the key names.
          await client.query(`begin; set local session authorization authenticator; set local role ${role}`);
          const { rows } = await client.query(sql);
          await client.query("rollback");
          return rows;
        }),
      );
    const functions = [
      "select * from public.memory_remember('k', 'v')",
      "select * from public.memory_recall('k')",
      "select * from public.memory_search('k')",
      "select public.memory_forget('k')",
      "select public.memory_probe('nonce')",
    ];

    for (const sql of functions) {
      it(`let the bot, and nobody else, call ${sql.match(/memory_[a-z]+/)?.[0]}`, async () => {
        assert.equal(await as("memory_bot", sql), "done");
        for (const role of ["anon", "authenticated", "service_role", "authenticator"])
          assert.equal(await as(role, sql), "42501", role);
      });
    }

    for (const sql of [
      "select * from memory.items",
      "insert into memory.items (key, value) values ('k', 'v')",
      "update memory.items set value = 'v'",
      "delete from memory.items",
      "truncate memory.items",
      "select nextval('memory.items_id_seq')",
      "create table public.mine (id int)",
      "create table memory.mine (id int)",
      "select * from memory_deploy.migration_digests",
      "set local role memory_api",
    ]) {
      it(`refuse the bot: ${sql}`, async () => assert.equal(await as("memory_bot", sql), "42501"));
    }

    it("keep a function's search path out of the caller's hands", async () => {
      const trick =
        "set local search_path = pg_temp; create temp table items (key text, value text); select public.memory_probe('nonce')";
      assert.equal(await as("memory_bot", trick), "done");
    });
  });

  describe("make functions that", () => {
    before(async () => {
      database = await stack.database();
      await apply();
    });
    beforeEach(() => query("delete from memory.items"));

    it("find by key and by any word, newest value only, and forget once", async () => {
      await query(
        "select public.memory_remember('tea', 'Phill mag grünen Tee'), public.memory_remember('tea', 'Phill mag schwarzen Tee')",
      );
      assert.deepEqual(
        (await query("select value from public.memory_recall('tea')")).map(({ value }) => value),
        ["Phill mag schwarzen Tee"],
      );
      assert.equal((await query("select from public.memory_search('schwarzen phill')")).length, 1);
      assert.equal((await query("select from public.memory_search('grünen')")).length, 0);
      assert.deepEqual(await query("select public.memory_forget('tea') as first, public.memory_forget('none') as other"), [
        { first: true, other: false },
      ]);
      assert.equal((await query("select from public.memory_recall('tea')")).length, 0);
    });

    for (const [what, key, value, code] of [
      ["an empty key", "''", "'v'", "23514"],
      ["a key that is too long", "repeat('k', 201)", "'v'", "23514"],
      ["a value that is too long", "'k'", "repeat('v', 16001)", "23514"],
      ["no value", "'k'", "null", "23502"],
    ] as const) {
      it(`refuse ${what}`, async () =>
        assert.equal(await codeOf(query(`select public.memory_remember(${key}, ${value})`)), code));
    }

    it("take the longest key and value, in the widest characters", async () => {
      await query("select public.memory_remember(repeat('🙂', 200), repeat('🙂 ', 8000))");
      assert.equal((await query("select from public.memory_recall(repeat('🙂', 200))")).length, 1);
    });

    it("give at most a hundred rows, whatever is asked for", async () => {
      await query("select public.memory_remember('key ' || n, 'word') from generate_series(1, 120) as n");
      assert.equal((await query("select from public.memory_search('word', 1000000)")).length, 100);
      assert.equal((await query("select from public.memory_search('word', -1)")).length, 1);
      assert.equal((await query("select from public.memory_search('word')")).length, 20);
    });

    it("leave nothing of a probe", async () => {
      await query("select public.memory_probe('nonce')");
      assert.deepEqual(await query("select key from memory.items"), []);
    });
  });
});
