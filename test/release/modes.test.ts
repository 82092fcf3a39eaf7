import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { modeMove, withdrawal } from "../../model/modeMoves.ts";
import type { Mode } from "../../model/modes.ts";
import { seal } from "../../release/envelope.ts";
import { parseModes, readModes, readModesFile } from "../../release/modes.ts";
import { addRecord, digestOf, readRecords } from "../../release/records.ts";
import { Seen } from "../../release/seen.ts";
import { type Member, Team } from "../model/rolesSample.ts";
import { ModesOnRecord, owners, projectRoot, proofOf, record } from "./modesOnRecord.ts";

describe("operations/modes.yaml", () => {
  it("names every legal move with its owner, and what is architecture", async () => {
    const file = await readModesFile(projectRoot);
    assert.ok(file.ok, JSON.stringify(file));
    const owners = file.modes.moves.map(({ from, to, owner }) => `${from}${to} ${owner}`);
    assert.deepEqual(owners, [
      "AB builder",
      "BC examiner",
      "CD judge",
      "DC operator",
      "DA builder",
      "BA examiner",
      "CB examiner",
    ]);
  });

  it("is refused where it is not there, no YAML, or asks for less", async () => {
    assert.ok(!(await readModesFile("/nowhere")).ok);
    for (const text of ["", "a: [", "version: 1\narchitecture: [model/]\nmoves: []\n"]) assert.ok(!parseModes(text).ok, text);
  });
});

