/** The checks that run are the checks that the code requires: each once, under its own id. */

import assert from "node:assert/strict";
import { checksFor, treeChecksFor } from "../../checks/all.ts";
import { requiredChecks } from "../../model/check.ts";
import { expectedChecks } from "../../model/policy.ts";
import { parseSettings } from "../../model/settingsParse.ts";
import { policyWith } from "../model/gateSample.ts";
import { sshSettings } from "../model/settingsSample.ts";

const parsed = parseSettings(sshSettings());
assert.ok(parsed.ok);
const { settings } = parsed;

describe("checksFor", () => {
  it("gives exactly the checks that the verdict expects, in its order", () => {
    const policy = policyWith({
      drill: { maximumAgeDays: 7 },
      additionalChecks: [{ id: "ours", title: "Ours holds.", command: ["true"], deadline: 10, environment: [] }],
    });
    assert.deepEqual(
      checksFor(settings, policy).map(({ id }) => id),
      expectedChecks(policy),
    );
  });

  it("bounds every check, and says of each what passes", () => {
    for (const { id, title, deadlineMs } of checksFor(settings, policyWith())) {
      assert.ok(deadlineMs > 0 && deadlineMs <= 300_000, id);
      assert.match(title, /^[A-Z].+\.$/, id);
    }
  });
});

describe("treeChecksFor", () => {
  it("judges open items, documents and exposure, under the ids that the full gate uses", () => {
    assert.deepEqual(
      treeChecksFor(policyWith()).map(({ id }) => id),
      ["open-items", "documents", "exposure"],
    );
    const asked = treeChecksFor(policyWith({ drill: { maximumAgeDays: 7 } }));
    assert.deepEqual(
      asked.map(({ id }) => id),
      ["open-items", "documents", "exposure", "drill"],
    );
    for (const { id } of treeChecksFor(policyWith())) assert.ok((requiredChecks as readonly string[]).includes(id));
  });
});
