/** Proves that a step of a schema that was judged may be taken, and no other. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { admit, isAdmitted, withdrawContracts } from "../../memory/admission.ts";

const migration = (version: string, digit: string) => ({ version, name: "some", sha256: digit.repeat(64) });
const [one, two, three] = [migration("1", "a"), migration("2", "b"), migration("3", "c")];

describe("A step of a schema", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "phillbot-admission-"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it("may not be taken until it was judged", async () => {
    const step = { applied: [one], pending: [two] };
    assert.equal(await isAdmitted(root, step), false);
    await admit(root, step, false);
    assert.equal(await isAdmitted(root, step), true);
  });

  for (const [title, other] of [
    ["to another content", { applied: [one], pending: [{ ...two, sha256: "d".repeat(64) }] }],
    ["from another content", { applied: [{ ...one, sha256: "d".repeat(64) }], pending: [two] }],
    ["that takes more", { applied: [one], pending: [two, three] }],
    ["from elsewhere", { applied: [one, two], pending: [three] }],
    ["the other way round", { applied: [two], pending: [one] }],
  ] as const) {
    it(`was not judged by one ${title}`, async () => {
      await admit(root, { applied: [one], pending: [two] }, false);
      assert.equal(await isAdmitted(root, other), false);
    });
  }

  it("with a contract may be taken until somebody judges again, and one without stays judged", async () => {
    const [contract, plain] = [
      { applied: [one], pending: [two] },
      { applied: [one, two], pending: [three] },
    ];
    await admit(root, contract, true);
    await admit(root, plain, false);
    assert.deepEqual([await isAdmitted(root, contract), await isAdmitted(root, plain)], [true, true]);
    await withdrawContracts(root);
    assert.deepEqual([await isAdmitted(root, contract), await isAdmitted(root, plain)], [false, true]);
  });

  it("may always be taken from nothing", async () => assert.equal(await isAdmitted(root, { applied: [], pending: [one] }), true));
});
