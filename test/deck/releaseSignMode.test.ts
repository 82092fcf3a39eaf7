/** Proves that a Builder and a Judge are told, before they go on, what the mode would not let out, and that the release which a move is to name can be signed. */

import assert from "node:assert/strict";
import { stringify } from "yaml";
import { modeSetVerb } from "../../deck/modeSet.ts";
import { releaseCutVerb } from "../../deck/releaseCut.ts";
import { releaseSignVerb } from "../../deck/releaseSign.ts";
import { readRecords } from "../../release/records.ts";
import { generatedFiles } from "../../release/roles.ts";
import { Team } from "../model/rolesSample.ts";
import { DeployProject } from "../release/deployProject.ts";
import { callOf, fails, worldIn } from "./verbCalls.ts";

describe("deck release sign, by the mode", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let team: Team;
  let deploy: DeployProject;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    deploy = await DeployProject.forVerbs(team);
  });
  afterEach(async () => deploy[Symbol.asyncDispose]());

  /** Cuts and examines HEAD, and signs it by the verb. @returns the reasons of the mode, as data and as they were said. */
  const sign = async (dryRun = false) => {
    const { project } = deploy;
    const said: string[] = [];
    const world = worldIn(project.repository.folder, { said, now: () => deploy.now });
    const call = callOf(releaseSignVerb, project.stack, { dryRun, options: { key: team.keyFile("bo") } });
    const manifest = await project.cut();
    const evidence = await deploy.attest(manifest);
    const { code, data } = await releaseSignVerb.run(call, world);
    assert.equal(code, 0);
    const told = said.findIndex((line) => line.startsWith("Signed or not, the mode keeps it from production"));
    const reasons = data.mode as readonly string[];
    assert.deepEqual(
      told < 0 ? [] : said.slice(told + 1, told + 1 + reasons.length),
      reasons.map((each) => `  ${each}`),
    );
    return { manifest, evidence, reasons };
  };
  const toOperate = (manifest: string) =>
    deploy.move({ from: "C", to: "D", who: "bo", proven: [{ proof: "signed-release", value: manifest }] });

  it("tells of Build that nothing goes out, and signs what the moves from there will name", async () => {
    assert.deepEqual((await sign(true)).reasons, [
      "The mode is A (Build): production accepts nothing that is still being built.",
    ]);
    const { manifest, evidence, reasons } = await sign();
    assert.equal(reasons.length, 1);
    await deploy.stabilize(evidence);
    await toOperate(manifest);
    await deploy.opens();
  });

  it("is not followed by Operate where it was taken back meanwhile", async () => {
    const { project } = deploy;
    const { manifest, evidence } = await deploy.signed();
    await deploy.stabilize(evidence);
    await project.revoke(manifest);
    const options = { key: team.keyFile("bo"), commit: "HEAD", release: manifest };
    const call = callOf(modeSetVerb, project.stack, { args: ["D"], options });
    const world = worldIn(project.repository.folder, { now: () => deploy.now });
    await assert.rejects(modeSetVerb.run(call, world), fails(4, /`bo` revoked it on/, /./));
  });

  it("says nothing of a milestone in Stabilize, which Operate is entered with, and tells of a feature made there", async () => {
    const manifest = await deploy.project.cut();
    await deploy.stabilize(await deploy.attest(manifest));
    assert.deepEqual((await sign()).reasons, []);
    await toOperate(manifest);
    await deploy.opens();
    await deploy.move({ from: "D", to: "C", who: "dee", proven: [{ proof: "incident", value: "INC-7" }] });
    deploy.project.commit({ "host/a.ts": "b\n" }, { message: "feat: one more" });
    assert.match((await sign()).reasons.join(), /\(feat: one more\) is a change of kind `feature`; C \(Stabilize\) allows/);
    await deploy.refuses(4, /kind `feature`; C/);
  });

  it("tells of a feature in Operate in the words of the deploy, and says nothing of configuration", async () => {
    await deploy.operate();
    deploy.project.commit({ "operations/pager.yaml": "version: 1\n" }, { message: "chore: page later" });
    assert.deepEqual((await sign()).reasons, []);
    await deploy.opens();
    deploy.project.commit({ "host/a.ts": "b\n" }, { message: "feat: one more" });
    const { reasons } = await sign();
    const answer = await deploy.ask();
    assert.ok(answer.kind === "refused");
    assert.deepEqual(answer.reasons, reasons);
  });

  it("is followed by Operate with the beginning of the release's digest, and the whole of it is on record", async () => {
    const { project } = deploy;
    const { manifest, evidence } = await deploy.signed();
    await deploy.stabilize(evidence);
    const options = { key: team.keyFile("bo"), commit: "HEAD", release: manifest.slice(0, 12) };
    const world = worldIn(project.repository.folder, { now: () => deploy.now });
    await modeSetVerb.run(callOf(modeSetVerb, project.stack, { args: ["D"], options }), world);
    await deploy.opens();
    const moves = (await readRecords(project.repository.folder)).filter(({ kind }) => kind === "modes");
    const last = JSON.parse(Buffer.from(JSON.parse(moves.at(-1)?.content ?? "").payload, "base64").toString("utf8"));
    assert.equal(last.predicate.evidence[0].value, manifest);
  });

  it("tells that the mode cannot be told, where moves fork", async () => {
    for (const who of ["ada", "ada"] as const) {
      await deploy.move({ from: "A", to: "B", who, before: null });
      deploy.project.commit({ "Documentation/note.md": "a\n" }, { message: "docs: note" });
    }
    assert.match((await sign()).reasons.join(), /so that the mode cannot be told/);
  });

  it("is told of at the cut already: in Validate of code, in Stabilize of a feature, and in Build of nothing", async () => {
    const cut = async () => {
      const { project } = deploy;
      const said: string[] = [];
      const world = worldIn(project.repository.folder, { said, now: () => deploy.now });
      const { code, data } = await releaseCutVerb.run(callOf(releaseCutVerb, project.stack), world);
      assert.equal(code, 0);
      const reasons = data.mode as readonly string[];
      if (reasons.length > 0)
        assert.deepEqual(
          said.slice(-reasons.length),
          reasons.map((each) => `  ${each}`),
        );
      return reasons;
    };
    deploy.project.commit({
      ...Object.fromEntries(generatedFiles(team.roles())),
      "operations/roles.yaml": stringify(team.data()),
    });
    assert.deepEqual(await cut(), []);
    await deploy.move({ from: "A", to: "B", who: "ada" });
    deploy.project.commit({ "Documentation/note.md": "a\n" }, { message: "docs: note" });
    assert.deepEqual(await cut(), []);
    deploy.project.commit({ "host/a.ts": "b\n" }, { message: "fix: mend" });
    assert.match((await cut()).join(), /\(fix: mend\) is a change of kind `fix`; B \(Validate\) allows/);
    deploy.project.repository.git("reset", "--quiet", "--hard", "HEAD~1");
    const evidence = await deploy.attest(await deploy.project.cut());
    await deploy.move({ from: "B", to: "C", who: "cy", proven: [{ proof: "examiner-evidence", value: evidence }] });
    assert.deepEqual(await cut(), []);
    deploy.project.commit({ "host/a.ts": "b\n" }, { message: "feat: one more" });
    assert.match((await cut()).join(), /\(feat: one more\) is a change of kind `feature`; C \(Stabilize\) allows/);
  });
});
