/** Proves what an older release may do without when it comes back, and what it may not. */

import assert from "node:assert/strict";
import { type MayDeploy, mayDeploy } from "../../release/mayDeploy.ts";
import { Team } from "../model/rolesSample.ts";
import { DeployProject } from "./deployProject.ts";

describe("whether an older release may come back", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let team: Team;
  let deploy: DeployProject;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    deploy = await DeployProject.begin(team);
  });
  afterEach(async () => deploy[Symbol.asyncDispose]());

  const git = (...args: string[]) => deploy.project.repository.git(...args);
  const back = (): Promise<MayDeploy> => {
    const { repository, stack, trustFolder } = deploy.project;
    return mayDeploy(repository.folder, { stack, raw: deploy.raw, now: deploy.now, trustFolder, isRollback: true });
  };
  const refused = async (code: 3 | 4, reason: RegExp) => {
    const answer = await back();
    assert.ok(answer.kind === "refused", JSON.stringify(answer));
    assert.deepEqual([answer.code, reason.test(answer.reasons.join("\n"))], [code, true], answer.reasons.join("\n"));
  };
  const opens = async () => assert.equal((await back()).kind, "signed");
  /** A newer release runs; the work tree is the older one's. */
  const older = async () => {
    const manifest = await deploy.operate();
    const commit = git("rev-parse", "HEAD");
    deploy.project.commit({ "operations/pager.yaml": "version: 1\n" }, { message: "chore: page later" });
    await deploy.signed();
    git("push", "--quiet", "origin", "main");
    git("checkout", "--quiet", "--detach", commit);
    return manifest;
  };

  it("does not ask the mode, which it passed then", async () => {
    await deploy.signed();
    await deploy.refuses(4, /The mode is A \(Build\)/);
    await opens();
  });

  it("does without origin, where that is out of reach", async () => {
    await older();
    git("remote", "set-url", "origin", "file:///nowhere.git");
    await deploy.refuses(3, /origin/);
    await opens();
  });

  it("is refused where it was revoked, here or at origin alone", async () => {
    const manifest = await older();
    const before = git("rev-parse", "records");
    await deploy.project.revoke(manifest);
    await refused(4, /revoked it/);
    git("update-ref", "refs/heads/records", before);
    await refused(4, /revoked|taken back/i);
  });

  it("is refused where nobody signed it, or it is not what was signed", async () => {
    await older();
    deploy.project.repository.write({ "host/a.ts": "other\n" });
    await refused(4, /`host\/a\.ts` \(changed\)/);
    git("checkout", "--quiet", "--", ".");
    await opens();
    deploy.project.commit({ "host/a.ts": "other\n" });
    await refused(4, /is not on record/);
  });

  it("is refused where the key that signed it is not believed any more", async () => {
    await older();
    await deploy.project.trust({ bo: { revoked: "2026-11-22" } });
    await refused(4, /The key of `bo` is revoked/);
  });
});
