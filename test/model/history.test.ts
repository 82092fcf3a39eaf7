/** Proves that a record which was changed, cut, reordered or added to is found out, and at which entry. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { type HistoryDraft, historyEvents, nextLine, verifyHistory } from "../../model/history.ts";

const digest = (text: string) => createHash("sha256").update(text).digest("hex");
const draft = (over: Partial<HistoryDraft> = {}): HistoryDraft => ({
  event: "ended",
  at: "2026-03-10T12:00:00.000Z",
  stack: "prod",
  who: "ada@example.org",
  summary: "It ended.",
  ...over,
});
const idOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
const chain = (drafts: readonly HistoryDraft[]) =>
  drafts.reduce((text, each, index) => text + nextLine(text, { id: idOf(index), ...each }, digest), "");
const some = fc
  .array(
    fc.record({ event: fc.constantFrom("began", "judged", "ended", "refused" as const), summary: fc.string({ minLength: 1 }) }),
    {
      minLength: 2,
      maxLength: 8,
    },
  )
  .map((list) => chain(list.map((over) => draft(over))));
const linesOf = (text: string) => text.split("\n").slice(0, -1);
const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
const brokenAt = (text: string, copy = "") => {
  const read = verifyHistory(text, copy, digest);
  return read.ok ? undefined : read.number;
};

describe("The record of a stack", () => {
  it("holds as it was written, and grows from any copy of its beginning", () => {
    fc.assert(
      fc.property(some, fc.nat(), (text, n) => {
        const lines = linesOf(text);
        const copy = textOf(lines.slice(0, n % (lines.length + 1)));
        const read = verifyHistory(text, copy, digest);
        assert.ok(read.ok);
        assert.deepEqual(
          read.entries.map(({ number }) => number),
          lines.map((_, index) => index + 1),
        );
      }),
    );
  });

  it("tells the first entry that was changed, whatever was", () => {
    fc.assert(
      fc.property(some, fc.nat(), fc.constantFrom("who", "at", "stack", "summary", "event"), (text, n, key) => {
        const lines = linesOf(text);
        const index = n % (lines.length - 1);
        const entry = JSON.parse(lines[index] ?? "") as Record<string, unknown>;
        const changed = { ...entry, [key]: key === "at" ? "2026-03-10T12:00:01.000Z" : key === "event" ? "released" : "x y z" };
        const line = JSON.stringify(changed);
        fc.pre(line !== lines[index]);
        // Whoever reads the chain finds what no longer follows: the next entry; with a copy here, the very one.
        assert.equal(brokenAt(textOf(lines.with(index, line))), index + 2);
        assert.equal(brokenAt(textOf(lines.with(index, line)), text), index + 1);
      }),
    );
  });

  it("tells where one was removed, put in twice, or exchanged with its neighbour", () => {
    fc.assert(
      fc.property(some, fc.nat(), (text, n) => {
        const lines = linesOf(text);
        const index = n % (lines.length - 1);
        const [one, next] = [lines[index] ?? "", lines[index + 1] ?? ""];
        assert.equal(brokenAt(textOf(lines.toSpliced(index, 1))), index + 1);
        assert.equal(brokenAt(textOf(lines.toSpliced(index, 0, one))), index + 2);
        assert.equal(brokenAt(textOf(lines.toSpliced(index, 2, next, one))), index + 1);
      }),
    );
  });

  it("tells by the copy here that the end was cut off, or that all of it was made anew", () => {
    const text = chain([draft(), draft({ summary: "Another." })]);
    assert.equal(brokenAt(textOf(linesOf(text).slice(0, 1))), undefined);
    assert.equal(brokenAt(textOf(linesOf(text).slice(0, 1)), text), 2);
    assert.equal(brokenAt("", text), 1);
    assert.equal(brokenAt(chain([draft(), draft({ summary: "Something else." })]), text), 2);
  });

  it("does not hold where a line is no entry, is written otherwise, or does not end", () => {
    const text = chain([draft()]);
    assert.equal(brokenAt(`${text}{}\n`), 2);
    assert.equal(brokenAt(`${text}\n`), 2);
    assert.equal(brokenAt(` ${text}`), 1);
    assert.equal(brokenAt(`${text}${text.slice(0, 20)}`), 2);
  });

  it("holds with words in it that a newer program wrote, and tells a change in those as in any other", () => {
    const newer = {
      ...draft(),
      event: "unheard-of",
      why: "nobody here knows",
      verdict: "void",
      durationMs: 1.5,
    } as unknown as HistoryDraft;
    const text = chain([draft(), newer, draft()]);
    const read = verifyHistory(text, "", digest);
    assert.ok(read.ok);
    assert.equal(read.entries[1]?.event, "unheard-of");
    assert.equal(brokenAt(text.replace("nobody here", "somebody")), 3);
  });

  it("says released only of an open gate on a signed release", () => {
    const release = { id: "1.2.0", digest: digest("manifest") };
    const refused = [{}, { release }, { verdict: "open" as const }, { release, verdict: "blocked" as const }];
    for (const over of refused) assert.throws(() => chain([draft({ event: "released", ...over })]), /open gate on a signed/);
    assert.equal(brokenAt(chain([draft({ event: "released", release, verdict: "open" })])), undefined);
    for (const event of historyEvents.filter((each) => each !== "released" && each !== "rolled-back"))
      assert.equal(brokenAt(chain([draft({ event })])), undefined);
  });

  it("says rolled back only of an open gate", () => {
    for (const over of [{}, { verdict: "blocked" as const }])
      assert.throws(() => chain([draft({ event: "rolled-back", ...over })]), /open gate/);
    assert.equal(brokenAt(chain([draft({ event: "rolled-back", verdict: "open" })])), undefined);
  });
});
