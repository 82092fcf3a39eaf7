/** The policy's file is read without guessing, and its digest is the content's. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { policyDigest, readPolicy } from "../../checks/policy.ts";
import { parsePolicy } from "../../release/policy.ts";
import { policyWith } from "../model/gateSample.ts";

describe("parsePolicy", () => {
  it("refuses an empty file, one that is not YAML, and one that sets a key twice", () => {
    for (const text of ["", "# nothing\n", "version: [1", "version: 1\nversion: 1\n"])
      assert.equal(parsePolicy(text).ok, false, text);
  });

  it("says in which line a file stops being YAML, without quoting it", () => {
    const parsed = parsePolicy('version: 1\nwaivers: "unclosed value\n');
    assert.ok(!parsed.ok);
    assert.doesNotMatch(JSON.stringify(parsed.faults), /unclosed/);
    assert.match(parsed.faults[0]?.path ?? "", /^line \d+$/);
  });
});

describe("readPolicy", () => {
  it("accepts the project's own policy", async () => {
    const parsed = await readPolicy(fileURLToPath(new URL("../..", import.meta.url)));
    assert.ok(parsed.ok, JSON.stringify(parsed));
  });

  it("treats a missing file as a fault", async () => {
    const parsed = await readPolicy("/nonexistent");
    assert.ok(!parsed.ok);
    assert.match(parsed.faults[0]?.problem ?? "", /ENOENT/);
  });
});

describe("policyDigest", () => {
  it("is the same for keys in another order, and another for another value", () => {
    const policy = policyWith();
    const turned = Object.fromEntries(Object.entries(policy).toReversed()) as typeof policy;
    assert.equal(policyDigest(turned), policyDigest(policy));
    assert.notEqual(policyDigest(policyWith({ deadlines: { telegram: 1 } })), policyDigest(policy));
  });
});
