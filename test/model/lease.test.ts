import assert from "node:assert/strict";
import fc from "fast-check";
import {
  holderOf,
  type Lease,
  type LeaseClaim,
  leaseSentence,
  lossSentence,
  parseLease,
  renderClaim,
} from "../../model/lease.ts";
import { steering } from "../../model/legible.ts";

const claim: LeaseClaim = { stack: "prod", who: "ada@example.org", machine: "desk", purpose: "npx deck up" };
const id = "0b9ce6a2-27a5-4a1c-9d5b-1d0f8a1f0c11";
const at = (seconds: number) => new Date(seconds * 1000);
const held = (more: Partial<Extract<Lease, { kind: "held" }>> = {}) =>
  ({ kind: "held", name: id, left: 74, since: at(1_795_430_000), now: at(1_795_430_500), claim, ...more }) as const;
const printed = (how: string, line: string) => `${how} ${id} 74 1795430000 1795430500\n${line}\n`;
const anything = fc.string({ unit: "binary", maxLength: 400 });
const process = fc.option(
  fc.record(
    {
      on: fc.constant("a".repeat(64)),
      uid: fc.nat(),
      pid: fc.integer({ min: 1, max: 4_194_304 }),
      start: fc.nat().map(String),
    },
    { noNullPrototype: true },
  ),
  { nil: undefined },
);

describe("A lease's claim", () => {
  it("is one line of printable ASCII that the host's file takes, and is read back, whatever stands in it", () => {
    fc.assert(
      fc.property(anything, anything, anything, process, (who, machine, purpose, started) => {
        const line = renderClaim({ stack: "prod", who, machine, purpose, ...(started && { process: started }) });
        assert.match(line, /^[\x20-\x7e]{1,3900}$/);
        const lease = parseLease(printed("held", line));
        assert.ok(lease?.kind === "held");
        const short = (text: string) => text.slice(0, 120) || "?";
        const words = { stack: "prod", who: short(who), machine: short(machine), purpose: short(purpose) };
        assert.deepEqual(lease.claim, { ...words, ...(started && { process: started }) });
      }),
    );
  });

  it("steers no terminal and leaves no backticks where it is told", () => {
    fc.assert(
      fc.property(anything, anything, anything, (who, machine, purpose) => {
        const lease = held({ claim: { stack: "other", who, machine, purpose } });
        for (const sentence of [leaseSentence(lease, "prod"), lossSentence(lease, "another")]) {
          assert.equal(sentence.search(steering), -1);
          assert.equal((sentence.match(/`/g) ?? []).length % 2, 0);
        }
      }),
    );
  });

  it("that cannot be read leaves a lease that runs out, with nobody's name", () => {
    for (const line of [
      "{}",
      '{"stack":',
      "",
      JSON.stringify({ ...claim, more: 1 }),
      JSON.stringify({ ...claim, who: "a".repeat(121) }),
    ]) {
      const lease = parseLease(printed("held", line));
      assert.ok(lease?.kind === "held", line);
      assert.deepEqual([lease.claim, lease.left, holderOf(lease)], [undefined, 74, "Somebody whose claim cannot be read"]);
    }
  });
});

describe("What a host says of a lease", () => {
  it("is taken for nothing where it is anything else, and never for a free one", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const lease = parseLease(text);
        assert.ok(lease === undefined || /^(?:free|held|over|torn) /.test(text));
      }),
    );
    for (const text of ["", "free", `free - 0 0 1\n`, `held ${id} -1 0 1\n{}\n`, `open ${id} 0 0 1\n\n`, `free - 0 0 1\n\n\n`])
      assert.equal(parseLease(text), undefined, JSON.stringify(text));
    assert.deepEqual(parseLease("free - 0 0 1\n\n"), { kind: "free" });
    assert.deepEqual(parseLease(printed("torn", "")), { kind: "torn", name: id });
  });

  it("names who holds it, from where, for what, since when and until when", () => {
    assert.equal(
      leaseSentence(held(), "prod"),
      "`ada@example.org` on `desk` holds the lease of the stack `prod` for `npx deck up`, since 2026-11-23T10:33:20Z, until 2026-11-23T10:42:54Z (74 s) unless it is renewed.",
    );
  });

  it("names the other stack that took it in this one's folder", () => {
    assert.match(
      leaseSentence(held({ claim: { ...claim, stack: "test" } }), "prod"),
      /lease of the stack `prod` as that of `test` for/,
    );
  });

  it("tells one that ran out, and none at all, from one that is held", () => {
    assert.match(
      leaseSentence({ ...held(), kind: "over", left: 0 }, "prod"),
      /^Nobody holds .*did not renew it until it ran out\.$/,
    );
    assert.equal(leaseSentence({ kind: "free" }, "prod"), "Nobody holds the lease of the stack `prod`.");
    assert.match(leaseSentence({ kind: "torn", name: "a" }, "prod"), /is none, so nobody can tell/);
  });

  it("tells who lost it whether it ran out, was taken, or was taken away", () => {
    assert.match(lossSentence({ ...held(), kind: "over", left: 0 }, id), /ran out before it could be renewed/);
    assert.match(lossSentence(held(), "another"), /`ada@example.org` on `desk` holds it now for `npx deck up`/);
    for (const lease of [{ kind: "free" }, { kind: "torn", name: "a" }, { ...held(), kind: "over" }] as const)
      assert.match(lossSentence(lease, "another"), /was taken away before its end/);
  });
});
