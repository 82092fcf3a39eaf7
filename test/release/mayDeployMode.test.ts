/** Proves that the mode limits what a signed release may change, and that no move counts which its owner did not prove. */

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { mayDeploy } from "../../release/mayDeploy.ts";
import { Team } from "../model/rolesSample.ts";
import { DeployProject } from "./deployProject.ts";
import type { By, SignedProject } from "./signedProject.ts";

describe("whether an update may begin, by the mode", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let team: Team;
  let deploy: DeployProject;
  let project: SignedProject;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    deploy = await DeployProject.begin(team);
    ({ project } = deploy);
  });
  afterEach(async () => deploy[Symbol.asyncDispose]());

  /** A commit, cut, attested and signed: only the mode can refuse it. */
  const signedChange = async (changed: Readonly<Record<string, string>>, by: By) => {
    project.commit(changed, by);
    return deploy.signed();
  };
  const incident = () => deploy.move({ from: "D", to: "C", who: "dee", proven: [{ proof: "incident", value: "INC-7" }] });

  it("refuses a feature in Operate, and lets configuration through", async () => {
    await deploy.operate();
    await signedChange({ "operations/pager.yaml": "version: 1\n" }, { message: "chore: page later" });
    await deploy.opens();
    await signedChange({ "host/a.ts": "b\n" }, { message: "feat: one more" });
    await deploy.refuses(4, /\(feat: one more\) is a change of kind `feature`; D \(Operate\) allows/);
  });

  it("refuses a feature in Operate that a commit calls a document", async () => {
    await deploy.operate();
    await signedChange({ "host/a.ts": "b\n" }, { message: "docs: nothing to see" });
    await deploy.refuses(4, /kind `feature`; D \(Operate\)/);
  });

  it("refuses a fix without its test in Stabilize, and lets it through with one", async () => {
    await deploy.operate();
    await incident();
    const fixed = "fix: mend it\n\nRegression-Test: test/a.test.ts";
    await signedChange({ "host/a.ts": "b\n", "test/a.test.ts": "a\n" }, { message: fixed });
    await deploy.opens();
    await signedChange({ "host/a.ts": "c\n" }, { message: "fix: mend it again" });
    await deploy.refuses(4, /\(fix: mend it again\) is a fix without a `Regression-Test: <file>` trailer/);
  });

  it("refuses a fix whose test is none in Stabilize", async () => {
    await deploy.operate();
    await incident();
    await signedChange({ "host/a.ts": "b\n" }, { message: "fix: mend it\n\nRegression-Test: test/absent.test.ts" });
    await deploy.refuses(4, /names `test\/absent.test.ts`, which is no file of tests in this release/);
  });

  it("lets a fix out on what Operate was configured to, and on what is known of the incident", async () => {
    await deploy.operate();
    await signedChange({ "operations/pager.yaml": "version: 1\n" }, { message: "chore: page later" });
    await incident();
    await deploy.opens();
    project.commit({ "operations/items.yaml": "version: 1\nitems: []\n# INC-7\n" }, { message: "chore: INC-7 is known" });
    const fixed = { message: "fix: mend it\n\nRegression-Test: test/a.test.ts" };
    const { manifest } = await signedChange({ "host/a.ts": "b\n", "test/a.test.ts": "a\n" }, fixed);
    await deploy.opens();
    await deploy.move({ from: "C", to: "D", who: "bo", proven: [{ proof: "signed-release", value: manifest }] });
    await deploy.opens();
  });

  it("lets what runs out again in an incident that was named at a later commit", async () => {
    await deploy.operate();
    const runs = project.repository.git("rev-parse", "HEAD");
    project.commit({ "Documentation/note.md": "INC-7\n" }, { message: "docs: note it" });
    await incident();
    project.repository.git("checkout", "--quiet", "--detach", runs);
    await deploy.opens();
  });

  it("lets a fix out of an incident that was named after the fix and what Operate was configured to", async () => {
    await deploy.operate();
    project.commit({ "operations/pager.yaml": "version: 1\n" }, { message: "chore: page later" });
    project.commit({ "test/b.test.ts": "b\n" }, { message: "test: see it fail" });
    const fixed = { message: "fix: mend it\n\nRegression-Test: test/b.test.ts" };
    await signedChange({ "host/a.ts": "b\n" }, fixed);
    await incident();
    await deploy.opens();
    await signedChange({ "operations/pager.yaml": "version: 2\n" }, { message: "chore: page later still" });
    await deploy.refuses(4, /\(chore: page later still\) is a change of kind `configuration`; C \(Stabilize\)/);
  });

  it("mends an incident on what was released, where something else than configuration was committed since", async () => {
    await deploy.operate();
    project.commit({ "operations/pager.yaml": "version: 1\n" }, { message: "chore: page later" });
    project.commit({ "host/a.ts": "b\n" }, { message: "feat: one more" });
    await incident();
    await signedChange(
      { "host/a.ts": "c\n", "test/a.test.ts": "a\n" },
      { message: "fix: mend\n\nRegression-Test: test/a.test.ts" },
    );
    await deploy.refuses(4, /\(feat: one more\) is a change of kind `feature`; C \(Stabilize\)/);
  });

  it("keeps a release out that was taken back, and lets the fixed one out with which Operate was entered since", async () => {
    const flawed = await deploy.operate();
    const commit = project.repository.git("rev-parse", "HEAD");
    await incident();
    const fixed = { message: "fix: mend it\n\nRegression-Test: test/a.test.ts" };
    const { manifest } = await signedChange({ "host/a.ts": "b\n", "test/a.test.ts": "a\n" }, fixed);
    await deploy.move({ from: "C", to: "D", who: "bo", proven: [{ proof: "signed-release", value: manifest }] });
    await project.revoke(flawed);
    await deploy.opens();
    project.repository.git("checkout", "--quiet", "--detach", commit);
    await deploy.refuses(4, /revoked it on/);
    project.repository.git("checkout", "--quiet", "main");
    await project.revoke(manifest);
    await deploy.refuses(4, /revoked it on/);
    // Nothing else has become of the mode: what is signed on top of it goes out as Operate allows.
    await signedChange({ "host/a.ts": "c\n" }, { message: "feat: one more" });
    await deploy.refuses(4, /\(feat: one more\) is a change of kind `feature`; D \(Operate\)/);
  });

  it("refuses a milestone that is signed, and by which nobody entered Operate yet", async () => {
    const { evidence } = await deploy.signed();
    await deploy.stabilize(evidence);
    await deploy.refuses(4, /kind `feature`; C \(Stabilize\) allows/);
  });

  it("stays in Build where an illegal move leads out of it", async () => {
    const { manifest, evidence } = await deploy.signed();
    await deploy.move({ from: "A", to: "C", who: "cy", proven: [{ proof: "examiner-evidence", value: evidence }] });
    await deploy.move({ from: "C", to: "D", who: "bo", proven: [{ proof: "signed-release", value: manifest }] });
    await deploy.refuses(4, /The mode is A \(Build\)/);
  });

  for (const who of ["ada", "cy", "dee", "stranger"] as const) {
    it(`stays in Stabilize where ${who} moves to Operate, which is the Judge's to do`, async () => {
      const { manifest, evidence } = await deploy.signed();
      await deploy.stabilize(evidence);
      await deploy.move({ from: "C", to: "D", who, proven: [{ proof: "signed-release", value: manifest }] });
      await deploy.refuses(4, /C \(Stabilize\) allows/);
    });
  }

  it("stays in Stabilize where the Judge names a release of another commit", async () => {
    const { manifest, evidence } = await deploy.signed();
    await deploy.stabilize(evidence);
    await signedChange({ "Documentation/note.md": "a\n" }, { message: "docs: note" });
    await deploy.move({ from: "C", to: "D", who: "bo", proven: [{ proof: "signed-release", value: manifest }] });
    await deploy.refuses(4, /C \(Stabilize\) allows/);
  });

  for (const [what, evidenceOf] of [
    ["older than allowed", async (manifest: string) => deploy.attest(manifest, 3601)],
    ["of a failure", async (manifest: string) => deploy.attest(manifest, 60, { result: "FAILED" })],
    ["by another than the Examiner", async (manifest: string) => deploy.attest(manifest, 60, { who: "bo" })],
    ["of another commit", async () => deploy.attest("b".repeat(64))],
  ] as const) {
    it(`stays in Validate on evidence ${what}`, async () => {
      const { manifest } = await deploy.signed();
      await deploy.stabilize(await evidenceOf(manifest));
      await deploy.move({ from: "C", to: "D", who: "bo", proven: [{ proof: "signed-release", value: manifest }] });
      await deploy.refuses(4, /B \(Validate\) allows documents, tests/);
    });
  }

  it("refuses on a machine that joins once the evidence is old, until it has what another saw in time", async () => {
    await deploy.operate();
    await deploy.opens();
    const { repository, stack, trustFolder } = project;
    const now = new Date(deploy.now.getTime() + 30 * 86_400_000);
    const asked = (folder: string) => mayDeploy(repository.folder, { stack, raw: deploy.raw, now, trustFolder: folder });
    assert.equal((await asked(trustFolder)).kind, "signed");
    const joined = join(project.home, "joined");
    cpSync(trustFolder, joined, { recursive: true, filter: (path) => !path.endsWith("seen.jsonl") });
    const refused = await asked(joined);
    assert.ok(refused.kind === "refused", JSON.stringify(refused));
    assert.match(
      refused.reasons.join("\n"),
      /B \(Validate\) allows .*\n.*2 moves on record count for nothing on this machine: `npx deck mode history`/s,
    );
    cpSync(join(trustFolder, "seen.jsonl"), join(joined, "seen.jsonl"));
    assert.equal((await asked(joined)).kind, "signed");
  });
});
