/** Nothing but a pass, or a waiver in force for each failed item, opens the gate. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type CheckResult, checkStatuses, requiredChecks } from "../../model/check.ts";
import { exitCode, judge } from "../../model/verdict.ts";
import { itemOf, noon, policyWith, resultOf, waiverOf } from "./gateSample.ts";

type Changes = Partial<Parameters<typeof judge>[0]>;
const judged = (results: readonly CheckResult[], changes: Changes = {}) =>
  judge({
    results,
    policy: policyWith(),
    policyDigest: "0".repeat(64),
    required: results.map(({ id }) => id),
    now: noon,
    toolVersion: "0.1.0",
    rehearsed: { rehearsal: false, standIns: [] },
    ...changes,
  });
const blockedChecks = (results: readonly CheckResult[], changes: Changes = {}) =>
  judged(results, changes).blockedBy.map(({ check }) => check);
const allPass = () => requiredChecks.map((id) => resultOf(id, "pass"));

describe("judge", () => {
  const statuses = [...checkStatuses, "unheard-of"];
  /** Rows and columns in the order above: the exit code, which is 0 only where the outcome is open. */
  const table = [
    [0, 1, 3, 3, 3],
    [1, 1, 1, 1, 1],
    [3, 1, 3, 3, 3],
    [3, 1, 3, 3, 3],
    [3, 1, 3, 3, 3],
  ];
  for (const [row, first] of statuses.entries()) {
    for (const [column, second] of statuses.entries()) {
      const code = table[row]?.[column];
      it(`is ${code === 0 ? "open" : "blocked"} with exit code ${code} for ${first} beside ${second}`, () => {
        const results = [resultOf("a", first), resultOf("b", second)];
        const verdict = judged(results);
        assert.equal(verdict.outcome, code === 0 ? "open" : "blocked");
        assert.equal(exitCode(verdict, results), code);
        const wanted = results.filter(({ status }) => status !== "pass").map(({ id }) => id);
        assert.deepEqual(
          verdict.blockedBy.map(({ check }) => check),
          wanted,
        );
      });
    }
  }

  it("opens when every required check passed, and says by what it judged", () => {
    const verdict = judged(allPass());
    assert.deepEqual(verdict, {
      outcome: "open",
      rehearsal: false,
      standIns: [],
      waived: [],
      blockedBy: [],
      expired: [],
      unused: [],
      policyDigest: "0".repeat(64),
      effectiveAt: "2026-03-10T12:00:00.000Z",
      toolVersion: "0.1.0",
    });
  });

  it("blocks, and names that check alone, when any one result is not a pass", () => {
    const notPass = fc.constantFrom("fail", "error", "inconclusive", "", "PASS", "passed", "toString");
    fc.assert(
      fc.property(fc.nat(requiredChecks.length - 1), notPass, (index, status) => {
        const results = allPass().map((result, at) => (at === index ? resultOf(result.id, status) : result));
        assert.deepEqual(blockedChecks(results), [requiredChecks[index]]);
      }),
    );
  });

  it("blocks on any check that is missing, or there twice", () => {
    fc.assert(
      fc.property(fc.nat(requiredChecks.length - 1), fc.boolean(), (index, twice) => {
        const results = allPass().flatMap((result, at) => (at === index ? (twice ? [result, result] : []) : [result]));
        assert.deepEqual(blockedChecks(results, { required: requiredChecks }), [requiredChecks[index]]);
      }),
    );
  });

  it("opens under no order of the results that it blocks in another", () => {
    const statusOf = fc.array(fc.constantFrom(...statuses), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(statusOf, ([a = "", b = "", c = ""]) => {
        const results = [resultOf("a", a), resultOf("b", b), resultOf("c", c)];
        const required = ["a", "b", "c"];
        assert.equal(judged(results, { required }).outcome, judged(results.toReversed(), { required }).outcome);
      }),
    );
  });

  it("blocks when nothing is required, and on a result that nobody required", () => {
    assert.deepEqual(blockedChecks([]), ["gate"]);
    assert.deepEqual(blockedChecks([resultOf("a", "pass"), resultOf("stranger", "pass")], { required: ["a"] }), ["stranger"]);
  });

  it("hands on the remedy of the check that blocks", () => {
    assert.equal(judged([resultOf("a", "fail", { remedy: "deck ps" })]).blockedBy[0]?.remedy, "deck ps");
  });
});

describe("the age of evidence", () => {
  const at = (startedAt: string, durationMs = 0) => judged([resultOf("a", "pass", { startedAt, durationMs })]);

  it("blocks a pass older than the policy allows, and names both ages", () => {
    assert.equal(at("2026-03-09T12:00:00.000Z").outcome, "open");
    assert.match(at("2026-03-09T11:59:59.000Z").blockedBy[0]?.reason ?? "", /86401 s old; at most 86400 s/);
  });

  it("blocks a pass from a clock that runs ahead by more than is allowed", () => {
    assert.equal(at("2026-03-10T12:00:30.000Z").outcome, "open");
    assert.match(at("2026-03-10T12:00:31.000Z").blockedBy[0]?.reason ?? "", /31 s in the future; at most 30 s/);
    assert.equal(at("2026-03-10T12:00:00.000Z", 31_000).outcome, "blocked");
  });

  it("blocks what was judged by its date on another day, and nothing else of that day", () => {
    const now = new Date("2026-03-10T00:00:05.000Z");
    for (const id of ["open-items", "exposure", "telegram"]) {
      const over = (startedAt: string) => judged([resultOf(id, "pass", { startedAt })], { now, required: [id] });
      assert.equal(over("2026-03-10T00:00:01.000Z").outcome, "open");
      assert.equal(over("2026-03-09T23:59:59.000Z").outcome, id === "telegram" ? "open" : "blocked");
    }
  });

  it("blocks a pass that does not say when it ran", () => {
    for (const verdict of [at("yesterday"), at("2026-03-10T12:00:00.000Z", Number.NaN), at("2026-03-10T12:00:00.000Z", -1)]) {
      assert.equal(verdict.outcome, "blocked");
    }
  });
});

