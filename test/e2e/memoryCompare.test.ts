/** Proves on real parts how the `schema` check compares: with roles that only the database has, without quoting a value, and without mending what it judges. */

import assert from "node:assert/strict";
import type { Target } from "../../checks/check.ts";
import { schemaCheck } from "../../checks/schema.ts";
import { assertPasteable } from "../model/pasteable.ts";
import { beforeMigratedMemory, look, type MemoryStack } from "./memoryStack.ts";

interface Fault {
  readonly title: string;
  readonly make: readonly string[];
  readonly mend: readonly string[];
  readonly names: RegExp;
}

const hidden = "hidden-value";

const faults: readonly Fault[] = [
  {
    title: "a trigger of the memory that runs a function elsewhere",
    make: [
      "create schema elsewhere",
      "create function elsewhere.t() returns trigger language plpgsql as 'begin return old; end'",
      `create trigger t before delete on memory.items for each row when (old.key like '${hidden}%') execute function elsewhere.t('${hidden}')`,
    ],
    mend: ["drop schema elsewhere cascade"],
    names: /What depends on function:elsewhere\.t\(\), which no migration makes/,
  },
  {
    title: "a rule of the memory that writes elsewhere",
    make: [
      "create schema elsewhere",
      "create table elsewhere.copy (v text)",
      `create rule spy as on update to memory.items do also insert into elsewhere.copy values ('${hidden}')`,
    ],
    mend: ["drop schema elsewhere cascade"],
    names: /What depends on column:elsewhere\.copy\.v, which no migration makes/,
  },
  {
    title: "what the comparison itself would have to give back",
    make: ["revoke memory_bot, anon from authenticator"],
    mend: ["grant memory_bot, anon to authenticator"],
    names: /GRANT anon TO authenticator \(it was missing.*GRANT memory_bot TO authenticator \(it was missing/,
  },
];

describe("The schema check on real parts, and how it compares", () => {
  let stack: MemoryStack;
  /** As of a hosted project: the comparison has a server of its own. */
  let hosted: Target;
  beforeMigratedMemory((started) => {
    stack = started;
    const { devServices: _none, ...settings } = stack.target.settings;
    hosted = { ...stack.target, settings };
  });

  const run = async (statements: readonly string[]) => {
    for (const statement of statements) await stack.sql(statement);
  };

  for (const { title, make, mend, names } of faults) {
    it(`tells ${title}, and passes again once it is mended`, async () => {
      try {
        await run(make);
        const finding = await look(schemaCheck, stack.target);
        assert.equal(finding.status, "fail", finding.summary);
        assert.match(finding.summary, names);
        assert.ok(!JSON.stringify(finding).includes(hidden));
      } finally {
        await run(mend);
      }
      const mended = await look(schemaCheck, stack.target);
      assert.equal(mended.status, "pass", mended.summary);
    });
  }

  it("leaves a role alone that only the database has, and tells what is granted to it", async () => {
    try {
      await run([
        "create role app login",
        'create role "odd "" name"',
        "alter default privileges for role postgres in schema public grant select on tables to app",
        "grant usage on schema public to app",
      ]);
      const sound = await look(schemaCheck, hosted);
      assert.equal(sound.status, "pass", sound.summary);
      await run(["grant execute on function public.memory_recall(text) to app"]);
      const finding = await look(schemaCheck, hosted);
      assert.equal(finding.status, "fail", finding.summary);
      assert.match(finding.summary, /GRANT EXECUTE ON FUNCTION public\.memory_recall\(text\) TO app/);
    } finally {
      await run(["drop owned by app", "drop role app", 'drop role "odd "" name"']);
    }
  });

  it("tells what it read of the database where it cannot compare", async () => {
    const engine = process.env.DOCKER_HOST;
    process.env.DOCKER_HOST = "unix:///nonexistent/docker.sock";
    try {
      const sound = await look(schemaCheck, hosted);
      assert.equal(sound.status, "error", sound.summary);
      assertPasteable(sound.remedy ?? "");
      await run(["alter role memory_bot bypassrls"]);
      const finding = await look(schemaCheck, hosted);
      assert.equal(finding.status, "fail", finding.summary);
      assert.match(finding.summary, /memory_bot has BYPASSRLS.*could not be compared/);
    } finally {
      if (engine === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = engine;
      await run(["alter role memory_bot nobypassrls"]);
    }
  });
});
