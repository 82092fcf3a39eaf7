/** Proves how a schema comparison becomes lines that name what differs and quote no definition. */

import assert from "node:assert/strict";
import { driftLines, headOf, splitStatements, strangerIn } from "../../memory/drift.ts";

describe("splitStatements", () => {
  for (const [what, sql, statements] of [
    ["ends a statement at a semicolon", "a;\n\nb;", ["a", "b"]],
    ["keeps one without a semicolon at the end", "a; b", ["a", "b"]],
    ["keeps semicolons in quotes", "select ';'; select \"a;b\"", ["select ';'", 'select "a;b"']],
    ["keeps semicolons in doubled quotes", "select 'it''s; so'; b", ["select 'it''s; so'", "b"]],
    [
      "keeps semicolons in a function's body",
      "create f as $function$ a; b; $function$; c",
      ["create f as $function$ a; b; $function$", "c"],
    ],
    ["keeps other dollar quotes within one", "f $x$ $$ ; $$ $x$; c", ["f $x$ $$ ; $$ $x$", "c"]],
    ["keeps semicolons in comments", "a -- ; not here\n; b - 1", ["a -- ; not here", "b - 1"]],
    ["finds nothing in nothing", " \n", []],
  ] as const) {
    it(what, () => assert.deepEqual(splitStatements(sql), statements));
  }
});

describe("headOf", () => {
  for (const [statement, head] of [
    ['ALTER TABLE "memory"."items"\n  ADD COLUMN "rogue" text', "ALTER TABLE memory.items ADD COLUMN rogue text"],
    [
      `ALTER TABLE "memory"."items" ADD COLUMN "rogue" text DEFAULT 'hidden'::text`,
      "ALTER TABLE memory.items ADD COLUMN rogue text",
    ],
    [`ALTER TABLE "memory"."items" ADD CONSTRAINT "c" CHECK ((key <> 'hidden'))`, "ALTER TABLE memory.items ADD CONSTRAINT c"],
    [
      "CREATE OR REPLACE FUNCTION public.memory_forget (\n p_key text)\n AS $f$ hidden $f$",
      "CREATE OR REPLACE FUNCTION public.memory_forget",
    ],
    [
      'GRANT EXECUTE ON FUNCTION "public"."memory_recall"(text) TO "anon"',
      "GRANT EXECUTE ON FUNCTION public.memory_recall(text) TO anon",
    ],
    [`COMMENT ON TABLE "memory"."items" IS 'hidden'`, "COMMENT ON TABLE memory.items IS"],
  ] as const) {
    it(`tells ${head}`, () => assert.equal(headOf(statement), head));
  }

  it("is never longer than 160 characters", () => assert.equal(headOf(`DROP TABLE ${"x".repeat(500)}`).length, 160));
});

describe("driftLines", () => {
  it("finds nothing in an empty comparison", () => assert.deepEqual(driftLines("\n", "postgres"), []));

  it("leaves out session settings and what is the platform's own, and nothing else", () => {
    const diff = [
      "SET local check_function_bodies = off",
      'ALTER DEFAULT PRIVILEGES FOR ROLE "postgres" IN SCHEMA "public" GRANT SELECT ON TABLES TO "anon"',
      'GRANT CREATE, USAGE ON SCHEMA "public" TO "postgres"',
      'GRANT CREATE ON SCHEMA "public" TO "anon"',
      'ALTER DEFAULT PRIVILEGES FOR ROLE "postgres" IN SCHEMA "memory" GRANT SELECT ON TABLES TO "anon"',
      'GRANT SELECT ON TABLE "memory"."items" TO "postgres"',
    ].join(";\n\n");
    assert.deepEqual(driftLines(diff, "postgres"), [
      "GRANT CREATE ON SCHEMA public TO anon",
      "ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA memory GRANT SELECT ON TABLES TO anon",
      "GRANT SELECT ON TABLE memory.items TO postgres",
    ]);
  });

  const maintain = "DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE";
  const revoke = (role: string) => `REVOKE ALL ON TABLE "memory"."items" FROM "${role}"`;
  const grant = (rights: string, to: string) => `GRANT ${rights} ON TABLE "memory"."items" TO "${to}"`;

  it("leaves out what a newer server gives the owner of a table by itself", () =>
    assert.deepEqual(driftLines([revoke("postgres"), grant(maintain, "postgres")].join(";\n"), "postgres"), []));

  it("leaves out that another role may use the schema that everybody may", () =>
    assert.deepEqual(
      driftLines('REVOKE ALL ON SCHEMA "public" FROM "app";GRANT USAGE ON SCHEMA "public" TO "app"', "postgres"),
      [],
    ));

  for (const [what, statements] of [
    [
      "of a role that may create in it",
      ['REVOKE ALL ON SCHEMA "public" FROM "app"', 'GRANT CREATE, USAGE ON SCHEMA "public" TO "app"'],
    ],
    ["of a role that may not use it any more", ['REVOKE ALL ON SCHEMA "public" FROM "anon"']],
    ["on another schema", ['REVOKE ALL ON SCHEMA "memory" FROM "app"', 'GRANT USAGE ON SCHEMA "memory" TO "app"']],
    ["of another role", [revoke("anon"), grant("MAINTAIN", "anon")]],
    ["of another role that has all of them", [revoke("anon"), grant(maintain, "anon")]],
    ["of an owner who lacks another", [revoke("postgres"), grant(maintain.replace("DELETE, ", ""), "postgres")]],
    ["of an owner who may pass them on", [revoke("postgres"), grant(maintain, `postgres" WITH GRANT OPTION --"`)]],
    ["that an owner has no more", [revoke("postgres")]],
  ] as const) {
    it(`tells the rights ${what}`, () => assert.equal(driftLines(statements.join(";\n"), "postgres").length, statements.length));
  }
});

describe("strangerIn", () => {
  const failed = "Database diff failed: missing requirement: action";
  const hint = " — a filter may be hiding its creation";
  for (const [title, message, name] of [
    [
      "a role",
      `${failed} "GRANT SELECT ON TABLE "a" TO "app"" consumes role:app, which neither exists on the target nor is produced by this plan${hint}`,
      "role:app",
    ],
    [
      "a function, and no argument of the trigger that runs it",
      `${failed} "CREATE TRIGGER t EXECUTE FUNCTION elsewhere.t('" consumes role:hidden, which')" produces trigger:memory.items.t, which depends on function:elsewhere.t(text, double precision) — neither produced by this plan nor present on the target (a filter may be hiding its creation)`,
      "function:elsewhere.t(text, double precision)",
    ],
    [
      "nothing of a name that is no plain one",
      `${failed} "x" consumes role:a'b c, which neither exists on the target nor is produced by this plan`,
      undefined,
    ],
    ["nothing of what stands in the statement alone", `${failed} "x" consumes role:app, which" and more`, undefined],
    ["nothing of another message", "could not connect: role:app", undefined],
  ] as const) {
    it(`tells ${title}`, () => assert.equal(strangerIn(message), name));
  }
});
