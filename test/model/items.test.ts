import assert from "node:assert/strict";
import fc from "fast-check";
import { type Item, judgeItems } from "../../model/items.ts";

const day = fc.integer({ min: 1, max: 28 }).map((date) => `2026-06-${String(date).padStart(2, "0")}`);
const item: fc.Arbitrary<Item> = fc.record({
  id: fc.uuid(),
  priority: fc.constantFrom("P0", "P1", "P2", "P3"),
  title: fc.constant("Slow"),
  opened: day,
  state: fc.constantFrom("open", "closed"),
  deferral: fc.option(
    fc.record({
      reason: fc.constant("Waits"),
      owner: fc.option(fc.constant("ada"), { nil: undefined }),
      until: fc.option(day, { nil: undefined }),
    }),
    { nil: undefined },
  ),
});
const blocked = (items: Item[], today: string) => judgeItems({ version: 1, items }, today).blocking.map(({ id }) => id);

describe("judgeItems", () => {
  it("judges each item by itself, in the file's order", () => {
    fc.assert(
      fc.property(fc.array(item), day, (items, today) => {
        assert.deepEqual(
          blocked(items, today),
          items.flatMap((each) => blocked([each], today)),
        );
      }),
    );
  });

  it("blocks every open P0 and no waiver opens it, whatever else it says", () => {
    fc.assert(
      fc.property(item, day, (each, today) => {
        const { blocking } = judgeItems({ version: 1, items: [{ ...each, priority: "P0", state: "open" }] }, today);
        assert.deepEqual(
          blocking.map(({ id, waivable }) => ({ id, waivable })),
          [{ id: each.id, waivable: false }],
        );
      }),
    );
  });

  it("never blocks what is closed, P2 or P3", () => {
    fc.assert(
      fc.property(item, day, (each, today) => {
        fc.pre(each.state === "closed" || each.priority === "P2" || each.priority === "P3");
        assert.deepEqual(blocked([each], today), []);
      }),
    );
  });

  it("lets an open P1 pass exactly where an owner deferred it to today or later", () => {
    fc.assert(
      fc.property(item, day, (each, today) => {
        const passes = blocked([{ ...each, priority: "P1", state: "open" }], today).length === 0;
        const { owner, until } = each.deferral ?? {};
        assert.equal(passes, owner !== undefined && until !== undefined && until >= today);
      }),
    );
  });

  it("does not pass tomorrow what it blocks today", () => {
    fc.assert(
      fc.property(fc.array(item), day, day, (items, a, b) => {
        const [earlier, later] = a < b ? [a, b] : [b, a];
        const then = new Set(blocked(items, later));
        for (const id of blocked(items, earlier)) assert.ok(then.has(id));
      }),
    );
  });
});
