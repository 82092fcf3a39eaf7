import assert from "node:assert/strict";
import { once } from "node:events";
import { interruption } from "../../deck/interrupt.ts";

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

  it("says which signal ended the work", async () => {
    assert.match(String((await ended("SIGTERM")).reason), /Ended by SIGTERM/);
  });
});
