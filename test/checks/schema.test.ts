/** Proves how the `schema` check judges what it saw. */

import assert from "node:assert/strict";
import type { Target } from "../../checks/check.ts";
import { judgeSchema, uncompared, unreadable, withoutComparison } from "../../checks/schema.ts";
import type { MigrationState } from "../../model/migrations.ts";
import { assertPasteable } from "../model/pasteable.ts";

const migration = (state: MigrationState, n = 1) => ({ version: `2026112200000${n}`, name: "some", state });
const judge = (
  states: readonly MigrationState[],
  {
    drift = [],
    ...faults
  }: { drift?: string[]; unknown?: string[]; roleFaults?: string[]; reachFaults?: string[]; keptFaults?: string[] } = {},
) => {
  const migrations = states.map((state, n) => migration(state, n));
  return judgeSchema({ migrations, unknown: [], roleFaults: [], reachFaults: [], keptFaults: [], ...faults }, drift);
};

describe("judgeSchema", () => {
  it("passes where all is applied and nothing differs", () => {
    const finding = judge(["applied", "applied"]);
    assert.equal(finding.status, "pass");
    assert.match(finding.summary, /All 2 migration/);
  });

  it("passes a database that is ahead, and names by what", () => {
    const finding = judge(["applied", "ahead"]);
    assert.equal(finding.status, "pass");
    assert.match(finding.summary, /ahead of this tree by 20261122000001_some/);
  });

  for (const state of ["pending", "edited", "unrecorded"] as const) {
    it(`fails and names what is ${state}, beside what is ahead`, () => {
      const finding = judge(["applied", state, "ahead"]);
      assert.equal(finding.status, "fail");
      assert.match(finding.summary, /: 1, allowed 0 \(`20261122000001_some`\)/);
      assert.match(finding.summary, /ahead of this tree by 20261122000002_some/);
      assert.deepEqual(
        finding.items?.map(({ id, waivable }) => ({ id, waivable })),
        [{ id: `${state}:20261122000001_some`, waivable: false }],
      );
    });
  }

  it("fails on one difference, on one right too many, on one way in from elsewhere, and on one way to lose it", () => {
    assert.equal(judge(["applied"], { drift: ["CREATE TABLE public.stray"] }).status, "fail");
    assert.equal(judge(["applied"], { roleFaults: ["The role memory_bot has BYPASSRLS."] }).status, "fail");
    assert.equal(judge(["applied"], { reachFaults: ["other.child inherits from memory.items."] }).status, "fail");
    assert.equal(judge(["applied"], { keptFaults: ["The setting fsync is off."] }).status, "fail");
  });

  it("fails where what is ahead is of no commit on the default branch", () => {
    const finding = judge(["applied", "ahead"], { unknown: ["20261122000001_some"] });
    assert.equal(finding.status, "fail");
    assert.match(finding.summary, /that the default branch does not hold: 1, allowed 0 \(`20261122000001_some`\)/);
    assert.deepEqual(
      finding.items?.map(({ waivable }) => waivable),
      [false],
    );
  });

  it("names three differences in its sentence, twenty as items, and counts the rest", () => {
    const finding = judge(["applied"], { drift: Array.from({ length: 30 }, (_, n) => `CREATE TABLE public.t${n}`) });
    assert.match(finding.summary, /: 30, allowed 0 \(`CREATE TABLE public.t0`, .*t2` and 27 more\)/);
    assert.equal(finding.items?.length, 20);
    assert.equal(finding.measured.driftCount, 30);
  });

  it("does not pass where no migration was compared", () => {
    assert.equal(judge([]).status, "error");
    assert.equal(judge(["ahead"]).status, "error");
  });
});

describe("unreadable", () => {
  const settings = { memory: { database: { host: "db.example", port: 5432 } } } as Target["settings"];
  for (const [title, error, remedy] of [
    ["that refuses connections", Object.assign(new Error("refused"), { code: "ECONNREFUSED" }), /^npx deck up # it starts/],
    ["that does not answer in time", new Error("timeout expired"), /^npx deck up # it starts/],
    ["whose password is another", Object.assign(new Error("no"), { code: "28P01" }), /^npx deck up # once the source of/],
  ] as const) {
    it(`gives a command that helps with a database ${title}, and not the one that says so`, () => {
      const finding = unreadable({ settings }, error);
      assert.equal(finding.status, "error");
      assert.match(finding.remedy ?? "", remedy);
      assertPasteable(finding.remedy ?? "");
    });
  }

  it("names the kind of a database's error that quotes values, and quotes none", () => {
    const error = Object.assign(new Error('invalid input syntax for type integer: "hidden"'), { code: "22P02" });
    assert.match(unreadable({ settings }, error).summary, /\(22P02\)/);
  });

  it("quotes what the database refuses", () => {
    const error = Object.assign(new Error("permission denied for table items"), { code: "42501" });
    assert.match(unreadable({ settings }, error).summary, /\(42501: permission denied for table items\)/);
  });
});

describe("withoutComparison", () => {
  const failed = uncompared(new Error("There is no image"));

  it("is no pass where nothing was found, and says what it needs", () => {
    const finding = withoutComparison(judge(["applied"]), failed);
    assert.equal(finding.status, "error");
    assert.match(finding.summary, /could not be compared .*\(There is no image\)/);
    assertPasteable(finding.remedy ?? "");
  });

  it("tells what was read of the database all the same", () => {
    const finding = withoutComparison(judge(["applied"], { keptFaults: ["The setting fsync is off."] }), failed);
    assert.equal(finding.status, "fail");
    assert.match(finding.summary, /The setting fsync is off.*could not be compared/);
    assert.equal("driftCount" in finding.measured, false);
  });
});
