import assert from "node:assert/strict";
import { type ModeState, modeMove, stateAfter } from "../../model/modeMoves.ts";
import type { Mode } from "../../model/modes.ts";
import { refuseRelease } from "../../release/changes.ts";
import { Repository } from "./gitFixture.ts";

describe("what a release may change", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
    repository.commit({ "README.md": "# It\n" }, "docs: begin");
  });
  afterEach(() => repository[Symbol.dispose]());
  const head = () => repository.git("rev-parse", "HEAD");

  const asState = (mode: Mode, released: string, entered = released): ModeState => ({
    ...{ mode, last: null, entered, released },
    ...{ judgedBy: mode, resumed: undefined, operated: undefined },
  });
  const refused = (state: ModeState, purpose: "deploy" | "milestone" = "deploy") =>
    refuseRelease(repository.folder, { commit: head(), state, purpose });
  const test = { "test/model/new.test.ts": "1" };
  const fix = (trailer: string) => `fix: mend it\n\n${trailer}`;

  it("gives production nothing from Build, not even documents", async () => {
    assert.deepEqual(await refused(asState("A", head())), [
      "The mode is A (Build): production accepts nothing that is still being built.",
    ]);
  });

  it("refuses a feature in Operate, and lets configuration and documents through", async () => {
    const base = head();
    repository.commit({ "operations/gate.yaml": "version: 1\n", "Documentation/handoff.md": "# It\n" }, "chore: wait longer");
    assert.deepEqual(await refused(asState("D", base)), []);
    const id = repository.commit({ "model/new.ts": "1" }, "feat: one more");
    assert.deepEqual(await refused(asState("D", base)), [
      `${id.slice(0, 12)} (feat: one more) is a change of kind \`feature\`; D (Operate) allows documents, configuration.`,
    ]);
    assert.deepEqual(await refused(asState("D", head())), []);
  });

  it("lets a fix through in Stabilize with the test that it names, and refuses it without", async () => {
    const base = head();
    repository.commit({ "model/a.ts": "1", ...test }, fix("Regression-Test: test/model/new.test.ts"));
    assert.deepEqual(await refused(asState("C", base)), []);
    assert.match((await refused(asState("D", base))).join(" "), /kind `fix`; D/);
    for (const [trailer, pattern] of [
      ["", /without a `Regression-Test: <file>` trailer/],
      ["Regression-Test:", /without a `Regression-Test: <file>` trailer/],
      ["Regression-Test: test/model/absent.test.ts", /names `test\/model\/absent.test.ts`, which is no file of tests/],
      ["Regression-Test: model/a.ts", /which is no file of tests/],
      ["Regression-Test: test/model/", /which is no file of tests/],
    ] as const) {
      const before = head();
      repository.commit({ "model/a.ts": trailer }, fix(trailer));
      assert.match((await refused(asState("C", before))).join(" "), pattern, trailer);
    }
  });

  it("reads the test of a fix whatever this clone takes for a trailer", async () => {
    for (const [separators, trailer, isRead] of [
      ["=", "Regression-Test: test/model/new.test.ts", true],
      [":=", "Regression-Test= test/model/new.test.ts", false],
    ] as const) {
      const base = head();
      repository.commit({ "model/a.ts": trailer, ...test }, fix(trailer));
      repository.git("config", "trailer.separators", separators);
      assert.equal((await refused(asState("C", base))).length === 0, isRead, separators);
    }
  });

  it("refuses a fix in Validate, where nothing is new", async () => {
    const base = head();
    repository.commit(test, "test: one more");
    assert.deepEqual(await refused(asState("B", base)), []);
    repository.commit({ "model/a.ts": "1" }, fix("Regression-Test: test/model/new.test.ts"));
    assert.match((await refused(asState("B", base))).join(" "), /kind `fix`; B \(Validate\)/);
  });

  it("lets the whole milestone into Operate, and to production only from there", async () => {
    const released = head();
    repository.commit({ "model/new.ts": "1" }, "feat: the milestone");
    const entered = head();
    repository.commit({ "model/a.ts": "1", ...test }, fix("Regression-Test: test/model/new.test.ts"));
    assert.deepEqual(await refused(asState("C", released, entered), "milestone"), []);
    assert.match((await refused(asState("C", released, entered))).join(" "), /kind `feature`/);
    const move = modeMove({ from: "C", to: "D", at: new Date(0), commit: head(), before: null, evidence: [] });
    assert.deepEqual(await refused(stateAfter(asState("C", released, entered), move, "e".repeat(64))), []);
    assert.match((await refused(asState("D", released), "milestone")).join(" "), /Operate is entered from C/);
  });

  it("counts everything where nothing was released yet", async () => {
    repository.commit({ "model/new.ts": "1" }, "feat: the first");
    const state = { ...asState("C", ""), entered: undefined, released: undefined };
    assert.match((await refused(state)).join(" "), /kind `feature`/);
  });

  it("refuses what lacks the baseline, and a clone that lacks the history", async () => {
    const base = head();
    repository.git("checkout", "--quiet", "--orphan", "other");
    repository.commit({ "README.md": "# Other\n" }, "docs: begin again");
    assert.match((await refused(asState("D", base))).join(" "), /does not contain the baseline/);
    repository.commit({ "README.md": "# Other still\n" }, "docs: again");
    using shallow = repository.clone("--depth=1");
    const commit = shallow.git("rev-parse", "HEAD");
    const found = await refuseRelease(shallow.folder, { commit, state: asState("D", commit), purpose: "deploy" });
    assert.match(found.join(" "), /a part of the history only/);
  });

  it("sees through a merge, and what it holds that no parent has", async () => {
    const base = head();
    repository.git("checkout", "--quiet", "-b", "side");
    repository.commit({ "Documentation/a.md": "1" }, "docs: on the side");
    repository.git("checkout", "--quiet", "main");
    repository.commit({ "Documentation/b.md": "1" }, "docs: on the main road");
    repository.git("merge", "--quiet", "--no-ff", "--no-commit", "side");
    assert.deepEqual(await refused(asState("D", base)), []);
    repository.commit({ "model/evil.ts": "1" }, "Merge branch 'side'");
    assert.match((await refused(asState("D", base))).join(" "), /Merge branch 'side'\) is a change of kind `feature`/);
  });

  it("sees a merge take back what the baseline holds, where git alone would have kept it", async () => {
    repository.commit({ "model/a.ts": "old" }, "feat: begin");
    const old = head();
    repository.commit({ "model/a.ts": "guarded" }, "fix: guard");
    const base = head();
    const merge = repository.git("commit-tree", `${old}^{tree}`, "-p", base, "-p", old, "-m", "docs: merge");
    const found = await refuseRelease(repository.folder, { commit: merge, state: asState("D", base), purpose: "deploy" });
    assert.match(found.join(" "), /docs: merge\) is a change of kind `feature`/);
    repository.git("checkout", "--quiet", "-b", "side", old);
    repository.commit({ "Documentation/n.md": "n" }, "docs: on the side");
    repository.git("checkout", "--quiet", "main");
    repository.git("merge", "--quiet", "--no-ff", "--no-commit", "side");
    repository.git("checkout", "side", "--", "model/a.ts");
    repository.commit({}, "docs: bring the side in");
    assert.match((await refused(asState("D", base))).join(" "), /bring the side in\) is a change of kind `feature`/);
  });

  it("reads what a commit changes, whatever bytes its words hold", async () => {
    const base = head();
    for (const mark of ["\x01", "\x02", "\x03", "\x1e"]) {
      const before = head();
      repository.commit({ "model/a.ts": `a${mark}` }, `docs: a${mark}y${mark}${mark}`);
      assert.match((await refused(asState("D", before))).join(" "), /is a change of kind `feature`/, JSON.stringify(mark));
    }
    assert.equal((await refused(asState("D", base))).length, 4);
  });

  it("sees a submodule move that is set to be ignored, and a footer that says what breaks", async () => {
    const point = (at: string) => repository.git("update-index", "--add", "--cacheinfo", `160000,${at.repeat(40)},policy/sub`);
    repository.write({ ".gitmodules": '[submodule "policy/sub"]\n\tpath = policy/sub\n\turl = ./x\n\tignore = all\n' });
    repository.git("add", ".gitmodules");
    point("1");
    repository.git("commit", "--quiet", "--message", "feat: begin");
    const base = head();
    point("2");
    repository.git("commit", "--quiet", "--message", "docs: nothing");
    assert.match((await refused(asState("D", base))).join(" "), /docs: nothing\) is a change of kind `feature`/);
    const next = head();
    repository.git("commit", "--quiet", "--allow-empty", "--message", "fix: it\n\nBREAKING CHANGE: all is other now");
    assert.match((await refused(asState("D", next))).join(" "), /fix: it\) is a change of kind `feature`/);
  });
});