describe("a waiver", () => {
  const exposure = (...items: ReturnType<typeof itemOf>[]) => [resultOf("exposure", "fail", { items })];
  const under = (waivers: ReturnType<typeof waiverOf>[]): Changes => ({ policy: policyWith({ waivers }) });

  it("opens the item that it names, on its last day", () => {
    const verdict = judged(exposure(itemOf("f1")), under([waiverOf("f1")]));
    assert.equal(verdict.outcome, "open");
    assert.deepEqual(verdict.waived, [waiverOf("f1")]);
    assert.deepEqual([verdict.expired, verdict.unused], [[], []]);
  });

  it("is void the day after, and the reason names the day", () => {
    const startedAt = "2026-03-11T00:00:00.000Z";
    const results = [resultOf("exposure", "fail", { items: [itemOf("f1")], startedAt })];
    const verdict = judged(results, { ...under([waiverOf("f1")]), now: new Date(startedAt) });
    assert.equal(verdict.outcome, "blocked");
    assert.deepEqual(verdict.expired, [waiverOf("f1")]);
    assert.match(verdict.blockedBy[0]?.reason ?? "", /waiver of `f1` ended on 2026-03-10/);
  });

  it("is void with a date that is none", () => {
    for (const until of ["9999", "next year", "2026-13-45", ""]) {
      assert.equal(judged(exposure(itemOf("f1")), under([waiverOf("f1", { until })])).outcome, "blocked", until);
    }
  });

  it("opens one item and leaves the others standing", () => {
    const verdict = judged(exposure(itemOf("f1"), itemOf("f2")), under([waiverOf("f1")]));
    assert.equal(verdict.outcome, "blocked");
    assert.match(verdict.blockedBy[0]?.reason ?? "", /1 of its 2 items are waived/);
  });

  it("opens no item of another check, and none that cannot be waived", () => {
    assert.equal(judged(exposure(itemOf("f1")), under([waiverOf("f1", { check: "open-items" })])).outcome, "blocked");
    const verdict = judged(exposure(itemOf("P0-1", false)), under([waiverOf("P0-1")]));
    assert.match(verdict.blockedBy[0]?.reason ?? "", /`P0-1` cannot be waived/);
  });

  it("opens no failure without items, no error and nothing inconclusive", () => {
    for (const [status, items] of [
      ["fail", []],
      ["error", [itemOf("f1")]],
      ["inconclusive", [itemOf("f1")]],
      ["odd", [itemOf("f1")]],
    ] as const) {
      assert.equal(
        judged([resultOf("exposure", status, { items })], under([waiverOf("f1"), waiverOf("exposure")])).outcome,
        "blocked",
        status,
      );
    }
  });

  it("is reported when no failed item needed it, and only where its check was judged", () => {
    const waivers = [waiverOf("f1"), waiverOf("P1-3", { check: "open-items" })];
    assert.deepEqual(judged([resultOf("exposure", "pass")], under(waivers)).unused, [waivers[0]]);
  });

  it("never opens more than the items it names, whatever else is waived", () => {
    const ids = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 1 });
    fc.assert(
      fc.property(ids, ids, (items, waived) => {
        const verdict = judged(exposure(...items.map((id) => itemOf(id))), under(waived.map((id) => waiverOf(id))));
        assert.equal(verdict.outcome, items.every((id) => waived.includes(id)) ? "open" : "blocked");
      }),
    );
  });

  it("makes a failed check count as not failed in the exit code", () => {
    const results = [...exposure(itemOf("f1")), resultOf("memory", "error")];
    const verdict = judged(results, under([waiverOf("f1")]));
    assert.equal(exitCode(verdict, results), 3);
  });
});

describe("A rollback's verdict", () => {
  const back = { rollbackTo: "0.1.0" };

  it("names what came back, and is blocked by all but what says something of the tree alone", () => {
    for (const id of requiredChecks) {
      const results = requiredChecks.map((each) => resultOf(each, each === id ? "fail" : "pass"));
      const verdict = judged(results, back);
      const blocks = id !== "open-items" && id !== "documents";
      assert.deepEqual([id, verdict.outcome, exitCode(verdict, results)], [id, blocks ? "blocked" : "open", blocks ? 1 : 0]);
      assert.equal(verdict.rollbackTo, "0.1.0");
    }
  });

  it("is blocked where a check of what runs gave no result, and where no other is left", () => {
    const results = allPass().filter(({ id }) => id !== "telegram");
    assert.deepEqual(blockedChecks(results, { ...back, required: requiredChecks }), ["telegram"]);
    assert.deepEqual(blockedChecks([resultOf("documents", "pass")], back), ["gate"]);
  });
});
