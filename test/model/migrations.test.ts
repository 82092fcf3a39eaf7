/** Proves how the migrations of a tree are told apart from those a database recorded. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { compareMigrations, inState, parseMigrationFile, stepOf } from "../../model/migrations.ts";

const version = fc.integer({ min: 1, max: 6 }).map((n) => `2026112200000${n}`);
const digest = fc.constantFrom("a".repeat(64), "b".repeat(64));
const tree = fc.uniqueArray(fc.record({ version, name: fc.constant("some"), sha256: digest }), { selector: (m) => m.version });
const recorded = fc.uniqueArray(fc.record({ version, name: fc.constant("some"), sha256: fc.option(digest) }), {
  selector: (m) => m.version,
});

describe("compareMigrations", () => {
  it("names every version of either side exactly once, oldest first", () => {
    fc.assert(
      fc.property(tree, recorded, (files, database) => {
        const versions = compareMigrations(files, database).map((status) => status.version);
        const wanted = [...new Set([...files, ...database].map((migration) => migration.version))].sort();
        assert.deepEqual(versions, wanted);
      }),
    );
  });

  it("calls a migration applied only where both sides have it with one digest", () => {
    fc.assert(
      fc.property(tree, recorded, (files, database) => {
        for (const { version, state } of compareMigrations(files, database)) {
          const file = files.find((migration) => migration.version === version);
          const row = database.find((migration) => migration.version === version);
          assert.equal(state === "applied", file !== undefined && row !== undefined && file.sha256 === row.sha256);
          assert.equal(state === "ahead", file === undefined);
          assert.equal(state === "pending", row === undefined);
        }
      }),
    );
  });

  const one = { version: "20261122000001", name: "one", sha256: "a".repeat(64) };
  for (const [state, files, database] of [
    ["pending", [one], []],
    ["applied", [one], [one]],
    ["edited", [one], [{ ...one, sha256: "b".repeat(64) }]],
    ["unrecorded", [one], [{ ...one, sha256: null }]],
    ["ahead", [], [one]],
  ] as const) {
    it(`tells ${state}`, () => assert.deepEqual(inState(compareMigrations(files, database), state), ["20261122000001_one"]));
  }
});

describe("parseMigrationFile", () => {
  for (const [file, parsed] of [
    ["20261122000000_shared_memory.sql", { version: "20261122000000", name: "shared_memory" }],
    ["20261122_short.sql", undefined],
    ["20261122000000_shared_memory.sql.orig", undefined],
    ["20261122000000-shared.sql", undefined],
    ["README.md", undefined],
  ] as const) {
    it(`${parsed ? "reads" : "refuses"} ${file}`, () => assert.deepEqual(parseMigrationFile(file), parsed));
  }
});

describe("stepOf", () => {
  it("parts the tree in what is applied and what is pending, where an update would apply anything", () => {
    fc.assert(
      fc.property(tree, recorded, (files, database) => {
        const statuses = compareMigrations(files, database);
        const step = stepOf(files, statuses);
        const would =
          inState(statuses, "pending").length > 0 && inState(statuses, "ahead").length + inState(statuses, "edited").length === 0;
        assert.equal(step !== undefined, would);
        if (step === undefined) return;
        assert.deepEqual(new Set([...step.applied, ...step.pending]), new Set(files));
        assert.deepEqual(
          step.pending.map(({ version }) => version).toSorted(),
          statuses.filter(({ state }) => state === "pending").map(({ version }) => version),
        );
      }),
    );
  });
});