describe("the mode on record", () => {
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

  it("is A from the start of history", async () => {
    assert.deepEqual(await modes.read(), {
      ok: true,
      moves: [],
      withdrawn: [],
      refused: [],
      state: {
        mode: "A",
        last: null,
        entered: undefined,
        judgedBy: "A",
        resumed: undefined,
        released: undefined,
        operated: undefined,
      },
    });
  });

  it("goes from move to move, each by its owner with its proof", async () => {
    const first = modes.head();
    const entered = await modes.reach("D");
    const now = await modes.read();
    assert.ok(now.ok);
    assert.deepEqual(now.refused, []);
    assert.deepEqual(now.state, {
      mode: "D",
      last: entered,
      entered: first,
      judgedBy: "D",
      resumed: undefined,
      released: first,
      operated: undefined,
    });
    assert.deepEqual(
      now.moves.map(({ signer, move }) => `${signer} ${move.predicate.from}${move.predicate.to}`),
      ["ada AB", "cy BC", "bo CD"],
    );
    assert.deepEqual(
      modes.asked.map((each) => ({ ...each, at: undefined })),
      [
        { digest: record, commit: first, at: undefined, result: "PASSED" },
        { digest: record, commit: first, at: undefined },
      ],
    );
  });

  it("goes back by an incident, which is mended on what runs, and on to a new milestone", async () => {
    const released = modes.head();
    const last = await modes.reach("D");
    const operated = modes.repository.commit({ "model/new.ts": "1" }, "feat: something else");
    const incident = await modes.put("D", "C", last);
    const now = await modes.read();
    assert.ok(now.ok);
    const measured = { entered: released, judgedBy: "C", resumed: undefined, released, operated };
    assert.deepEqual(now.state, { mode: "C", last: incident, ...measured });
    await modes.put("C", "B", incident);
    assert.equal(await modes.modeNow(), "B");
  });

  const feature = { "host/new.ts": "1" };
  const fix = (file: string) =>
    modes.repository.commit({ [file]: "1", "test/a.test.ts": file }, "fix: mend\n\nRegression-Test: test/a.test.ts");

  it("stays in Validate with what was built there, until that went through Build", async () => {
    const last = await modes.reach("B");
    modes.repository.commit({ "test/a.test.ts": "1", "README.md": "2" }, "test: one more");
    const tested = await modes.put("B", "C", last);
    assert.equal(await modes.modeNow(), "C");
    const back = await modes.put("C", "B", tested);
    assert.equal(await modes.modeNow(), "B");
    modes.repository.commit(feature, "feat: one more");
    await modes.put("B", "C", back);
    assert.equal(await modes.modeNow(), "B");
    assert.match((await modes.refusals()).join(" "), /kind `feature`; C \(Stabilize\) allows .* needs `examiner-evidence`/);
    const built = await modes.put("A", "B", await modes.put("B", "A", back));
    await modes.put("B", "C", built);
    assert.equal(await modes.modeNow(), "C");
  });

  it("stays in Validate with a fix that was made there first, since nothing is new in it", async () => {
    const last = await modes.reach("B");
    fix("host/a.ts");
    await modes.put("B", "C", last);
    assert.equal(await modes.modeNow(), "B");
    assert.match((await modes.refusals()).join(" "), /kind `fix`; B \(Validate\) allows documents, tests/);
  });

  it("keeps the measure of Stabilize through Validate, in an incident too, and lets fixes there and back", async () => {
    const released = modes.head();
    const incident = await modes.put("D", "C", await modes.reach("D"));
    fix("host/a.ts");
    const back = await modes.put("C", "B", incident);
    fix("host/b.ts");
    const again = await modes.put("B", "C", back);
    const now = await modes.read();
    assert.deepEqual([now.ok && now.state.mode, now.ok && now.state.entered], ["C", released]);
    modes.repository.commit(feature, "feat: in an incident");
    const failed = await modes.put("C", "B", again);
    await modes.put("B", "C", failed);
    assert.equal(await modes.modeNow(), "B");
    assert.match((await modes.refusals()).join(" "), /feat: in an incident\) is a change of kind `feature`; C \(Stabilize\)/);
  });

  for (const [what, mode, from, to] of [
    ["that leaves Build for Operate", "A", "A", "D"],
    ["that skips Stabilize", "B", "B", "D"],
    ["that goes nowhere", "A", "A", "A"],
  ] as const) {
    it(`refuses an illegal move ${what}, and names it`, async () => {
      const digest = await modes.put(from, to, await modes.reach(mode), { by: "ada" });
      const now = await modes.read();
      assert.ok(now.ok && now.state.mode === mode);
      assert.deepEqual(
        now.refused.map((each) => each.digest),
        [digest],
      );
      assert.match(now.refused[0]?.reasons.join(" ") ?? "", /There is no move from/);
    });
  }

  for (const [from, to] of [
    ["A", "B"],
    ["B", "C"],
    ["C", "D"],
  ] as const)
    for (const by of ["ada", "bo", "cy", "dee"] as const) {
      if (by === owners[`${from}${to}`]) continue;
      it(`refuses ${from}→${to} by ${by}, whose it is not`, async () => {
        await modes.put(from, to, await modes.reach(from), { by });
        assert.equal(await modes.modeNow(), from);
        assert.match((await modes.refusals()).join(" "), new RegExp(`The move ${from}→${to} is the \\w+'s; yours is`));
      });
    }

  it("refuses a move signed by nobody on record, and one signed as something else", async () => {
    await modes.put("A", "B", null, { by: "stranger" });
    await modes.put("A", "B", null, { by: "cy", kind: "attestation" });
    await addRecord(modes.repository.folder, { kind: "modes", content: "{}\n" });
    assert.equal(await modes.modeNow(), "A");
    assert.deepEqual((await modes.refusals()).length, 3);
    assert.match((await modes.refusals()).join(" "), /nobody's record/);
  });

  it("refuses a move by a key that was revoked since, and by one that had run out", async () => {
    await modes.put("A", "B", null);
    const withKeys = async (ada: object) => {
      const roles = modes.team.roles({ ada });
      return readModes(modes.repository.folder, { ...(await modes.options()), trust: { ...team.trust(roles), roles } });
    };
    for (const ada of [{ revoked: "2026-01-02" }, { until: "2026-01-02" }]) {
      const now = await withKeys(ada);
      assert.ok(now.ok && now.state.mode === "A" && now.refused.length === 1);
    }
  });

  it("judges a move by when this machine first saw it, whatever time its commit says", async () => {
    const roles = modes.team.roles({ ada: { until: "2026-03-01" } });
    const readAt = async (now: Date) =>
      readModes(modes.repository.folder, { ...(await modes.options()), now, trust: { ...team.trust(roles), roles } });
    const digest = await modes.put("A", "B", null);
    // The modes.repository's own clock says January, in which the key counted.
    modes.repository.git(
      "update-ref",
      "refs/heads/records",
      modes.repository.git("commit-tree", "records^{tree}", "-m", "Record"),
    );
    assert.match(modes.repository.git("log", "-1", "--format=%cI", "records"), /^2026-01/);
    const late = await readAt(new Date("2026-06-01T00:00:00Z"));
    assert.deepEqual(
      late.refused.map((each) => each.digest),
      [digest],
    );
    // What was refused was not seen; what was seen in time counts later, too, at the time that its proof is judged by.
    const seenAt = new Date("2026-02-01T00:00:00Z");
    assert.deepEqual((await readAt(seenAt)).refused, []);
    const [move] = (await readAt(new Date("2026-06-01T00:00:00Z"))).moves;
    assert.deepEqual([move?.digest, move?.at], [digest, seenAt]);
  });

  it("asks for a move's proof as of when this machine first saw the move", async () => {
    await modes.reach("C");
    modes.repository.git(
      "update-ref",
      "refs/heads/records",
      modes.repository.git("commit-tree", "records^{tree}", "-m", "Record"),
    );
    const at = new Date("2026-08-01T00:00:00Z");
    await readModes(modes.repository.folder, { ...(await modes.options()), now: at });
    await modes.read();
    assert.deepEqual(
      modes.asked.map((each) => (each as { at?: Date }).at),
      [at, at],
    );
  });

  it("refuses a move without its proof, and one whose proof does not hold", async () => {
    const last = await modes.reach("B");
    await modes.put("B", "C", last, { evidence: [] });
    assert.match((await modes.refusals()).join(" "), /needs `examiner-evidence`/);
    modes.answer = { examination: "The attestation does not count." };
    await modes.put("B", "C", last);
    assert.equal(await modes.modeNow(), "B");
    assert.ok((await modes.refusals()).some((each) => each.startsWith("The attestation does not count. The move B→C needs")));
  });

  it("refuses Operate for what is no signed release, and for one that holds a feature made in Stabilize", async () => {
    const last = await modes.reach("C");
    modes.answer = { signedRelease: "It is not signed." };
    await modes.put("C", "D", last);
    assert.equal(await modes.modeNow(), "C");
    modes.answer = {};
    assert.equal(await modes.modeNow(), "D");
    modes.repository.commit({ "model/new.ts": "1" }, "feat: one more");
    // The fork is none: the second one never counted.
    await modes.put("C", "D", last, { at: new Date(0) });
    const now = await modes.read();
    assert.ok(now.ok && now.refused.length === 1);
    assert.match(now.refused[0]?.reasons.join(" ") ?? "", /`feature`; C \(Stabilize\) allows/);
  });

  it("refuses a move that follows none that counts, and one that leaves a mode that was not reached", async () => {
    const last = await modes.reach("B");
    await modes.put("B", "C", digestOf("something else"));
    assert.match((await modes.refusals()).join(" "), /It follows no move that counts/);
    await modes.put("C", "D", last);
    assert.match((await modes.refusals()).join(" "), /It leaves C \(Stabilize\); the mode is B \(Validate\)/);
    assert.equal(await modes.modeNow(), "B");
  });

  it("cannot be told where two moves that count follow the same one: both are named", async () => {
    const last = await modes.reach("D");
    const two = [await modes.put("D", "C", last), await modes.put("D", "A", last)];
    const now = await modes.read();
    assert.ok(!now.ok);
    assert.deepEqual(now.fork.map(({ digest }) => digest).toSorted(), two.toSorted());
    assert.match(now.problem, /D→C by dee/);
    assert.match(now.problem, /D→A by ada/);
  });

  const copied = async (digest: string | null, indent: number) => {
    const { folder } = modes.repository;
    const found = (await readRecords(folder)).find((each) => each.digest === digest);
    const content = `${JSON.stringify(JSON.parse(found?.content ?? "{}"), null, indent)}\n`;
    return addRecord(folder, { kind: "modes", content });
  };
  const sealed = async (statement: unknown, by: Member) =>
    addRecord(modes.repository.folder, {
      kind: "modes",
      content: await seal(statement, { keyFile: modes.team.keyFile(by), kind: "mode" }),
    });
  const moving = (from: Mode, to: Mode, before: string | null) =>
    modeMove({ from, to, at: new Date(), commit: modes.head(), before, evidence: proofOf[`${from}${to}`] ?? [] });

  it("takes copies of one signed move for that move, whichever of them the next one names", async () => {
    const { folder } = modes.repository;
    const last = await modes.reach("B");
    await modes.read();
    const copy = await copied(last, 1);
    const now = await modes.read();
    assert.ok(now.ok && now.state.mode === "B" && now.state.last === last, JSON.stringify(now));
    assert.deepEqual(now.refused, []);
    const next = await modes.put("B", "C", copy);
    await copied(next, 2);
    assert.equal(await modes.modeNow(), "C");
    // On a machine that sees all of them at once, too.
    const seen = await Seen.in(`${folder}/.git/other`);
    mkdirSync(`${folder}/.git/other`);
    const other = await readModes(folder, { ...(await modes.options()), seen });
    assert.ok(other.ok && other.state.mode === "C" && other.refused.length === 0, JSON.stringify(other));
  });

  it("takes nobody's copy of a statement for its owner's move, whoever's was first", async () => {
    const move = moving("C", "D", await modes.reach("C"));
    await sealed(move, "ada");
    await modes.read();
    const owners = await sealed(move, "bo");
    const now = await modes.read();
    assert.ok(now.ok && now.state.mode === "D" && now.state.last === owners, JSON.stringify(now));
  });

  it("takes a withdrawal that names copies for one of the moves themselves", async () => {
    const last = await modes.reach("D");
    const [one, other] = [await modes.put("D", "C", last), await modes.put("D", "A", last)];
    assert.ok(!(await modes.read()).ok);
    const [copy, standing] = [await copied(other, 1), await copied(one, 1)];
    await sealed(withdrawal({ move: copy, stands: standing, at: new Date() }), "ada");
    assert.equal(await modes.modeNow(), "C");
  });

  it("is entered at no commit that this clone lacks, and at none before the last", async () => {
    const older = modes.head();
    modes.repository.commit({ "README.md": "# More\n" }, "docs: go on");
    const last = await modes.reach("B");
    await modes.put("B", "C", last, { commit: older });
    await modes.put("B", "C", last, { commit: "0".repeat(40) });
    assert.equal(await modes.modeNow(), "B");
    const found = (await modes.refusals()).join(" ");
    assert.match(found, /does not contain/);
    assert.match(found, /is not in this clone/);
  });
});
