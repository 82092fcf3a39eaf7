/** When a drill held, and which drill a release may rest on: never a failed, an edited, a future or an old one. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compareData,
  type Drill,
  type DrillStatus,
  drillSteps,
  judgeDrills,
  needsNoDrill,
  outcomeOf,
} from "../../model/drill.ts";
import { data, drillOf, now } from "./drillSample.ts";

const day = 86_400_000;
const rules = { now, maximumAgeDays: 7, clockSkewSeconds: 30 };
const endedAgo = (ms: number, changes: Partial<Drill> = {}) =>
  drillOf({ finishedAt: new Date(now.getTime() - ms).toISOString(), ...changes });
const statusOf = (drills: readonly Drill[], spoilt: readonly string[] = []) => judgeDrills(drills, spoilt, rules).status;
const failed = (ms: number) => endedAgo(ms, { outcome: "failed" });

describe("outcomeOf", () => {
  it("is held where every step held, in order, and the state came back", () => {
    assert.equal(outcomeOf(drillOf()), "held");
  });

  for (const [at, id] of drillSteps.entries()) {
    it(`is not held without the step \`${id}\``, () => {
      assert.equal(outcomeOf(drillOf({ steps: drillOf().steps.toSpliced(at, 1) })), "unknown");
    });

    for (const status of ["failed", "unknown"] as const) {
      it(`is ${status} where \`${id}\` is`, () => {
        const steps = drillOf().steps.map((step) => (step.id === id ? { ...step, status } : step));
        assert.equal(outcomeOf(drillOf({ steps })), status);
      });
    }
  }

  it("is not held where steps are in another order, or one is there twice", () => {
    const { steps } = drillOf();
    assert.equal(outcomeOf(drillOf({ steps: steps.toReversed() })), "unknown");
    assert.equal(outcomeOf(drillOf({ steps: [...steps, ...steps.slice(-1)] })), "unknown");
  });

  for (const key of ["running", "candidate", "data"] as const) {
    it(`is not held without \`${key}\``, () => assert.equal(outcomeOf(drillOf({ [key]: null })), "unknown"));
  }

  it("is not held where the data say that something was lost", () => {
    const lost = { ...data, after: data.candidate };
    assert.equal(outcomeOf(drillOf({ data: lost })), "unknown");
  });
});

describe("compareData", () => {
  const statusWith = (after: Partial<typeof data.after>) => compareData({ ...data, after: { ...data.after, ...after } }).status;
  const other = { count: 1, digest: "e".repeat(64) };

  it("holds where all is as before, also where the channel was read on", () => {
    assert.equal(compareData(data).status, "held");
    assert.equal(statusWith({ place: data.before.place + 5 }), "held");
  });

  for (const key of ["sessions", "paired", "device"] as const) {
    it(`fails where the ${key} are others`, () => assert.equal(statusWith({ [key]: other }), "failed"));
  }

  it("fails where the place in the channel is an older one", () => {
    assert.equal(statusWith({ place: data.before.place - 1 }), "failed");
  });

  it("tells nothing where the candidate changed nothing, or there was nothing to lose", () => {
    assert.equal(compareData({ ...data, candidate: data.before }).status, "unknown");
    for (const key of ["sessions", "paired", "device"] as const) {
      const none = { ...data.before, [key]: { ...data.before[key], count: 0 } };
      assert.equal(compareData({ ...data, before: none, after: none }).status, "unknown", key);
    }
  });
});

describe("judgeDrills", () => {
  it("passes for one that held and is young enough, whatever its age within the limit", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 7 * day }), (age) => statusOf([endedAgo(age)]) === "pass"));
  });

  it("fails for one that is older, by however little", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1000 * day }), (more) => statusOf([endedAgo(7 * day + more)]) === "fail"));
  });

  it("does not count one of the future but for the clocks' skew", () => {
    fc.assert(fc.property(fc.integer({ min: 30_001, max: 1000 * day }), (ahead) => statusOf([endedAgo(-ahead)]) === "fail"));
    fc.assert(fc.property(fc.integer({ min: 0, max: 30_000 }), (ahead) => statusOf([endedAgo(-ahead)]) === "pass"));
  });

  it("rests on the newest that could tell, in whatever order they are read", () => {
    const told = fc.record({
      age: fc.integer({ min: 0, max: 7 * day }),
      outcome: fc.constantFrom<DrillStatus>("held", "failed", "unknown"),
    });
    fc.assert(
      fc.property(fc.uniqueArray(told, { selector: ({ age }) => age, maxLength: 6 }), (all) => {
        const [newest] = all.filter(({ outcome }) => outcome !== "unknown").toSorted((one, other) => one.age - other.age);
        const wanted = newest?.outcome === "held" ? "pass" : "fail";
        return statusOf(all.map(({ age, outcome }) => endedAgo(age, { outcome }))) === wanted;
      }),
    );
  });

  it("fails without any, and names what lies there and is none", () => {
    assert.equal(statusOf([]), "fail");
    const { summary, remedy, status } = judgeDrills([], ["drill-x"], rules);
    assert.equal(status, "fail");
    assert.match(summary, /No drill .* drill-x/);
    assert.equal(remedy, "npx deck drill");
  });

  it("says what is wrong with the newest", () => {
    assert.match(judgeDrills([failed(day)], [], rules).summary, /did not hold/);
    assert.match(judgeDrills([endedAgo(8 * day)], [], rules).summary, /is 8\.0 days old; one that held within 7 days/);
  });
});

describe("needsNoDrill", () => {
  const own = { requireSignOff: false, host: { kind: "local" }, devServices: {} };

  it("is true of a stack with stand-ins on this machine alone", () => {
    assert.equal(needsNoDrill(own), true);
    for (const change of [{ requireSignOff: true }, { host: { kind: "ssh" } }, { devServices: undefined }])
      assert.equal(needsNoDrill({ ...own, ...change }), false, JSON.stringify(change));
  });
});
