/** Proves that what runs for rows alone is refused by its words, and that what only defines, grants or always runs is not. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { hiddenLosses, type Routine } from "../../model/hiddenStatements.ts";
import { statementsOf, tokensOf } from "../../model/sqlTokens.ts";

const block = (body: string) => `do $$ begin ${body} end $$;`;
const forget: Routine = { name: "forget", body: "begin if p then delete from memory.items; end if; end" };

describe("What a copy without rows does not show", () => {
  for (const [title, sql, word, known = []] of [
    ["a delete for each row", block("for r in select * from t loop delete from t where id = r.id; end loop;"), "delete"],
    ["an update behind a condition", block("if exists (select from t) then update t set a = 1; end if;"), "update"],
    ["a truncate after an early end", block("if x then return; end if; truncate t;"), "truncate"],
    ["a merge", block("if x then merge into t using u on true when matched then delete; end if;"), "merge"],
    [
      "an insert that overwrites",
      block("if x then insert into t values (1) on conflict (id) do update set a = 1; end if;"),
      "update",
    ],
    ["a statement in a text", block("for r in select 1 loop execute format('delete from %I', r); end loop;"), "delete"],
    ["a statement that is put together", block("for r in select 1 loop execute 'dele' || 'te from t'; end loop;"), "execute"],
    ["a statement out of a variable", block("if x then execute stmt; end if;"), "execute"],
    ["a word that is put together", block("if x then execute 'truncate ' || t; end if;"), "truncate"],
    ["a drop behind a condition", block("if x then alter table t drop column a; end if;"), "drop"],
    ["another type behind a condition", block("if x then alter table t alter column a type int; end if;"), "column"],
    ["a block in quotes", "do 'begin if x then delete from t; end if; end'", "delete"],
    ["a block with a language before it", `do language plpgsql $a$ begin if x then delete from t; end if; end $a$`, "delete"],
    ["a block after a comment with a quote", `-- don't\n/* ' /* */ ' */ ${block("if x then delete from t; end if;")}`, "delete"],
    ["a known function for each row", "select memory.forget(id) from t", "delete", [forget]],
    ["a known function in quotes", 'select memory."forget" (id) from t', "delete", [forget]],
    ["a function of a default", "alter table t add column a int default memory.forget(1)", "delete", [forget]],
    ["a procedure", "call forget(1)", "delete", [forget]],
    [
      "a function that calls one",
      "select outer_one(id) from t",
      "delete",
      [forget, { name: "outer_one", body: "select forget(1)" }],
    ],
    ["a function of the block", block("perform forget(id) from t;"), "delete", [forget]],
    [
      "a function that the file makes, and drops again",
      "create function f(a int) returns void language sql as 'delete from t'; select f(id) from t; drop function f",
      "delete",
    ],
    ["another type without `column`", block("if x then alter table t alter a type text using ''; end if;"), "type"],
    ["another type of data", block("if x then alter table t alter a set data type text; end if;"), "type"],
    [
      "a block with escaped letters",
      String.raw`do E'begin if x then d\x65lete from t; end if; end'`.replace("\\", "\\"),
      "delete",
    ],
    ["a block in Unicode escapes", String.raw`do language plpgsql U&'begin if x then \0064elete from t; end if; end'`, "delete"],
    [
      "what stands behind a body with a column called case",
      `create function f() returns int begin atomic select n.case from t n; end; ${block("if x then delete from t; end if;")}`,
      "delete",
    ],
    [
      'what stands behind a body with a column called "case"',
      `create function f() returns int begin atomic select "case" as case from t; end; ${block("if x then delete from t; end if;")}`,
      "delete",
    ],
    [
      "what stands behind a body without an end",
      `create function f() returns int begin atomic select case from t; end; ${block("if x then delete from t; end if;")}`,
      "delete",
    ],
    [
      "a function without quotes",
      "create function f(a int) returns int begin atomic delete from t returning case when a > 1 then 1 else 2 end; select 1; end; select f(id) from t",
      "delete",
    ],
  ] as readonly (readonly [string, string, string, (readonly Routine[])?])[]) {
    it(`is refused as ${title}`, () => {
      const found = hiddenLosses(sql, known);
      assert.ok(
        found.some(({ sentence }) => sentence.includes(`(\`${word}\`)`)),
        JSON.stringify(found),
      );
    });
  }

  for (const [title, sql] of [
    [
      "a function that is made",
      "create or replace function f() returns void language plpgsql as $$ begin if x then delete from t; end if; end $$",
    ],
    [
      "a function without quotes that is made",
      "create function f() returns int begin atomic delete from t; select 1; end; select 2",
    ],
    [
      "a trigger that calls one",
      "create trigger x before insert or update or delete on t for each row execute function forget()",
    ],
    [
      "a right on one",
      "grant execute on function memory.forget(int) to memory_bot; revoke all on function forget(int) from public",
    ],
    [
      "a word on one",
      "comment on function forget(int) is 'delete from t'; alter function forget(int) owner to x; drop function forget(int)",
    ],
    [
      "a policy, and a view, that name one",
      "create policy p on t for delete using (forget(id)); create or replace view v as select forget(1)",
    ],
    ["statements that always run", "delete from t where a; update t set b = 1; select lower(a) from t"],
    ["a block that always runs whole", "do $$ declare n int; begin delete from t; get diagnostics n = row_count; end $$"],
    [
      "a block that makes a role",
      block("if not exists (select from pg_roles where rolname = 'x') then create role x nologin; end if;"),
    ],
    [
      "a block that makes a text of the schema",
      block("for r in select 1 loop execute format('alter table %I enable row level security', r); end loop;"),
    ],
    [
      "the same words as rights, events and locks",
      block(
        "if x then grant select, update, delete on t to x; create trigger a before update or delete on t execute function f(); perform 1 from t for update; perform has_table_privilege('t', 'DELETE'); perform has_function_privilege('f()', 'EXECUTE'); end if;",
      ),
    ],
    ["text that is only text", "insert into t values ('if x then delete from t', 'forget(1)')"],
    ["what is only told", block("if x then raise notice 'nothing to update here'; comment on table t is 'drop it'; end if;")],
    ["a table of that name", "insert into memory.forget (id) values (1); insert into forget (id) values (1)"],
    ["a comment", block("if x then -- delete from t\n null; end if;")],
    ["a temporary table of a block", block("if x then create temp table a on commit drop as select 1; end if;")],
  ] as const) {
    it(`is not ${title}`, () => assert.deepEqual(hiddenLosses(sql, [forget]), []));
  }

  it("is nothing that the project's own migrations hold", () => {
    const folder = join(import.meta.dirname, "../../memory/supabase");
    for (const file of ["roles.sql", "migrations/20261122000000_shared_memory.sql"])
      assert.deepEqual(hiddenLosses(readFileSync(join(folder, file), "utf8"), []), [], file);
  });

  it("is looked for in whatever is written, to its end", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("'", '"', "$$", "$a$", "/*", "*/", "--", "\n", "e'", "\\", ";", " a ", "begin atomic", "end")),
        (parts) => {
          const sql = parts.join("");
          assert.ok(tokensOf(sql).length <= sql.length);
          assert.ok(statementsOf(sql).flat().length <= tokensOf(sql).length);
          hiddenLosses(sql, [{ name: "a", body: sql }]);
        },
      ),
    );
  });
});
