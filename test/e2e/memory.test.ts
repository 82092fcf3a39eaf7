/** Proves on real parts what the checks `memory` and `schema` say of each fault of the database, and that each has a way back. */

import assert from "node:assert/strict";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { memoryCheck } from "../../checks/memory.ts";
import { schemaCheck } from "../../checks/schema.ts";
import type { CheckStatus, Finding } from "../../model/check.ts";
import { Secret } from "../../model/secret.ts";
import { beforeMigratedMemory, docker, look, type MemoryStack, migrate, treeCopy, withWritable } from "./memoryStack.ts";

interface Fault {
  readonly title: string;
  /** Makes the fault; returns what undoes it. */
  readonly make: (stack: MemoryStack) => Promise<() => Promise<void>>;
  readonly memory: CheckStatus;
  readonly schema: CheckStatus;
  /** What the summary of a check that does not pass names. */
  readonly names: RegExp;
}

const bySql = (make: string, mend: string) => async (stack: MemoryStack) => {
  await stack.sql(make);
  return () => stack.sql(mend);
};

/** What waits for a lock is as slow as the one who holds it. */
const locked =
  (mode: string) =>
  async ({ access }: MemoryStack) => {
    const held = Promise.withResolvers<void>();
    const enough = Promise.withResolvers<void>();
    const holding = withWritable(access(), async (client) => {
      await client.query(`begin; lock table memory.items in ${mode} mode`);
      held.resolve();
      await enough.promise;
    });
    await Promise.race([held.promise, holding]);
    return async () => {
      enough.resolve();
      await holding;
    };
  };

const forget = "public.memory_forget(text)";
const body = (text: string) =>
  `create or replace function public.memory_forget(p_key text) returns boolean language sql volatile security definer
   set search_path = '' set lock_timeout = '4s' as $body$${text}$body$`;

