/** Proves which migrations a database may be ahead by where sign-off is required: those that origin's default branch holds. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { aheadOnBranch } from "../../checks/schemaAhead.ts";
import { contextOn, Repository, treeTarget } from "../release/gitFixture.ts";

const version = "29990101000000";
const text = "create table memory.later ();\n";
const path = `memory/supabase/migrations/${version}_later.sql`;
const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");
const recorded = (digest: string | null = sha256(text)) => ({
  version,
  name: "later",
  sha256: digest,
  statements: ["create table memory.other ()"],
});

describe("What a database is ahead by, where sign-off is required", () => {
  let origin: Repository;
  let clone: Repository;
  beforeEach(() => {
    origin = new Repository();
    origin.commit({ "a.txt": "a" });
    clone = origin.clone();
  });
  afterEach(() => {
    origin[Symbol.dispose]();
    clone[Symbol.dispose]();
  });
  const read = (migration = recorded()) =>
    aheadOnBranch(treeTarget(clone, { requireSignOff: true, origin: origin.address }), [migration], contextOn());

  it("is known, by the file's own text, where the default branch holds it with the recorded content", async () => {
    origin.commit({ [path]: text });
    assert.deepEqual(await read(), { texts: new Map([[version, text]]), unknown: [] });
  });

  it("is unknown where it stands on another branch, in this clone, or nowhere", async () => {
    clone.commit({ [path]: text });
    origin.git("switch", "--quiet", "--create", "side");
    origin.commit({ [path]: text });
    origin.git("switch", "--quiet", "main");
    assert.deepEqual(await read(), { texts: new Map(), unknown: [`${version}_later`] });
  });

  for (const [title, digest] of [
    ["another content", sha256(`${text}\n`)],
    ["no digest", null],
  ] as const) {
    it(`is unknown where the database recorded ${title}`, async () => {
      origin.commit({ [path]: text });
      assert.deepEqual(await read(recorded(digest)), { texts: new Map(), unknown: [`${version}_later`] });
    });
  }

  it("cannot be told where origin is away, and was never read before", async () => {
    origin[Symbol.dispose]();
    const answer = await read();
    assert.ok("finding" in answer);
    assert.equal(answer.finding.status, "inconclusive");
  });
});
