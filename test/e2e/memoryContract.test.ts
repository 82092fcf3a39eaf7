/** Proves on a real PostgreSQL that a migration which takes something from the release before is refused before it is applied, however it is written. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { memoryCheck } from "../../checks/memory.ts";
import { refuseStep, unjudgedStep } from "../../checks/pendingMigrations.ts";
import { schemaCheck } from "../../checks/schema.ts";
import { schemaCheckVerb } from "../../deck/schemaCheck.ts";
import { isAdmitted } from "../../memory/admission.ts";
import { type DatabaseAccess, withDatabase } from "../../memory/database.ts";
import { readMigrations } from "../../memory/files.ts";
import { readLedger } from "../../memory/ledger.ts";
import { applyMigrations } from "../../memory/migrate.ts";
import { rehearse } from "../../memory/rehearse.ts";
import type { ScratchServer } from "../../memory/scratch.ts";
import { readSurface } from "../../memory/surface.ts";
import type { Needing } from "../../model/contractMigration.ts";
import { callOf, worldIn } from "../deck/verbCalls.ts";
import { Repository } from "../release/gitFixture.ts";
import { destructive, earlier } from "./destructiveMigrations.ts";
import { beforeMigratedMemory, look, type MemoryStack, migrate, projectRoot, treeCopy } from "./memoryStack.ts";

const additive = `
  create table memory.topics (id bigint generated always as identity primary key, name text not null unique);
  alter table memory.items add column topic bigint references memory.topics, add column pinned boolean not null default false;
  update memory.items set pinned = key like 'pin %';
  create index on memory.items (topic);
  create function public.memory_topics(p_limit integer default 20) returns table (name text)
  language sql stable security definer set search_path = '' as $$ select topics.name from memory.topics limit p_limit $$;
  revoke all on function public.memory_topics(integer) from public;
  grant execute on function public.memory_topics(integer) to memory_bot`;

const [base] = readMigrations(projectRoot);
const bounded = () => AbortSignal.timeout(90_000);

describe("A migration that a real PostgreSQL would be changed by", () => {
  let stack: MemoryStack;
  beforeMigratedMemory((started) => {
    stack = started;
  });

  /** Each with the one before it applied: a server that is thrown away stands in for one of its own. */
  const tried = async (texts: readonly string[], contracts: readonly number[] = []) => {
    const server: ScratchServer = { access: stack.access(), passing: true, [Symbol.asyncDispose]: async () => {} };
    const applied = [
      { ...base, sha256: null, statements: null, version: base?.version ?? "", name: "" },
      { version: "20990101000000", name: "earlier", sha256: null, statements: [earlier] },
    ];
    const pending = texts.map((text, n) => ({
      ...{ version: `2999010${n + 1}000000`, name: "later", text },
      isContract: contracts.includes(n),
    }));
    return rehearse({ server, projectRoot, applied, pending }, bounded());
  };
  const sentences = async (...texts: string[]) =>
    (await tried(texts)).map((each) => ("failed" in each ? each.failed : each.losses.map(({ sentence }) => sentence).join("; ")));

  for (const [title, sql, names] of destructive) {
    it(`is refused where it ${title}`, async () => {
      const [found = ""] = await sentences(sql);
      assert.match(found, names);
    });
  }

  it("is not refused where it only adds", async () => {
    assert.deepEqual(await sentences(additive), [""]);
  });

  it("is not refused for what a function of it would do, or for what a type leaves as it is", async () => {
    const functions = `
      create function memory.prune() returns void language plpgsql as $$
      begin if exists (select from memory.notes) then delete from memory.notes; end if; end $$;
      create table memory.stray (id int);
      alter table memory.stray alter column id type bigint`;
    assert.deepEqual(await sentences(functions, "alter table memory.notes add column size int default 1"), ["", ""]);
  });

  it("may write rows anew as a contract, and no later one that is none", async () => {
    const anew = "alter table memory.notes alter column item type bigint using item + 1";
    const found = await tried([anew, "select 1", anew], [0]);
    assert.deepEqual(
      found.map((each) => ("losses" in each ? each.losses.map(({ sentence }) => sentence) : each.failed)),
      [[], [], ["it writes what is in memory.notes anew"]],
    );
  });

  it("may take away what comes with the same update", async () => {
    assert.deepEqual(await sentences("create table memory.brief (id int)", "drop table memory.brief"), ["", ""]);
  });

  it("is refused for what it takes away, and no later one for it again", async () => {
    const [first = "", second] = await sentences("alter table memory.notes drop column item", "select 1");
    assert.match(first, /notes\.item is gone/);
    assert.equal(second, "");
  });

  it("is told as failing where it fails, and what follows is not tried", async () => {
    assert.deepEqual(await sentences("select 1 / 0", "select 1"), ["22012: division by zero"]);
  });

  it("may take away as a contract, and no later one that is none", async () => {
    const found = await tried(["delete from memory.notes; drop view memory.shown", "drop trigger stamp on memory.notes"], [0]);
    assert.deepEqual(
      found.map((each) => ("losses" in each ? each.losses.map(({ sentence }) => sentence) : each.failed)),
      [[], ["the trigger stamp on memory.notes is gone"]],
    );
    const rows = await tried(["drop view memory.shown; delete from memory.notes", "delete from memory.notes"], [0]);
    assert.deepEqual(
      rows.map((each) => ("losses" in each ? each.losses.map(({ sentence }) => sentence) : each.failed)),
      [[], ["it removes rows of memory.notes"]],
    );
  });

  describe("in the database that the bot uses", () => {
    const later = "29990101000000_later.sql";
    const all = () =>
      withDatabase(stack.access(), bounded(), async (client) => ({
        ledger: await readLedger(client),
        surface: await readSurface(client),
        rows: (await client.query("select key, value, updated_at from memory.items order by key")).rows,
      }));
    const update = async (
      root: string,
      {
        needing = { doubt: "it cannot be told" },
        database = stack.access(),
      }: { needing?: Needing; database?: DatabaseAccess } = {},
    ) => {
      const step = await unjudgedStep({ projectRoot: root, signal: bounded() }, database);
      const blockers =
        step === undefined ? [] : await refuseStep(step, { projectRoot: root, needing: async () => needing, signal: bounded() });
      const applied = await applyMigrations({
        ...{ projectRoot: root, database, signal: bounded() },
        isAdmitted: (asked) => isAdmitted(root, asked),
      });
      return { reasons: blockers.map(({ reason }) => reason).join(" "), applied };
    };
    before(() => stack.sql("select public.memory_remember('tea', 'green')"));

    for (const [title, text, names] of [
      [
        "takes something away",
        "drop function public.memory_forget(text) cascade;",
        /later` takes something from the release before it.*Expand first/,
      ],
      ["deletes", "delete from memory.items;", /it removes rows of memory\.items|not recalled/],
      [
        "is a contract and nobody can say which releases may come back",
        "-- contract: nobody forgets\n-- last needed by: 1.0.0\ndrop function public.memory_forget(text) cascade;",
        /it cannot be told/,
      ],
      [
        "names no release that needs it",
        "-- contract: nobody forgets\ndrop function public.memory_forget(text) cascade;",
        /last needed by/,
      ],
    ] as const) {
      it(`is refused before it is applied where it ${title}, and nothing is changed`, async () => {
        await using tree = await treeCopy();
        await writeFile(join(tree.migrations, later), `${text}\n`);
        const before = await all();
        const { reasons, applied } = await update(tree.root);
        assert.match(reasons, names);
        assert.equal(applied.outcome, "refused");
        assert.match(applied.message, /was not judged/);
        assert.deepEqual(await all(), before);
      });
    }

    it("is applied where it only adds; the release before then works, is as its migrations made it, and applies nothing", async () => {
      await using tree = await treeCopy();
      await writeFile(join(tree.migrations, later), `${additive};\n`);
      try {
        const { reasons, applied } = await update(tree.root);
        assert.equal(reasons, "");
        assert.equal(applied.outcome, "applied", applied.message);
        const memory = await look(memoryCheck, stack.target);
        assert.equal(memory.status, "pass", memory.summary);
        const schema = await look(schemaCheck, stack.target);
        assert.equal(schema.status, "pass", schema.summary);
        assert.match(schema.summary, /ahead of this tree by 29990101000000_later/);
        assert.equal((await update(projectRoot)).applied.outcome, "ahead");
      } finally {
        await stack.sql(`drop function public.memory_topics; alter table memory.items drop column topic, drop column pinned;
          drop table memory.topics; delete from supabase_migrations.schema_migrations where version = '29990101000000'`);
      }
    });

    it("is applied as a contract once no release that needs what goes can come back", async () => {
      const database = await stack.database();
      await migrate(database);
      await using tree = await treeCopy();
      const text = "-- contract: nobody forgets\n-- last needed by: 1.1.0\ndrop function public.memory_forget(text) cascade;\n";
      await writeFile(join(tree.migrations, later), text);
      const early = await update(tree.root, { needing: ["1.0.0"], database });
      assert.match(early.reasons, /1\.0\.0 may still come back/);
      assert.equal(early.applied.outcome, "refused");
      const { reasons, applied } = await update(tree.root, { needing: [], database });
      assert.equal(reasons, "");
      assert.equal(applied.outcome, "applied", applied.message);
    });
  });

  it("is told without a database, by what was committed before", async () => {
    using repository = new Repository();
    const migrations = "memory/supabase/migrations";
    const copied = [`${migrations}/${base?.version}_${base?.name}.sql`, "memory/supabase/roles.sql"];
    repository.commit(Object.fromEntries(copied.map((path) => [path, readFileSync(join(projectRoot, path), "utf8")])));
    const check = async (text: string) => {
      repository.write({ [`${migrations}/29990101000000_later.sql`]: text });
      const world = worldIn(repository.folder, { signal: bounded() });
      return schemaCheckVerb.run(callOf(schemaCheckVerb, "dev", { args: ["HEAD"] }), world);
    };
    const added = await check(`${additive};\n`);
    assert.equal(added.code, 0, added.text);
    const taken = await check("drop function public.memory_forget(text) cascade;\n");
    assert.equal(taken.code, 4, taken.text);
    assert.match(taken.text, /memory_forget\(text\) is gone/);
  });

  it("is never asked about where nothing was applied before, a contract or not", async () => {
    const empty = await stack.database();
    assert.equal(await unjudgedStep({ projectRoot, signal: bounded() }, empty), undefined);
    await using tree = await treeCopy();
    const contract = "-- contract: nobody forgets\n-- last needed by: 1.1.0\ndrop function public.memory_forget(text) cascade;\n";
    await writeFile(join(tree.migrations, "29990101000000_later.sql"), contract);
    assert.equal(await unjudgedStep({ projectRoot: tree.root, signal: bounded() }, empty), undefined);
    const applied = await applyMigrations({
      ...{ projectRoot, database: empty, signal: bounded() },
      isAdmitted: (step) => isAdmitted(projectRoot, step),
    });
    assert.equal(applied.outcome, "applied");
  });
});
