/** The policy may add and tighten; whatever would take a check away is refused, and named. */

import assert from "node:assert/strict";
import { checkPolicy, expectedChecks, formatPolicyFaults } from "../../model/policy.ts";
import { waiverOf } from "./gateSample.ts";

const additional = (id: string) => ({ id, title: "Something of ours.", command: ["true"] });
const faultsOf = (raw: unknown) => {
  const parsed = checkPolicy(raw);
  return parsed.ok ? [] : parsed.faults;
};

describe("checkPolicy", () => {
  it("accepts the least policy, with defaults that waive nothing", () => {
    const parsed = checkPolicy({ version: 1 });
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.policy.waivers, []);
    assert.deepEqual(parsed.policy.freshness, { items: 300, evidence: 86_400, clockSkew: 30 });
  });

  it("accepts additional checks, and expects a result of each beside the required ones", () => {
    const parsed = checkPolicy({ version: 1, additionalChecks: [additional("uptime")], deadlines: { uptime: 5, telegram: 20 } });
    assert.ok(parsed.ok);
    assert.deepEqual(expectedChecks(parsed.policy).slice(-2), ["provider", "uptime"]);
  });

  it("expects a drill where it is asked for, and nowhere else", () => {
    for (const drill of [undefined, { maximumAgeDays: 7 }]) {
      const parsed = checkPolicy({ version: 1, drill, additionalChecks: [additional("uptime")] });
      assert.ok(parsed.ok);
      assert.equal(expectedChecks(parsed.policy).includes("drill"), drill !== undefined);
    }
  });

  const refused: readonly [string, unknown, string][] = [
    ["nothing at all", null, "policy"],
    ["a text", "version: 1", "policy"],
    ["an empty object", {}, "version"],
    ["a list of checks that leaves some out", { version: 1, checks: ["telegram"] }, "checks"],
    ["a list of disabled checks", { version: 1, disabled: ["telegram"] }, "disabled"],
    [
      "an additional check in the place of a required one",
      { version: 1, additionalChecks: [additional("telegram")] },
      "additionalChecks[0].id",
    ],
    [
      "an additional check that would pass for a drill",
      { version: 1, additionalChecks: [additional("drill")] },
      "additionalChecks[0].id",
    ],
    ["a drill of any age", { version: 1, drill: {} }, "drill.maximumAgeDays"],
    ["a drill as old as you like", { version: 1, drill: { maximumAgeDays: 91 } }, "drill.maximumAgeDays"],
    ["a deadline for a drill that nobody asked for", { version: 1, deadlines: { drill: 5 } }, "deadlines.drill"],
    [
      "two additional checks of one id",
      { version: 1, additionalChecks: [additional("a"), additional("a")] },
      "additionalChecks[1].id",
    ],
    [
      "an additional check that is given the passphrase of the state",
      { version: 1, additionalChecks: [{ ...additional("a"), environment: ["LANG", "PULUMI_CONFIG_PASSPHRASE"] }] },
      "additionalChecks[0].environment",
    ],
    ["a deadline for a check that is not there", { version: 1, deadlines: { telegraph: 5 } }, "deadlines.telegraph"],
    ["a deadline of zero", { version: 1, deadlines: { telegram: 0 } }, "deadlines.telegram"],
    ["more clock skew than 30 s", { version: 1, freshness: { clockSkew: 31 } }, "freshness.clockSkew"],
    ["a waiver for every item", { version: 1, waivers: [waiverOf("*")] }, "waivers[0].item"],
    ["a waiver for a whole check", { version: 1, waivers: [waiverOf("exposure")] }, "waivers[0].item"],
    ["a waiver without an item", { version: 1, waivers: [waiverOf("")] }, "waivers[0].item"],
    ["a waiver of what has no items", { version: 1, waivers: [waiverOf("f1", { check: "telegram" })] }, "waivers[0].check"],
    ["a waiver without an owner", { version: 1, waivers: [waiverOf("f1", { owner: " " })] }, "waivers[0].owner"],
    ["a waiver without a date", { version: 1, waivers: [{ ...waiverOf("f1"), until: undefined }] }, "waivers[0].until"],
    ["a waiver until a day that is none", { version: 1, waivers: [waiverOf("f1", { until: "2026-02-30" })] }, "waivers[0].until"],
    ["one item waived twice", { version: 1, waivers: [waiverOf("f1"), waiverOf("f1")] }, "waivers[1]"],
  ];
  for (const [what, raw, path] of refused) {
    it(`refuses ${what}, at \`${path}\``, () => {
      assert.deepEqual(
        faultsOf(raw).map((fault) => fault.path),
        [path],
      );
    });
  }

  it("names all faults at once", () => {
    const faults = faultsOf({
      version: 1,
      waivers: [waiverOf("*"), waiverOf("f1", { check: "memory" })],
      deadlines: { nothing: 1 },
    });
    assert.equal(faults.length, 3);
    assert.match(formatPolicyFaults(faults), /has 3 faults:\n/);
  });
});
