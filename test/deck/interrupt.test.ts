import assert from "node:assert/strict";
import { once } from "node:events";
import { interruption, wasTyped } from "../../deck/interrupt.ts";

describe("interruption", () => {
  const ended = async (name: "SIGINT" | "SIGTERM") => {
    const before = new Map((["SIGINT", "SIGTERM"] as const).map((each) => [each, process.listeners(each)]));
    const signal = interruption();
    assert.equal(signal.aborted, false);
    const aborted = once(signal, "abort");
    process.kill(process.pid, name);
    await aborted;
    for (const [each, known] of before)
      for (const listener of process.listeners(each)) if (!known.includes(listener)) process.removeListener(each, listener);
    return signal;
  };

  it("tells a Ctrl-C at a terminal, which Pulumi gets by itself, from all else", async () => {
    const interrupted = await ended("SIGINT");
    assert.equal(wasTyped(interrupted, true), true);
    assert.equal(wasTyped(interrupted, false), false);
    assert.equal(wasTyped(await ended("SIGTERM"), true), false);
    assert.equal(wasTyped(AbortSignal.abort(), true), false);
  });

  it("says which signal ended the work", async () => {
    assert.match(String((await ended("SIGTERM")).reason), /Ended by SIGTERM/);
  });
});
