/** Proves that a fork of moves lets nothing out until it is settled by whose moves it is, and that nobody undoes what another role decided. */

import assert from "node:assert/strict";
import { historyVerb } from "../../deck/history.ts";
import { modeHistoryVerb, modeShowVerb } from "../../deck/modeShow.ts";
import { modeWithdrawVerb } from "../../deck/modeWithdraw.ts";
import type { Verb } from "../../deck/verb.ts";
import { withdrawal } from "../../model/modeMoves.ts";
import { type Member, Team } from "../model/rolesSample.ts";
import { DeployProject } from "../release/deployProject.ts";
import { callOf, fails, worldIn } from "./verbCalls.ts";

interface Asked {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly key?: string;
  readonly for?: string;
}

describe("deck mode withdraw", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let team: Team;
  let deploy: DeployProject;
  /** The move to Operate, an incident's after it by Dee, and a milestone's by Ada, which follows the same one. */
  let [operate, incident, milestone] = ["", "", ""];
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    deploy = await DeployProject.forVerbs(team);
    await deploy.operate();
    operate = deploy.last ?? "";
    incident = await deploy.move({ from: "D", to: "C", who: "dee", proven: [{ proof: "incident", value: "INC-7" }] });
    milestone = await fork("Two languages");
  });
  afterEach(async () => deploy[Symbol.asyncDispose]());

  const fork = (value: string) =>
    deploy.move({ from: "D", to: "A", who: "ada", proven: [{ proof: "milestone", value }], before: operate });
  const run = (verb: Verb, args: readonly string[] = [], { yes = true, dryRun = false, ...options }: Asked = {}) => {
    const { stack, repository } = deploy.project;
    const world = worldIn(repository.folder, { now: () => deploy.now });
    return verb.run(callOf(verb, stack, { yes, dryRun, args, options }), world);
  };
  const withdraw = (move: string, who: Member, more: Asked = {}) =>
    run(modeWithdrawVerb, [move], { key: team.keyFile(who), ...more });
  /** As it would be put on record if nobody checked. */
  const put = (move: string, stands: string, who: Member) =>
    deploy.project.put("modes", { who, kind: "mode" }, withdrawal({ move, stands, at: deploy.now }));
  const mode = async () => (await run(modeShowVerb)).data.mode;
  /** The digest of the record that was put on the branch last, which is its file's name. */
  const newest = () => {
    const [file = ""] = deploy.project.repository.git("diff", "--name-only", "records~1", "records").split("\n");
    return file.match(/[0-9a-f]{64}/)?.[0];
  };
  const recorded = () => deploy.project.repository.git("rev-parse", "records");
  const staysForked = async () => {
    await deploy.refuses(4, /follow the same one, so that the mode cannot be told/);
    await assert.rejects(mode(), fails(4, /cannot be told/, /npx deck mode withdraw/));
  };

  it("settles a fork, which lets nothing out before, by the owner of the move that is withdrawn", async () => {
    await staysForked();
    const { code, data, text } = await withdraw(milestone.slice(0, 12), "ada");
    assert.deepEqual([code, data.withdrawn, data.stands, data.mode], [0, milestone, incident, "C"]);
    assert.match(
      text,
      /^Withdrawn [0-9a-f]{12} \(D→A by ada\), so that [0-9a-f]{12} \(D→C by dee\) stands; signed by ada\.\nThe mode is C/,
    );
    assert.equal(await mode(), "C");
    await deploy.opens();
    const history = await run(modeHistoryVerb);
    assert.equal(history.code, 0);
    assert.match(history.text, new RegExp(`${milestone.slice(0, 12)} was withdrawn by ada: ${incident.slice(0, 12)} stands`));
  });

  it("is on the stack's record beside the moves, and so is a fork that nobody settled", async () => {
    const told = async () => {
      const { code, data } = await run(historyVerb);
      const events = data.records as { event: string; who?: string; record: string; commit: string; summary: string }[];
      assert.equal(code, 0);
      return events.slice(-3).map(({ event, who, record, summary }) => [event, who, record, summary]);
    };
    const moves = [
      ["mode", "dee", incident, "From D to C, by incident INC-7."],
      ["mode", "ada", milestone, "From D to A, by milestone Two languages."],
    ];
    assert.deepEqual((await told()).slice(1), moves);
    await withdraw(milestone, "ada");
    const words = `The move ${milestone.slice(0, 12)}; ${incident.slice(0, 12)} stands.`;
    assert.deepEqual((await told()).slice(1), [moves[0], ["withdrew", "ada", newest(), words]]);
  });

  it("lets the other one stand where the incident is withdrawn, and nothing out of Build", async () => {
    await withdraw(incident, "dee");
    assert.equal(await mode(), "A");
    await deploy.refuses(4, /The mode is A \(Build\)/);
  });

  for (const who of ["bo", "cy", "dee"] as const) {
    it(`is refused to ${who}, whose move it is not, and counts for nothing where ${who} says so all the same`, async () => {
      const before = recorded();
      await assert.rejects(withdraw(milestone, who), fails(4, /The move D→A is the builder's to withdraw; yours is/));
      assert.equal(recorded(), before);
      await put(milestone, incident, who);
      await staysForked();
    });
  }

  it("cannot take back a move that another follows", async () => {
    await deploy.move({ from: "A", to: "B", who: "ada", before: milestone });
    await assert.rejects(withdraw(milestone, "ada"), fails(4, /Another move follows [0-9a-f]{12}, which so cannot be withdrawn/));
    await put(milestone, incident, "ada");
    await staysForked();
    await withdraw(incident, "dee");
    assert.equal((await run(modeHistoryVerb)).data.problem, null);
  });

  it("takes back a move that only somebody else's senseless one follows", async () => {
    await deploy.move({ from: "A", to: "B", who: "dee", before: milestone });
    await deploy.move({ from: "C", to: "D", who: "bo", before: milestone });
    await withdraw(milestone, "ada");
    assert.equal(await mode(), "C");
  });

  it("settles nothing where each is withdrawn for the other", async () => {
    await put(milestone, incident, "ada");
    await put(incident, milestone, "dee");
    await staysForked();
  });

  it("wants every other of three withdrawn, in favour of the same one", async () => {
    const third = await fork("Three languages");
    await assert.rejects(withdraw(third, "ada"), fails(2, /names 0 of the moves/));
    await withdraw(third, "ada", { for: milestone });
    await staysForked();
    await withdraw(milestone, "ada", { for: incident });
    await staysForked();
    assert.equal((await withdraw(third, "ada", { for: incident })).data.mode, "C");
  });

  it("takes back no move that stands alone", async () => {
    await withdraw(milestone, "ada");
    await assert.rejects(withdraw(incident, "dee"), fails(4, /No two moves that count follow the same one; the mode is C/));
    await put(operate, incident, "bo");
    assert.equal(await mode(), "C");
  });

  it("puts nothing on record with `--dry-run`, without a yes, nor for what is no such move", async () => {
    const before = recorded();
    assert.match((await withdraw(milestone, "ada", { dryRun: true })).text, /^Would withdraw /);
    await assert.rejects(withdraw(milestone, "ada", { yes: false }), fails(2, /no terminal to ask on/));
    for (const name of [operate, "", "short"]) await assert.rejects(withdraw(name, "ada"), fails(2, /names 0 of the moves/));
    assert.equal(recorded(), before);
  });
});
