import assert from "node:assert/strict";
import type { StepEvent } from "../../deck/engineEvents.ts";
import { SafePoint } from "../../deck/safePoint.ts";

const urn = (types: string, name: string) => `urn:pulumi:dev::phillbot::${types}::${name}`;
const step = (kind: StepEvent["kind"], types: string, op = "update"): StepEvent => ({
  ...{ kind, op, differs: [], name: "it" },
  ...{ urn: urn(types, "it"), type: types.split("$").at(-1) ?? "" },
});
const migration = "phillbot:memory:MemorySchema$command:local:Command";

describe("the point at which Pulumi is told of an interrupt", () => {
  const make = () => {
    const asked = new AbortController();
    const told: string[] = [];
    return { asked, told, point: new SafePoint(asked.signal, { progress: (line) => void told.push(line) }) };
  };

  it("is at once, with its reason, where nothing runs that is not to be cut off", () => {
    for (const events of [
      [],
      [step("began", "phillbot:gateway:Gateway$command:local:Command")],
      [step("began", "phillbot:memory:MemorySchema")],
      [step("began", migration, "same"), step("began", migration, "refresh")],
      [step("began", migration), step("ended", migration)],
      [step("began", migration), step("failed", migration)],
    ]) {
      const { asked, told, point } = make();
      for (const event of events) point.hear(event);
      assert.equal(point.signal.aborted, false);
      asked.abort(new Error("Ended by SIGINT."));
      assert.deepEqual([point.signal.aborted, told], [true, []]);
      assert.equal(point.signal.reason.message, "Ended by SIGINT.");
    }
  });

  for (const end of ["ended", "failed"] as const) {
    it(`waits for a migration that runs until it has ${end}, and says so`, () => {
      const { asked, told, point } = make();
      point.hear(step("began", migration));
      asked.abort();
      point.hear(step("ended", "phillbot:gateway:Gateway$command:local:Command"));
      assert.equal(point.signal.aborted, false);
      assert.match(told.join(), /^Interrupted: waiting for it to end\. A second Ctrl-C cuts it off\.$/);
      point.hear(step(end, migration));
      assert.equal(point.signal.aborted, true);
    });
  }

  it("was before anything began where it was asked for by then", () => {
    const point = new SafePoint(AbortSignal.abort(), { progress: () => assert.fail() });
    assert.equal(point.signal.aborted, true);
  });
});
