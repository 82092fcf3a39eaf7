/** Proves what counts as taken away between two readings of a catalogue, and what does not. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Demand, lossesBetween, type Offer, overload } from "../../model/migrationLosses.ts";

const offer = (kind: string, name: string, more: Partial<Offer> = {}): Offer => ({
  kind,
  name,
  detail: "",
  within: null,
  ...more,
});
const demand = (name: string, more: Partial<Demand> = {}): Demand => ({
  ...{ kind: "the constraint", name, detail: name, on: "m.t", columns: [], metByDefault: true },
  ...more,
});
const table = offer("table", "m.t");
const old = offer("column", "m.t.old", { within: "table m.t" });
const surface = (offers: readonly Offer[], demands: readonly Demand[] = []) => ({ offers, demands });
const told = (...readings: Parameters<typeof lossesBetween>) => lossesBetween(...readings).map(({ sentence }) => sentence);

const offers = fc.uniqueArray(
  fc.record({
    kind: fc.constantFrom("table", "column", "function"),
    name: fc.constantFrom("a", "b", "c"),
    detail: fc.constantFrom("", "int"),
    within: fc.constant(null),
  }),
  { selector: ({ kind, name }) => `${kind} ${name}` },
);
const demands = fc.uniqueArray(
  fc.record({
    kind: fc.constantFrom("the constraint", overload),
    name: fc.constantFrom("x", "y"),
    detail: fc.constantFrom("p", "q"),
    on: fc.constantFrom("a", "b", "d"),
    columns: fc.subarray(["c", "d"]),
    metByDefault: fc.boolean(),
  }),
  { selector: ({ kind, on, detail }) => `${kind} ${on} ${detail}` },
);
const surfaces = fc.record({ offers, demands });

describe("lossesBetween", () => {
  it("finds none between a surface and itself, in whatever order it is read", () => {
    fc.assert(
      fc.property(surfaces, (one) => {
        assert.deepEqual(told(one, surface(one.offers.toReversed(), one.demands.toReversed())), []);
      }),
    );
  });

  it("finds none of an empty surface", () => {
    fc.assert(fc.property(surfaces, (one) => assert.deepEqual(told(surface([]), one), [])));
  });

  it("finds one for each offer that is not as it was", () => {
    fc.assert(
      fc.property(surfaces, surfaces, (before, after) => {
        const same = before.offers.filter(({ kind, name, detail }) =>
          after.offers.some((other) => other.kind === kind && other.name === name && other.detail === detail),
        );
        const lost = lossesBetween(before, after).filter(({ id }) => id.startsWith("lost "));
        assert.equal(lost.length, before.offers.length - same.length);
      }),
    );
  });

  it("tells what is part of something lost by that alone", () => {
    assert.deepEqual(told(surface([table, old]), surface([])), ["the table m.t is gone"]);
    assert.deepEqual(told(surface([table, old]), surface([table])), ["the column m.t.old is gone"]);
  });

  const before = surface([table, old], [demand("brief")]);
  const new_ = ["new"];
  for (const [title, added, refused] of [
    ["of a new table", demand("more", { on: "m.u" }), false],
    ["of new columns, met by who does not know them", demand("more", { columns: new_ }), false],
    ["of new columns, not met by who does not know them", demand("more", { columns: new_, metByDefault: false }), true],
    ["of an old column", demand("more", { columns: ["old"] }), true],
    ["of an old and a new column", demand("more", { columns: ["new", "old"] }), true],
    ["of the whole table", demand("more"), true],
    ["under another name only", demand("renamed", { detail: "brief" }), false],
  ] as const) {
    it(`${refused ? "counts" : "does not count"} what is asked ${title}`, () => {
      const demands = refused || added.detail !== "brief" ? [demand("brief"), added] : [added];
      assert.equal(told(before, surface([table, old], demands)).length, refused ? 1 : 0);
    });
  }

  it("counts another function of a name while the old one is there, and not where that is told as lost", () => {
    const [first, second] = ["f(a)", "f(a, b)"].map((name) => demand(name, { kind: overload, on: "f" }));
    assert.ok(first && second);
    assert.deepEqual(told(surface([], [first]), surface([], [first, second])), [
      "f is asked more than before: another function f(a, b)",
    ]);
    assert.deepEqual(told(surface([offer("function", "f(a)")], [first]), surface([], [second])), ["the function f(a) is gone"]);
  });
});