const faults: readonly Fault[] = [
  {
    title: "the bot's role without the right to insert",
    make: bySql(
      "revoke execute on function public.memory_remember(text, text) from memory_bot",
      "grant execute on function public.memory_remember(text, text) to memory_bot",
    ),
    memory: "fail",
    schema: "fail",
    names: /memory_remember/,
  },
  {
    title: "the functions without the right to insert",
    make: bySql("revoke insert on memory.items from memory_api", "grant insert on memory.items to memory_api"),
    memory: "fail",
    schema: "fail",
    names: /items/,
  },
  {
    title: "a function that a stranger may call",
    make: bySql(
      "grant execute on function public.memory_recall(text) to anon",
      "revoke execute on function public.memory_recall(text) from anon",
    ),
    memory: "fail",
    schema: "fail",
    names: /memory_recall/,
  },
  {
    title: "a read-only database",
    make: async (stack) => {
      await stack.sql("alter system set default_transaction_read_only = on");
      await stack.sql("select pg_reload_conf()");
      return async () => {
        await stack.sql("alter system reset default_transaction_read_only");
        await stack.sql("select pg_reload_conf()");
      };
    },
    memory: "fail",
    schema: "pass",
    names: /read-only \(25006/,
  },
  { title: "a database that is slow to write", make: locked("exclusive"), memory: "error", schema: "pass", names: /55P03/ },
  { title: "a slow database", make: locked("access exclusive"), memory: "error", schema: "error", names: /55P03|lock timeout/ },
  {
    title: "a stopped database",
    make: async (stack) => {
      await docker("stop", stack.postgres);
      return async () => {
        await docker("start", stack.postgres);
        await stack.untilUp();
      };
    },
    memory: "error",
    schema: "error",
    names: /could not be/,
  },
  {
    title: "a rogue column",
    make: bySql("alter table memory.items add column rogue text", "alter table memory.items drop column rogue"),
    memory: "pass",
    schema: "fail",
    names: /ADD COLUMN rogue/,
  },
  {
    title: "a function that was replaced",
    make: async (stack) => {
      await stack.sql(
        body(
          "with gone as (delete from memory.items where items.key = p_key returning 1) select true or exists (select from gone)",
        ),
      );
      return () =>
        stack.sql(
          body(`
  with gone as (delete from memory.items where items.key = p_key returning 1)
  select exists (select from gone)
`),
        );
    },
    memory: "pass",
    schema: "fail",
    names: /FUNCTION public\.memory_forget/,
  },
  {
    title: "a function given to another owner",
    make: bySql(
      `alter function ${forget} owner to postgres`,
      `grant create on schema public to memory_api; alter function ${forget} owner to memory_api; revoke create on schema public from memory_api`,
    ),
    memory: "pass",
    schema: "fail",
    names: /memory_forget/,
  },
  {
    title: "a stray grant",
    make: bySql("grant select on memory.items to authenticated", "revoke select on memory.items from authenticated"),
    memory: "pass",
    schema: "fail",
    names: /GRANT SELECT ON TABLE memory\.items TO authenticated/,
  },
  {
    title: "row security switched off",
    make: bySql("alter table memory.items disable row level security", "alter table memory.items enable row level security"),
    memory: "pass",
    schema: "fail",
    names: /DISABLE ROW LEVEL SECURITY/,
  },
  {
    title: "a role of the memory that is more than it should be",
    make: bySql(
      "alter role memory_bot bypassrls; grant service_role to memory_bot",
      "alter role memory_bot nobypassrls; revoke service_role from memory_bot",
    ),
    memory: "pass",
    schema: "fail",
    names: /memory_bot has BYPASSRLS.*memory_bot is a member of service_role/,
  },
];

describe("The checks of the memory on real parts", () => {
  let stack: MemoryStack;
  beforeMigratedMemory((started) => {
    stack = started;
  });

  const both = async () => {
    const [memory, schema] = await Promise.all([look(memoryCheck, stack.target), look(schemaCheck, stack.target)]);
    return { memory, schema };
  };
  const statusOf = (findings: Record<"memory" | "schema", Finding>) =>
    `memory ${findings.memory.status}, schema ${findings.schema.status}`;
  const assertGreen = async () => {
    const findings = await both();
    assert.equal(statusOf(findings), "memory pass, schema pass", JSON.stringify(findings));
  };
  const assertNoSecret = (findings: object) => {
    const text = JSON.stringify(findings);
    for (const [name, secret] of stack.target.secrets) assert.ok(!text.includes(secret.reveal()), name);
  };

  it("pass, and leave no scratch database behind", async () => {
    await assertGreen();
    const { rows } = await withWritable(stack.access(), (client) =>
      client.query("select datname from pg_database where datname like 'phillbot_scratch%'"),
    );
    assert.deepEqual(rows, []);
  });

  for (const fault of faults) {
    it(`tell ${fault.title} (memory ${fault.memory}, schema ${fault.schema}), and are green again once it is mended`, async () => {
      const mend = await fault.make(stack);
      const started = performance.now();
      try {
        const findings = await both();
        assert.equal(statusOf(findings), `memory ${fault.memory}, schema ${fault.schema}`, JSON.stringify(findings));
        for (const finding of [findings.memory, findings.schema].filter(({ status }) => status !== "pass")) {
          assert.match(finding.summary, fault.names);
          assert.ok(finding.remedy);
        }
        assertNoSecret(findings);
        assert.ok(performance.now() - started < memoryCheck.deadlineMs + schemaCheck.deadlineMs);
      } finally {
        await mend();
      }
      await assertGreen();
    });
  }

  it("tell a slow database within the memory check's deadline", async () => {
    const mend = await faults.find(({ title }) => title === "a slow database")?.make(stack);
    const started = performance.now();
    const finding = await look(memoryCheck, stack.target);
    await mend?.();
    assert.equal(finding.status, "error");
    assert.ok(performance.now() - started < memoryCheck.deadlineMs);
  });

  it("tell a key that the server does not know", async () => {
    const secrets = new Map([...stack.target.secrets, ["MEMORY_BOT_KEY", new Secret("unknown")]]);
    const finding = await look(memoryCheck, { ...stack.target, secrets });
    assert.equal(finding.status, "fail");
    assert.match(finding.summary, /MEMORY_BOT_KEY/);
  });

  it("do not take a publishable key that the server does not know for a refusal", async () => {
    const secrets = new Map([...stack.target.secrets, ["MEMORY_PUBLISHABLE_KEY", new Secret("unknown")]]);
    assert.equal((await look(memoryCheck, { ...stack.target, secrets })).status, "inconclusive");
  });

  it("tell a publishable key that is the bot's own", async () => {
    const bot = stack.target.secrets.get("MEMORY_BOT_KEY") ?? new Secret("");
    const finding = await look(memoryCheck, {
      ...stack.target,
      secrets: new Map([...stack.target.secrets, ["MEMORY_PUBLISHABLE_KEY", bot]]),
    });
    assert.equal(finding.status, "fail");
    assert.match(finding.summary, /memory_recall, memory_search, memory_forget, memory_probe/);
  });

  it("tell an applied migration that was edited, and one that is not applied, by name", async () => {
    await using tree = await treeCopy();
    await appendFile(join(tree.migrations, "20261122000000_shared_memory.sql"), "\n-- edited\n");
    await writeFile(join(tree.migrations, "29990101000000_later.sql"), "select 1;\n");
    const finding = await look(schemaCheck, { ...stack.target, projectRoot: tree.root });
    assert.equal(finding.status, "fail");
    assert.deepEqual(
      finding.items?.map(({ id }) => id),
      ["edited:20261122000000_shared_memory", "pending:29990101000000_later"],
    );
  });

  it("pass a database that is ahead by a migration that it recorded, and name it", async () => {
    await using tree = await treeCopy();
    await writeFile(join(tree.migrations, "29990101000000_later.sql"), "alter table memory.items add column later text;\n");
    await migrate(stack.access(), tree.root);
    try {
      const finding = await look(schemaCheck, stack.target);
      assert.equal(finding.status, "pass", finding.summary);
      assert.match(finding.summary, /ahead of this tree by 29990101000000_later/);
      // Where sign-off is required, the database's own word for it is not enough.
      const settings = { ...stack.target.settings, requireSignOff: true };
      const strict = await look(schemaCheck, { ...stack.target, settings });
      assert.equal(strict.status, "inconclusive", strict.summary);
    } finally {
      await stack.sql(
        "alter table memory.items drop column later; delete from supabase_migrations.schema_migrations where version = '29990101000000'",
      );
    }
    await assertGreen();
  });

  it("compare with a container of their own where the stack has no development services", async () => {
    const { devServices: _none, ...settings } = stack.target.settings;
    const containers = () => docker("ps", "--all", "--quiet", "--filter", "label=phillbot.purpose=scratch");
    const before = await containers();
    const finding = await look(schemaCheck, { ...stack.target, settings });
    assert.equal(finding.status, "pass", finding.summary);
    assert.equal(await containers(), before);
  });
});
