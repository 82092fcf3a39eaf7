import assert from "node:assert/strict";
import { type ModesOptions, readModes } from "../../release/modes.ts";
import { Team } from "../model/rolesSample.ts";
import { ModesOnRecord } from "./modesOnRecord.ts";

describe("the mode on record and architecture", () => {
  let team: Team;
  let modes: ModesOnRecord;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(() => {
    modes = new ModesOnRecord(team);
  });
  afterEach(() => modes[Symbol.dispose]());

  const decision = (status = "accepted", paths = "[model/**]") => `---\nstatus: ${status}\npaths: ${paths}\n---\n# Why\n`;
  const file = "Documentation/architecture/0001-it.md";
  const built = { "model/new.ts": "1" };

  it("leaves Build with a decision that was accepted before the first commit on its paths", async () => {
    modes.repository.commit({ [file]: decision() }, "docs: decide");
    modes.repository.commit(built, "feat: build");
    await modes.put("A", "B", null);
    assert.equal(await modes.modeNow(), "B");
  });

  for (const [what, make] of [
    ["there is none", () => modes.repository.commit(built, "feat: build")],
    ["it came with what it is for", () => modes.repository.commit({ ...built, [file]: decision() }, "feat: build")],
    ["it came after", () => [modes.repository.commit(built, "feat: build"), modes.repository.commit({ [file]: decision() })]],
    [
      "it is for other paths",
      () => [modes.repository.commit({ [file]: decision("accepted", "[host/**]") }), modes.repository.commit(built)],
    ],
    ["it was proposed only", () => [modes.repository.commit({ [file]: decision("proposed") }), modes.repository.commit(built)]],
    [
      "it was taken back since",
      () => {
        modes.repository.commit({ [file]: decision() });
        modes.repository.commit(built);
        modes.repository.commit({ [file]: decision("rejected") });
      },
    ],
  ] as const) {
    it(`stays in Build where ${what}`, async () => {
      make();
      await modes.put("A", "B", null);
      assert.equal(await modes.modeNow(), "A");
      assert.match((await modes.refusals()).join(" "), /`model\/new.ts` was first changed by .* needs `architecture-stamp`/);
    });
  }

  it("takes what is older than the baseline of the roles as it is, and nothing later", async () => {
    modes.repository.commit(built, "feat: build what nobody signed");
    const baseline = modes.head();
    const first = await modes.put("A", "B", null);
    const modeBy = async (roles: ModesOptions) => {
      const found = await readModes(modes.repository.folder, roles);
      return found.ok ? found.state : assert.fail(found.problem);
    };
    assert.deepEqual(
      [(await modeBy(await modes.options())).mode, (await modeBy(await modes.options(baseline))).mode],
      ["A", "B"],
    );
    modes.repository.commit({ "model/later.ts": "1" }, "feat: build on");
    const later = await modes.put("A", "B", null, { by: "ada" });
    assert.notEqual(later, first);
    const { refused } = await readModes(modes.repository.folder, await modes.options(baseline));
    assert.match(JSON.stringify(refused.find(({ digest }) => digest === later)), /`model\/later.ts` was first changed by/);
  });

  it("names ten paths and how many more there are", async () => {
    modes.repository.commit(Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`model/${n}.ts`, "1"])), "feat: build");
    await modes.put("A", "B", null);
    const [reasons = ""] = await modes.refusals();
    assert.equal(reasons.match(/was first changed by/g)?.length, 10);
    assert.match(reasons, /2 more paths have none either\./);
  });

  it("stays in Build where one side of a merge did not await what the other decided", async () => {
    modes.repository.git("checkout", "--quiet", "-b", "side");
    const early = modes.repository.commit(built, "feat: build at once");
    modes.repository.git("checkout", "--quiet", "main");
    modes.repository.commit({ [file]: decision() }, "docs: decide");
    modes.repository.commit({ "model/new.ts": "2" }, "feat: build what was decided");
    modes.repository.git("merge", "--quiet", "--no-ff", "-s", "ours", "side");
    modes.repository.commit({ "model/new.ts": "3" }, "feat: build on");
    await modes.put("A", "B", null);
    assert.equal(await modes.modeNow(), "A");
    const refused = (await modes.refusals()).join(" ");
    assert.match(refused, new RegExp(`was first changed by ${early.slice(0, 12)}`));
    assert.equal(refused.match(/was first changed by/g)?.length, 1);
  });

  const undecided = /`model\/new.ts` was first changed by .* needs `architecture-stamp`/;
  const stays = async (why: RegExp) => {
    assert.equal(await modes.modeNow(), "A");
    assert.match((await modes.refusals()).join(" "), why);
  };

  it("leaves Build with nothing undecided that was built before it was entered again", async () => {
    const last = await modes.reach("B");
    modes.repository.commit(built, "feat: build in Validate");
    await modes.put("A", "B", await modes.put("B", "A", last));
    await stays(undecided);
  });

  it("leaves Build with nothing undecided that was built in Operate", async () => {
    const last = await modes.reach("D");
    modes.repository.commit(built, "feat: build in Operate");
    await modes.put("A", "B", await modes.put("D", "A", last));
    await stays(undecided);
  });

  it("leaves Build with fixes of Stabilize, which needed no decision", async () => {
    const stabilized = await modes.reach("C");
    const tested = { "model/new.ts": "1", "test/a.test.ts": "1" };
    modes.repository.commit(tested, "fix: mend\n\nRegression-Test: test/a.test.ts");
    const build = await modes.put("B", "A", await modes.put("C", "B", stabilized));
    await modes.put("A", "B", build);
    assert.equal(await modes.modeNow(), "B");
  });

  it("wants a decision for a fix that Stabilize would not have let out, since it names no test", async () => {
    const stabilized = await modes.reach("C");
    modes.repository.commit(built, "fix: rewrite it");
    const build = await modes.put("B", "A", await modes.put("C", "B", stabilized));
    await modes.put("A", "B", build);
    await stays(undecided);
  });

  it("wants a decision for a fix that was made in Build, whatever Stabilize allowed before", async () => {
    const build = await modes.put("B", "A", await modes.put("C", "B", await modes.reach("C")));
    modes.repository.commit(built, "fix: mend");
    await modes.put("A", "B", build);
    await stays(undecided);
  });

  it("takes no decision of an earlier milestone for a new one", async () => {
    modes.repository.commit({ [file]: decision() });
    const last = await modes.put("D", "A", await modes.reach("D"));
    modes.repository.commit(built, "feat: build");
    await modes.put("A", "B", last);
    assert.equal(await modes.modeNow(), "A");
  });
});
