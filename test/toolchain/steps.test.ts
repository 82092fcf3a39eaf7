/** Proves that set-up skips what is done, runs the rest in order, and stops at the first failure with its cause. */

import assert from "node:assert/strict";
import type { Progress } from "../../toolchain/progress.ts";
import { allDone, runLanes, type Step } from "../../toolchain/steps.ts";

/** Keeps the lines that would be shown. */
function recorder(): Progress & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    begin: (title) => (outcome) => lines.push(`${outcome} ${title}`),
    say: (line) => lines.push(line),
    close: () => {},
  };
}

function step(title: string, done: boolean, run: Step["run"] = async () => {}): Step {
  return { title, done: () => done, run };
}

describe("runLanes", () => {
  it("skips a done step without a line", async () => {
    const progress = recorder();
    const ran = await runLanes([[step("a", true, () => assert.fail("a done step ran")), step("b", false)]], progress);
    assert.deepEqual(ran, ["b"]);
    assert.deepEqual(progress.lines, ["done b"]);
  });

  it("asks a step whether it is done only after the steps before it have run", async () => {
    let made = false;
    const first = step("make", false, async () => {
      made = true;
    });
    const second: Step = { title: "use", done: () => made, run: () => assert.fail("asked too early") };
    assert.deepEqual(await runLanes([[first, second]], recorder()), ["make"]);
  });

  it("runs lanes side by side", async () => {
    const met = Promise.withResolvers<void>();
    const lanes = [[step("waits", false, () => met.promise)], [step("meets", false, async () => met.resolve())]];
    assert.deepEqual([...(await runLanes(lanes, recorder()))].sort(), ["meets", "waits"]);
  });

  it("stops the other lane at a failure, and throws the failure rather than its effect", async () => {
    const cause = new Error("no disk");
    const progress = recorder();
    const failing = step("fail", false, async () => {
      throw cause;
    });
    const waiting = step("wait", false, ({ signal }) => {
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("was stopped"))));
    });
    const lanes = [[waiting, step("never", false, () => assert.fail("ran after a failure"))], [failing]];
    await assert.rejects(runLanes(lanes, progress), (error) => error === cause);
    assert.deepEqual(progress.lines, ["failed fail", "stopped wait"]);
  });

  it("throws what a question for done throws", async () => {
    const cause = new Error("cannot tell");
    const broken: Step = { title: "broken", done: () => Promise.reject(cause), run: async () => {} };
    await assert.rejects(runLanes([[broken]], recorder()), (error) => error === cause);
  });
});

describe("allDone", () => {
  it("is true only if every step of every lane is", async () => {
    assert.equal(await allDone([[step("a", true)], [step("b", true)]]), true);
    assert.equal(await allDone([[step("a", true)], [step("b", false)]]), false);
  });
});
