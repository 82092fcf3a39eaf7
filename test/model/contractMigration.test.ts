/** Proves how a migration says that it takes something away, and when it may. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { contractOf, refuseContract, upToLast } from "../../model/contractMigration.ts";

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
    ["with two releases", `${sound}-- last needed by: 1.3.0\n`],
    ["behind a byte order mark", `\ufeff${sound}`],
    ["with an empty reason", "-- contract:\n-- last needed by: 1.2.0\n"],
  ] as const) {
    it(`says what is wrong with a head ${title}`, () => assert.equal(typeof contractOf(text), "string"));
  }
});

describe("upToLast", () => {
  const names = ["1.1.0", "1.2.0", "1.3.0"];

  it("is what ran first no later than the one that is named, and nothing where none is", () => {
    const ran = fc.uniqueArray(fc.record({ name: fc.constantFrom(...names), first: fc.nat(50) }), {
      selector: ({ first }) => first,
    });
    fc.assert(
      fc.property(ran, (all) => {
        const found = upToLast(all, "1.2.0");
        const last = Math.max(...all.filter(({ name }) => name === "1.2.0").map(({ first }) => first));
        if (last < 0) assert.equal(found, undefined);
        else assert.deepEqual(new Set(found), new Set(all.filter(({ first }) => first <= last)));
      }),
    );
  });
});

describe("refuseContract", () => {
  for (const [title, needing, refused] of [
    ["where nobody can say which releases may come back", { doubt: "it cannot be told" }, /^it cannot be told$/],
    ["while one that needs it may come back", ["1.2.0"], /^1\.2\.0 may still come back, which needs it$/],
    ["while several may", ["1.1.0", "1.2.0"], /^1\.1\.0, 1\.2\.0 may still come back, which need it$/],
  ] as const) {
    it(`refuses ${title}`, () => assert.match(refuseContract(needing) ?? "", refused));
  }

  it("opens where none of them may come back", () => assert.equal(refuseContract([]), undefined));
});
