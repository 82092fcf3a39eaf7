/** What a stack's record says could come back, and which comes first. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { backupAfter, beforeCurrent, deploymentsIn, deploymentsNamed, treesToKeep } from "../../model/deployments.ts";
import type { HistoryEntry } from "../../model/history.ts";

const treeOf = (letter: string) => letter.charCodeAt(0).toString(16).padStart(2, "0").repeat(20);
const backupOf = (name: string) => ({ name, sha256: "0".repeat(64), bytes: 1, bot: "0".repeat(64) });

/**
 * `+a`: an update to a with an open gate; `!a`: a blocked one; `<a`: a rollback to a; `?a`: a blocked rollback; `.a` and `,a`: an
 * update and a rollback that were killed; `-a`: a rollback that ended without a verdict; `b1`: a backup.
 */
function record(...steps: readonly string[]): readonly HistoryEntry[] {
  const drafts = steps.flatMap((step): readonly Partial<HistoryEntry>[] => {
    const [kind, name = ""] = [step[0], step.slice(1)];
    const tree = treeOf(name);
    if (kind === "b") return [{ event: "backup", backup: backupOf(step) }];
    const end = kind === "<" ? "rolled-back" : "ended";
    const isOpen = kind === "+" || kind === "<";
    const began = { event: "began", tree, ...("<?,-".includes(kind ?? "") ? { rollback: true as const } : {}) };
    if (kind === "." || kind === ",") return [began];
    const judged = isOpen ? [] : [{ event: "judged", verdict: "blocked" as const }];
    if (kind === "-") return [began, { event: "ended" }];
    return [began, ...judged, { event: end, ...(isOpen ? { verdict: "open", tree } : {}) }];
  });
  return drafts.map((draft, index) => ({
    ...{ id: "x", number: index + 1, previous: "", at: `2026-03-10T12:00:${String(index).padStart(2, "0")}Z` },
    ...{ stack: "dev", who: "ada", summary: "…" },
    ...draft,
  })) as unknown as readonly HistoryEntry[];
}

const target = (...steps: readonly string[]) => beforeCurrent(deploymentsIn(record(...steps)))?.tree;

describe("What ran before", () => {
  const cases: readonly (readonly [string, readonly string[], string | undefined])[] = [
    ["is nothing at first", ["+a"], undefined],
    ["is the one before the one that runs", ["+a", "+b"], "a"],
    ["is the last that was open where the newer one never was", ["+a", "+b", "!c"], "b"],
    ["is the one before where the same was tried again and failed", ["+a", "+b", "!b"], "a"],
    ["goes back further the second time", ["+a", "+b", "+c", "<b"], "a"],
    ["is never what was left by a rollback", ["+a", "+b", "<a", "+c"], "a"],
    ["is it again once it was brought up anew", ["+a", "+b", "<a", "+b", "+c"], "b"],
    ["goes back further, and not to the newer one, where a rollback was blocked", ["+a", "+b", "+c", "?b"], "a"],
    ["is nothing where all that ran was left", ["+a", "+b", "<a"], undefined],
    ["is what ran when one that was left was brought back after all", ["+a", "+b", "<a", "<b"], "a"],
    ["is the one that was being brought back and was killed", ["+z", "+a", "+b", ",a"], "a"],
    ["is that one also where nothing ran before it", ["+a", "+b", ",a"], "a"],
    ["is the one whose rollback was interrupted, or failed before its gate", ["+z", "+a", "+b", "-a"], "a"],
    ["is also one that had been left before", ["+a", "+b", "<a", ",b"], "b"],
    ["is what runs where an update to one that was left was killed", ["+a", "+b", "<a", ".b"], "a"],
    ["is the last that was open where an update to a new one was killed", ["+a", "+b", ".c"], "b"],
    ["is the newest where an older one was brought up by hand and blocked", ["+z", "+a", "+b", "!a"], "b"],
  ];
  for (const [says, steps, wanted] of cases)
    it(says, () => assert.equal(target(...steps), wanted === undefined ? undefined : treeOf(wanted)));

  it("is never what runs well, and never what no gate opened for, whatever happened", () => {
    const step = fc
      .tuple(fc.constantFrom("+", "!", "<", "?", ".", ","), fc.constantFrom("a", "b", "c", "d"))
      .map((words) => words.join(""));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const ran = deploymentsIn(record(...steps));
        const found = beforeCurrent(ran);
        const opened = steps.filter((each) => "+<".includes(each[0] ?? "")).map((each) => treeOf(each.slice(1)));
        assert.ok(found === undefined || opened.includes(found.tree));
        if (ran.ended === "open") assert.notEqual(found?.tree, ran.current);
        assert.equal(new Set(ran.all.map(({ tree }) => tree)).size, ran.all.length);
        assert.deepEqual(new Set(ran.all.map(({ tree }) => tree)), new Set(opened));
      }),
    );
  });
});

describe("When one first ran", () => {
  it("stays what it was, however often it came back, was left or was brought up anew", () => {
    const { all } = deploymentsIn(record("+a", "+b", "+c", "<a", "+b", "<a"));
    assert.deepEqual(
      all.toSorted((one, other) => one.first - other.first).map(({ tree }) => tree),
      ["a", "b", "c"].map(treeOf),
    );
  });
});

describe("A deployment's name", () => {
  it("is a tag, or the beginning of its tree or digest, of four signs at least", () => {
    const [began, ended] = record("+a");
    assert.ok(began !== undefined && ended !== undefined);
    const signed = { ...ended, event: "released" as const, release: { id: "0.1.0", digest: "d".repeat(64) } };
    const ran = deploymentsIn([began, signed, ...record("+b")]);
    const named = (word: string) => deploymentsNamed(ran, word).map(({ name }) => name);
    assert.deepEqual(
      [named("0.1.0"), named("dddd"), named(treeOf("b").slice(0, 6)), named("dd"), named("0.1")],
      [["0.1.0"], ["0.1.0"], [treeOf("b").slice(0, 12)], [], []],
    );
  });
});

describe("The state before a newer one", () => {
  it("is the first that an update kept since, and none that was kept while the older one ran", () => {
    const entries = [...record("+a", "bhand"), ...record("+b")];
    const [beganA, endedA, byHand, beganB, endedB] = entries.map((entry, index) => ({ ...entry, number: index + 1 }));
    assert.ok(beganA && endedA && byHand && beganB && endedB);
    const during = { ...byHand, number: 5, backup: backupOf("during") } as unknown as HistoryEntry;
    const all = [beganA, endedA, byHand, beganB, during, { ...endedB, number: 6 }];
    const older = deploymentsIn(all).all.find(({ tree }) => tree === treeOf("a"));
    assert.ok(older !== undefined);
    assert.equal(backupAfter(all, older)?.name, "during");
    assert.equal(backupAfter(all.slice(0, 3), older), undefined);
    const later = { ...byHand, number: 7, backup: backupOf("weeks later") } as unknown as HistoryEntry;
    const withoutOne = [beganA, endedA, beganB, { ...endedB, number: 6 }, later];
    assert.equal(backupAfter(withoutOne, older), undefined);
  });
});

describe("What is kept ready", () => {
  it("is what runs and the newest before it", () => {
    const ran = deploymentsIn(record("+a", "+b", "+c", "+d"));
    assert.deepEqual(treesToKeep(ran, 2), new Set(["d", "c", "b"].map(treeOf)));
    assert.deepEqual(treesToKeep(deploymentsIn(record("+a", "+b", "<a")), 1), new Set(["a", "b"].map(treeOf)));
  });
});
