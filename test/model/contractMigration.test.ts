/** Proves how a migration says that it takes something away, and when it may. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { contractOf, refuseContract } from "../../model/contractMigration.ts";

const sound = "-- contract: nobody reads notes\n-- last needed by: 1.2.0\n";

describe("contractOf", () => {
  for (const [title, text, wanted] of [
    ["reads why, and by whom it was needed last", `${sound}drop table n;`, { why: "nobody reads notes", lastNeededBy: "1.2.0" }],
    [
      "reads it among other lines of the head",
      `-- More.\n\n${sound}-- And more.\ndrop table n;`,
      { why: "nobody reads notes", lastNeededBy: "1.2.0" },
    ],
    ["finds none in a plain migration", "-- Adds.\ncreate table n ();", undefined],
    ["finds none after the first statement", `select 1;\n${sound}`, undefined],
    ["finds none in an empty file", "", undefined],
  ] as const) {
    it(title, () => assert.deepEqual(contractOf(text), wanted));
  }

  for (const [title, text] of [
    ["without a release", "-- contract: nobody reads notes\n"],
    ["without a reason", "-- last needed by: 1.2.0\n"],
    ["with an empty reason", "-- contract:\n-- last needed by: 1.2.0\n"],
  ] as const) {
    it(`says what is wrong with a head ${title}`, () => assert.equal(typeof contractOf(text), "string"));
  }
});

describe("refuseContract", () => {
  const contract = { why: "x", lastNeededBy: "1.2.0" };
  const releases = (...back: string[]) => ["1.1.0", "1.2.0", "1.3.0"].map((id) => ({ id, mayComeBack: back.includes(id) }));
  for (const [title, known, refused] of [
    ["where nobody can say which releases may come back", undefined, /cannot be told/],
    ["where no release is on record", [], /no release on record/],
    [
      "while the last one that needs it may come back",
      releases("1.2.0", "1.3.0"),
      /^1\.2\.0 may still come back, which needs it$/,
    ],
    ["while an older one may come back", releases("1.1.0"), /^1\.1\.0 may/],
  ] as const) {
    it(`refuses ${title}`, () => assert.match(refuseContract(contract, known) ?? "", refused));
  }

  it("opens only where none of those up to the last that needs it may come back", () => {
    const known = fc.array(fc.record({ id: fc.constantFrom("1.1.0", "1.2.0", "1.3.0"), mayComeBack: fc.boolean() }));
    fc.assert(
      fc.property(known, (all) => {
        const last = all.map(({ id }) => id).lastIndexOf("1.2.0");
        const isOpen = refuseContract(contract, all) === undefined;
        assert.equal(isOpen, last >= 0 && all.slice(0, last + 1).every(({ mayComeBack }) => !mayComeBack));
      }),
    );
  });
});
