/** Proves that `deck up` of a stack with sign-off starts Pulumi for what the Judge signed only, and that a tree which moves meanwhile releases nothing. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { markBegun } from "../../checks/evidence/begun.ts";
import type { StackGateEnd } from "../../deck/gate.ts";
import { recordUpdateEnd } from "../../deck/history.ts";
import { openStack } from "../../deck/session.ts";
import { up, upVerb } from "../../deck/up.ts";
import type { UpdateEnd } from "../../deck/update.ts";
import { DeckError } from "../../deck/verb.ts";
import { layoutOf } from "../../model/layout.ts";
import { historyFolderOf, readWaiting } from "../../release/history.ts";
import { Team } from "../model/rolesSample.ts";
import { DeployProject } from "../release/deployProject.ts";
import { type SignedProject, stackFile } from "../release/signedProject.ts";
import { type FakePulumi, fakePulumi, summary } from "./fakePulumi.ts";
import { callOf, worldIn } from "./verbCalls.ts";

const path = process.env.PATH;

describe("up, where sign-off is required", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
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
    // The fake is found as an operator's own Pulumi would be.
    process.env.PATH = `${dirname(pulumi.path)}:${path}`;
    pulumi.set("outcome", JSON.stringify({ code: 0, summary: "The release gate is open." }));
    pulumi.set("events", summary({ same: 9 }));
  });
  afterEach(async () => {
    process.env.PATH = path;
    pulumi.remove();
    await deploy[Symbol.asyncDispose]();
  });

  const evidence = () => join(project.repository.folder, ".phillbot/evidence", project.stack);
  const world = () =>
    worldIn(project.repository.folder, {
      environment: { PATH: process.env.PATH, PULUMI_BACKEND_URL: "s3://state" },
      now: () => deploy.now,
    });
  const noGate = async (): Promise<StackGateEnd> => assert.fail("The gate was asked a second time.");
  const run = (gate: () => Promise<StackGateEnd> = noGate): Promise<UpdateEnd> =>
    up(callOf(upVerb, project.stack), world(), gate);
  const happened = async () => readWaiting(historyFolderOf(evidence()));

  it("brings up what the Judge signed, of the mode that allows it", async () => {
    await deploy.operate();
    assert.equal((await run()).code, 0);
    assert.match(pulumi.said("calls") ?? "", /^up /);
  });

  const refusals: readonly (readonly [what: string, make: () => unknown, reason: RegExp])[] = [
    ["what nobody signed", () => project.cut(), /No Judge's sign-off/],
    [
      "what was committed since",
      async () => [await deploy.operate(), project.commit({ "host/a.ts": "b\n" })],
      /is not on record/,
    ],
    [
      "a dirty tree",
      async () => [await deploy.operate(), project.repository.write({ "host/a.ts": "b\n" })],
      /`host\/a\.ts` \(changed\)/,
    ],
    [
      "an ignored file among the documents",
      async () => [
        await deploy.operate(),
        project.repository.write({ ".git/info/exclude": "*.log\n", "Documentation/a.log": "a\n" }),
      ],
      /`Documentation\/a\.log` \(not committed\)/,
    ],
    ["a release that was revoked", async () => project.revoke(await deploy.operate()), /`bo` revoked it/],
    [
      "a release by a key that was revoked",
      async () => [await deploy.operate(), await project.trust({ bo: { revoked: "2026-11-22" } })],
      /The key of `bo` is revoked/,
    ],
    ["anything from Build", () => deploy.signed(), /The mode is A \(Build\)/],
    [
      "a feature in Operate",
      async () => [
        await deploy.operate(),
        project.commit({ "host/a.ts": "b\n" }, { message: "feat: more" }),
        await deploy.signed(),
      ],
      /kind `feature`; D/,
    ],
    [
      "a stack without its trust",
      () => {
        // A rehearsal is free while nobody installed trust for it.
        project.commit({ [`Pulumi.${project.stack}.yaml`]: stackFile({ ...deploy.raw, rehearsal: false }) });
        rmSync(project.trustFolder, { recursive: true });
      },
      /No trust is installed/,
    ],
  ];
  for (const [what, make, reason] of refusals) {
    it(`refuses ${what} with 4: Pulumi is never started, nothing is touched, and that is kept for the record`, async () => {
      await make();
      await assert.rejects(run(), (error) => {
        assert.ok(error instanceof DeckError, String(error));
        assert.equal(error.code, 4, error.message);
        assert.match(error.message, /^Nobody signed this for this stack; nothing was touched\.\n/);
        assert.match(error.message, reason);
        return true;
      });
      assert.equal(pulumi.said("calls"), undefined);
      const [kept, ...more] = await happened();
      assert.deepEqual([kept?.event, more], ["refused", []]);
      assert.match(kept?.summary ?? "", /^Refused, with nothing touched: /);
    });
  }

  describe("and the tree moves meanwhile", () => {
    const gateOf = (release: string | undefined) => async () =>
      ({ code: 0, summary: "Open.", page: "/evidence/again.html", report: { release } }) as unknown as StackGateEnd;
    const moves = () => project.commit({ "host/a.ts": "b\n" });

    it("releases nothing where HEAD is another commit in the end: 3", async () => {
      const manifest = await deploy.operate();
      const commit = project.repository.git("rev-parse", "HEAD");
      const next = moves();
      project.repository.git("reset", "--quiet", "--hard", commit);
      pulumi.set("does", `git -C ${project.repository.folder} reset --quiet --hard ${next}`);
      const end = await run();
      assert.equal(end.code, 3);
      assert.match(end.summary, /^The tree is at another commit than the one that was signed/);
      const [kept] = await happened();
      assert.deepEqual([kept?.event, kept?.release?.digest, kept?.commit], ["refused", manifest, next]);
    });

    it("releases nothing where the gate that follows a deletion judged another release, or none: 3", async () => {
      await deploy.operate();
      pulumi.set("events", summary({ same: 8, delete: 1 }));
      for (const other of ["b".repeat(64), undefined]) {
        const end = await run(gateOf(other));
        assert.deepEqual([end.code, end.evidence], [3, "/evidence/again.html"]);
        assert.match(end.summary, /^The tree changed during the update/);
      }
    });

    it("releases what the gate that follows a deletion judged, where that was signed", async () => {
      const manifest = await deploy.operate();
      pulumi.set("events", summary({ same: 8, delete: 1 }));
      assert.equal((await run(gateOf(manifest))).code, 0);
    });

    it("releases nothing where it moved after the gate that follows a deletion: 3", async () => {
      const manifest = await deploy.operate();
      pulumi.set("events", summary({ same: 8, delete: 1 }));
      const end = await run(async () => {
        moves();
        return gateOf(manifest)();
      });
      assert.equal(end.code, 3);
      assert.match(end.summary, /^The tree is at another commit/);
    });

    it("is not put on the host's record as released, and is where it did not move", async () => {
      mkdirSync(join(project.home, "base"));
      await deploy.operate();
      const signOff = await deploy.ask();
      assert.ok(signOff.kind === "signed", JSON.stringify(signOff));
      const { settings, ...opened } = await openStack(project, world());
      // A rehearsal is none, whoever signed it.
      const stack = { ...opened, settings: { ...settings, rehearsal: false } };
      await markBegun(evidence(), new Date());
      const end = { code: 0, summary: "Open.", changes: null, deleted: 0 } as const;
      const ended = () => recordUpdateEnd(stack, world(), { end, from: deploy.now, signOff });
      assert.equal((await ended()).code, 0);
      moves();
      assert.equal((await ended()).code, 3);
      const recorded = readFileSync(layoutOf(settings).history, "utf8").trim().split("\n");
      assert.deepEqual(
        recorded.map((entry) => [JSON.parse(entry).event, JSON.parse(entry).verdict]),
        [
          ["released", "open"],
          ["ended", undefined],
        ],
      );
    });
  });
});
