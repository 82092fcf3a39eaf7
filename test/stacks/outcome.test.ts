/** What the program leaves for whoever started Pulumi. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refuse } from "../../stacks/outcome.ts";

describe("A program that refuses", () => {
  const folder = mkdtempSync(join(tmpdir(), "phillbot-outcome-"));
  const before = process.env.PHILLBOT_OUTCOME_FILE;
  beforeEach(() => {
    process.env.PHILLBOT_OUTCOME_FILE = join(folder, "outcome.json");
  });
  afterEach(() => {
    if (before === undefined) delete process.env.PHILLBOT_OUTCOME_FILE;
    else process.env.PHILLBOT_OUTCOME_FILE = before;
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [message, summary] of [
    ["2 of the secrets cannot be fetched:\n  `A`: It is empty.", "2 of the secrets cannot be fetched."],
    ["It is refused.\n  npx deck up", "It is refused."],
  ] as const) {
    it(`throws the whole message, and leaves \`${summary}\` with its code`, () => {
      assert.throws(() => refuse(2, message), { message });
      assert.deepEqual(JSON.parse(readFileSync(join(folder, "outcome.json"), "utf8")), { code: 2, summary });
    });
  }

  it("leaves other words where the first line was read already", () => {
    assert.throws(() => refuse(1, "Blocked:\n  memory: no", "Refused by memory; nothing was touched."), /Blocked:/);
    const written = JSON.parse(readFileSync(join(folder, "outcome.json"), "utf8"));
    assert.deepEqual(written, { code: 1, summary: "Refused by memory; nothing was touched." });
  });
});
