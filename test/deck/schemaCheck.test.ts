/** Proves what `deck schema check` says without trying a migration: where none is new, and where an old one is not what it was. */

import assert from "node:assert/strict";
import { schemaCheckVerb } from "../../deck/schemaCheck.ts";
import { Repository } from "../release/gitFixture.ts";
import { callOf, fails, worldIn } from "./verbCalls.ts";

const folder = "memory/supabase/migrations";
const first = `${folder}/20260101000000_first.sql`;
const later = `${folder}/20260201000000_later.sql`;

describe("deck schema check", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
    repository.commit({ [first]: "create table t ();\n" });
  });
  afterEach(() => repository[Symbol.dispose]());
  const check = (...args: string[]) => schemaCheckVerb.run(callOf(schemaCheckVerb, "dev", { args }), worldIn(repository.folder));

  it("says that none is new, whatever else was changed", async () => {
    repository.commit({ "a.txt": "a" });
    const { code, data } = await check("HEAD~1");
    assert.deepEqual([code, data.pending], [0, []]);
  });

  it("tells one that was edited", async () => {
    repository.write({ [first]: "create table other ();\n" });
    const { code, text } = await check("HEAD");
    assert.equal(code, 1);
    assert.match(text, /edited or are gone: 20260101000000_first/);
  });

  it("tells one that is gone", async () => {
    repository.commit({ [later]: "select 1;\n" });
    repository.remove(later);
    const { code, text } = await check("HEAD");
    assert.equal(code, 1);
    assert.match(text, /edited or are gone: 20260201000000_later/);
  });

  it("refuses a contract of which nobody can say whether it is needed, with 4", async () => {
    repository.write({ [later]: "-- contract: nobody needs t\n-- last needed by: 1.0.0\ndrop table t;\n" });
    const { code, text, data } = await check("HEAD");
    assert.deepEqual([code, data.pending], [4, ["20260201000000_later"]]);
    assert.match(text, /which releases may come back cannot be told/);
  });

  it("wants a commit that is there", async () => {
    await assert.rejects(check("nowhere"), fails(2, /`nowhere` is no commit/));
    await assert.rejects(check(), fails(2, /`origin\/HEAD` is no commit/));
  });
});
