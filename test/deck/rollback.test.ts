/** Proves what a rollback of a stack with sign-off starts, with which of today's, and how it is put on record. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { markBegun } from "../../checks/evidence/begun.ts";
import { pathsIn } from "../../checks/evidence/write.ts";
import { readSource } from "../../deck/drillSource.ts";
import type { StackGateEnd } from "../../deck/gate.ts";
import { rollBack, rollbackVerb } from "../../deck/rollback.ts";
import { deploymentNamed, openOlder, readRan } from "../../deck/rollbackTarget.ts";
import { up, upOrBack, upVerb } from "../../deck/up.ts";
import { LocalHost } from "../../host/local.ts";
import { layoutOf } from "../../model/layout.ts";
import { rollbackIn } from "../../model/rollback.ts";
import { historyFolderOf, record as put } from "../../release/history.ts";
import { keptTree } from "../../release/kept.ts";
import { sampleReport } from "../checks/evidenceSample.ts";
import { Team } from "../model/rolesSample.ts";
import { DeployProject } from "../release/deployProject.ts";
import { type SignedProject, stackFile } from "../release/signedProject.ts";
import { type FakePulumi, fakePulumi, summary } from "./fakePulumi.ts";
import { callOf, fails, worldIn } from "./verbCalls.ts";

const path = process.env.PATH;
const noGate = async (): Promise<StackGateEnd> => assert.fail("The gate was asked a second time.");

describe("a rollback, where sign-off is required", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(120_000);
  let team: Team;
  let deploy: DeployProject;
  let project: SignedProject;
  let pulumi: FakePulumi;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    deploy = await DeployProject.forVerbs(team);
    ({ project } = deploy);
    pulumi = fakePulumi();
    // Fakes are found as an operator's own would be; this engine has every image.
    process.env.PATH = `${dirname(pulumi.path)}:${path}`;
    writeFileSync(join(pulumi.folder, "docker"), '#!/bin/sh\ncase "$*" in *image\\ inspect*) echo sha256:1 ;; esac\n');
    chmodSync(join(pulumi.folder, "docker"), 0o755);
    pulumi.set("events", summary({ same: 9 }));
    mkdirSync(base(), { recursive: true });
    mkdirSync(join(root(), "node_modules"));
    writeFileSync(join(root(), "node_modules/.package-lock.json"), '{"packages":{}}\n');
    writeFileSync(join(root(), ".git/info/exclude"), "/node_modules/\n/.phillbot/\n");
  });
  afterEach(async () => {
    process.env.PATH = path;
    pulumi.remove();
    await deploy[Symbol.asyncDispose]();
  });

  const root = () => project.repository.folder;
  const base = () => join(project.home, "base");
  const git = (...args: string[]) => project.repository.git(...args);
  const treeOf = (commit: string) => git("rev-parse", `${commit}^{tree}`);
  const world = () =>
    worldIn(root(), { environment: { PATH: process.env.PATH, PULUMI_BACKEND_URL: "s3://state" }, now: () => deploy.now });
  const evidence = () => join(root(), ".phillbot/evidence", project.stack);
  const record = () =>
    readFileSync(layoutOf({ baseFolder: base(), contextFolder: "x" }).history, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string; verdict?: string; tree?: string; automatic?: true; summary: string });
  /** As the program would have it. */
  const opens = (rolledBack?: string) =>
    pulumi.set("outcome", JSON.stringify({ code: 0, summary: "The gate was open.", ...(rolledBack && { rolledBack }) }));
  const bringUp = async () => {
    await markBegun(evidence(), new Date());
    opens();
    assert.equal((await up(callOf(upVerb, project.stack), world(), noGate)).code, 0);
    return git("rev-parse", "HEAD");
  };
  /** Two releases that ran, one after the other. */
  const twice = async () => {
    await deploy.operate();
    const first = await bringUp();
    project.commit({ "operations/pager.yaml": "version: 1\n" }, { message: "chore: page later" });
    await deploy.signed();
    git("push", "--quiet", "origin", "main");
    return { first, second: await bringUp() };
  };
  const gate = (code: 0 | 1) => async () =>
    ({ code, summary: "Today's word.", page: "/evidence/today.html", report: {} }) as unknown as StackGateEnd;
  const roll = async (commit: string, judged = gate(0)) => {
    const call = callOf(rollbackVerb, project.stack);
    const ran = await readRan(call, world());
    const older = await openOlder(deploymentNamed(ran, treeOf(commit)), ran, { world: world(), make: true });
    return rollBack({ call, world: world(), ran, older, backup: undefined, waitSeconds: 0 }, judged);
  };

  it("runs the older tree's own program, hands today's settings over, and is on record as rolled back, never as released", async () => {
    const { first, second } = await twice();
    const folder = keptTree({ root: root(), stack: project.stack }, treeOf(first));
    assert.equal(git("-C", folder, "rev-parse", "HEAD"), first);
    opens(treeOf(first));
    const end = await roll(first);
    assert.deepEqual([end.code, end.summary, end.evidence], [0, "Today's word.", "/evidence/today.html"]);
    const handed = /^PHILLBOT_ROLLBACK=(.*)$/m.exec(pulumi.said("env") ?? "")?.[1];
    const rollback = rollbackIn({ PHILLBOT_ROLLBACK: handed });
    assert.deepEqual([rollback?.tree, rollback?.today.root], [treeOf(first), root()]);
    assert.match(pulumi.said("argv") ?? "", new RegExp(`--policy-pack\n${folder}/`));
    const last = record().at(-1);
    assert.deepEqual([last?.event, last?.verdict, last?.tree], ["rolled-back", "open", treeOf(first)]);
    assert.notEqual(treeOf(second), treeOf(first));
    assert.equal(git("rev-parse", "HEAD"), second);
  });

  it("is not rolled back where today's checks say no, or the program brought something else up", async () => {
    const { first } = await twice();
    opens(treeOf(first));
    assert.equal((await roll(first, gate(1))).code, 1);
    assert.deepEqual([record().at(-1)?.event, record().at(-1)?.verdict], ["ended", undefined]);
    opens();
    assert.equal((await roll(first, noGate)).code, 3);
    assert.equal(record().at(-1)?.event, "ended");
  });

  it("refuses what was revoked, and what never ran here, with 4 and before Pulumi is started", async () => {
    const { first } = await twice();
    const calls = pulumi.said("calls");
    await assert.rejects(
      rollbackVerb.run(callOf(rollbackVerb, project.stack, { args: ["f".repeat(12)] }), world()),
      fails(4, /is called "f+"; nothing was touched/, /release list/),
    );
    const ran = await readRan({ stack: project.stack } as never, world());
    await project.revoke(ran.all.find(({ tree }) => tree === treeOf(first))?.release ?? "");
    await assert.rejects(roll(first), fails(4, /revoked it/));
    assert.equal(pulumi.said("calls"), calls);
  });

  it("refuses a tree that was deployed to another stack than today's, and touches nothing", async () => {
    const { first } = await twice();
    const calls = pulumi.said("calls");
    const file = `Pulumi.${project.stack}.yaml`;
    project.repository.write({ [file]: stackFile({ ...deploy.raw, contextFolder: "docs/elsewhere" }) });
    await assert.rejects(roll(first), fails(2, /another stack than .* describes today: contextFolder/));
    assert.equal(pulumi.said("calls"), calls);
  });

  it("hands no secret that only today's settings name to the older program, or to what that starts", async () => {
    const { first } = await twice();
    const file = `Pulumi.${project.stack}.yaml`;
    const secrets = { ...(deploy.raw.secrets as object), GITHUB_TOKEN: { from: { env: "NEWER_TOKEN" } } };
    project.repository.write({ [file]: stackFile({ ...deploy.raw, secrets }) });
    const value = randomBytes(20).toString("hex");
    const call = callOf(rollbackVerb, project.stack);
    const there = { ...world(), environment: { ...world().environment, NEWER_TOKEN: value } };
    opens(treeOf(first));
    const ran = await readRan(call, there);
    const older = await openOlder(deploymentNamed(ran, treeOf(first)), ran, { world: there, make: true });
    const end = await rollBack({ call, world: there, ran, older, backup: undefined, waitSeconds: 0 }, gate(0));
    assert.equal(end.code, 0);
    assert.ok((pulumi.said("env") ?? "").includes("PHILLBOT_ROLLBACK="));
    assert.ok(!(pulumi.said("env") ?? "").includes(value));
  });

  it("makes what is kept anew where somebody changed it, and brings up what was deployed", async () => {
    const { first } = await twice();
    const folder = keptTree({ root: root(), stack: project.stack }, treeOf(first));
    writeFileSync(join(folder, "host/a.ts"), "changed\n");
    opens(treeOf(first));
    assert.equal((await roll(first)).code, 0);
    assert.equal(git("-C", folder, "status", "--porcelain"), "");
  });

  it("ends with 3 and touches nothing where somebody deployed since it was chosen", async () => {
    const { first } = await twice();
    const call = callOf(rollbackVerb, project.stack);
    const ran = await readRan(call, world());
    const older = await openOlder(deploymentNamed(ran, treeOf(first)), ran, { world: world(), make: true });
    await bringUp();
    const calls = pulumi.said("calls");
    const asked = { call, world: world(), ran, older, backup: undefined, waitSeconds: 0 };
    await assert.rejects(rollBack(asked, noGate), fails(3, /Somebody deployed meanwhile/));
    assert.equal(pulumi.said("calls"), calls);
  });

  describe("that nobody asked for", () => {
    const policy = (more: string) => `version: 1\nfreshness: { items: 300, evidence: 3600, clockSkew: 30 }\n${more}`;
    /** A release runs, and a newer one whose gate blocks by these checks. @returns how many rollbacks were started. */
    const blocked = async (by: readonly string[], more = "rollback: { automatic: true }\n", meanwhile?: string) => {
      project.commit({ "operations/gate.yaml": policy(more) }, { message: "chore: gate" });
      await deploy.operate();
      const first = await bringUp();
      project.commit({ "operations/pager.yaml": "version: 1\n" }, { message: "chore: page later" });
      await deploy.signed();
      git("push", "--quiet", "origin", "main");
      if (meanwhile !== undefined) await began(meanwhile);
      const sample = sampleReport();
      const blockedBy = by.map((check) => ({ check, reason: "It failed." }));
      const report = { ...sample, verdict: { ...sample.verdict, blockedBy } };
      const folder = join(evidence(), "run");
      mkdirSync(folder, { recursive: true });
      writeFileSync(pathsIn(folder).json, JSON.stringify(report));
      const said = { code: 1, summary: "The release gate is blocked.", evidence: pathsIn(folder).html };
      writeFileSync(join(pulumi.folder, "blocked"), JSON.stringify(said));
      const back = { code: 0, summary: "Its own gate is open.", rolledBack: treeOf(first) };
      writeFileSync(join(pulumi.folder, "back"), JSON.stringify(back));
      const which = 'if [ -n "$PHILLBOT_ROLLBACK" ]; then echo back >>"$here/rolled"; w=back; else w=blocked; fi';
      pulumi.set("does", `here=${pulumi.folder}; ${which}; cp "$here/$w" "$here/outcome"`);
      return upOnce();
    };
    /** What the program would write first. */
    const began = async (tree: string) => {
      const folder = historyFolderOf(evidence());
      const path = layoutOf({ baseFolder: base(), contextFolder: "x" }).history;
      const draft = { event: "began", at: new Date().toISOString(), stack: project.stack, who: "ada", summary: "…" } as const;
      await put({ host: new LocalHost(), path, folder }, { ...draft, tree });
    };
    const upOnce = async () => {
      await began(treeOf("HEAD"));
      await markBegun(evidence(), new Date());
      return upOrBack(callOf(upVerb, project.stack), world(), { up: noGate, back: gate(0) });
    };
    const rolled = () => (existsSync(join(pulumi.folder, "rolled")) ? 1 : 0);

    it("brings back what ran before where the policy says so, and is no success", async () => {
      const end = await blocked(["memory", "documents"]);
      assert.deepEqual([end.code, rolled()], [1, 1]);
      assert.match(end.summary, /^Blocked by memory; this is not released\. `\S+`, which ran before, is back/);
      const last = record().at(-1);
      assert.deepEqual([last?.event, last?.automatic], ["rolled-back", true]);
    });

    for (const [what, by, more] of [
      ["the policy does not say so", ["memory"], ""],
      ["the policy says that it does not", ["memory"], "rollback: { automatic: false }\n"],
      ["nothing of what runs blocks", ["open-items", "documents", "exposure", "provider"], undefined],
    ] as const)
      it(`does not begin where ${what}`, async () => {
        const end = await blocked(by, more);
        assert.deepEqual([end.code, rolled(), end.summary], [1, 0, "The release gate is blocked."]);
      });

    it("does not begin where a contract may have cut off what ran before, and asked for it starts nothing either", async () => {
      // Nobody knows what was brought up meanwhile, and no database is here to ask.
      const end = await blocked(["memory"], undefined, "f".repeat(40));
      assert.deepEqual([end.code, rolled()], [1, 0]);
      const why = /Whether `\S+` can come back cannot be told: .*this clone does not hold ffffffffffff\. Nothing was touched/;
      assert.match(end.summary, /It was not rolled back by itself/);
      assert.match(end.summary, why);
      const calls = pulumi.said("calls");
      await assert.rejects(rollbackVerb.run(callOf(rollbackVerb, project.stack), world()), fails(3, why));
      assert.equal(pulumi.said("calls"), calls);
    });

    it("does not begin where this very tree ran behind an open gate before: something else is out", async () => {
      await blocked([]);
      const sample = sampleReport();
      const blockedBy = [{ check: "memory", reason: "It failed." }];
      const folder = join(evidence(), "run");
      writeFileSync(pathsIn(folder).json, JSON.stringify({ ...sample, verdict: { ...sample.verdict, blockedBy } }));
      writeFileSync(join(pulumi.folder, "open"), JSON.stringify({ code: 0, summary: "The gate is open." }));
      pulumi.set("does", `cp "${pulumi.folder}/open" "${pulumi.folder}/outcome"`);
      assert.equal((await upOnce()).code, 0);
      pulumi.set("does", `cp "${pulumi.folder}/blocked" "${pulumi.folder}/outcome"`);
      const end = await upOnce();
      assert.equal(end.code, 1);
      assert.match(end.summary, /this very tree ran behind an open gate/);
    });

    it("stops after three in a row, and says that a person is needed", async () => {
      await blocked(["memory"]);
      await upOnce();
      await upOnce();
      const calls = pulumi.said("calls");
      const end = await upOnce();
      assert.match(end.summary, /3 times in a row, and is not again: a person is needed/);
      assert.equal((pulumi.said("calls") ?? "").split("\n").length, (calls ?? "").split("\n").length + 1);
    });
  });

  it("does without origin, and never hands a rollback of the environment to an update", async () => {
    const { first } = await twice();
    git("remote", "set-url", "origin", "file:///nowhere.git");
    opens(treeOf(first));
    assert.equal((await roll(first)).code, 0);
    git("remote", "set-url", "origin", deploy.origin);
    const inherited = { ...world(), environment: { ...world().environment, PHILLBOT_ROLLBACK: "{}" } };
    opens();
    await up(callOf(upVerb, project.stack), inherited, noGate);
    assert.doesNotMatch(pulumi.said("env") ?? "", /PHILLBOT_ROLLBACK/);
  });

  it("is practised from the work tree to what runs by the record, and with HEAD where no record can be read", async () => {
    const { second } = await twice();
    const call = callOf(rollbackVerb, project.stack);
    const { running, candidate } = await readSource(call, world());
    const { name, ...release } = running.named;
    assert.deepEqual(release, { commit: second, tree: treeOf(second), standsIn: null });
    assert.notEqual(name, "HEAD");
    assert.deepEqual([candidate.named.name, candidate.named.commit], ["HEAD", second]);
    assert.equal(running.gateway.image, (deploy.raw.gateway as { image: string }).image);
    project.repository.write({ "host/a.ts": "changed\n" });
    const next = await readSource(call, world());
    assert.deepEqual([next.candidate.named.name, next.candidate.content.base], ["the work tree", second]);
    assert.equal(git("show", `${next.candidate.content.commit}:host/a.ts`), "changed");
    assert.equal(next.running.named.commit, second);
    const { history } = layoutOf({ baseFolder: base(), contextFolder: "x" });
    writeFileSync(history, readFileSync(history, "utf8").split("\n").slice(1).join("\n"));
    const unread = await readSource(call, world());
    assert.equal(unread.running.named.name, "HEAD");
    assert.match(unread.running.named.standsIn ?? "", /HEAD stands for what runs, because the stack's record cannot be read/);
  });
});
