/** Proves that the program ends before its first resource where nobody signed the tree, and that a verdict counts only for the release that was signed. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { historyFolderOf, readWaiting } from "../../release/history.ts";
import { refuseOtherRelease, refuseUnsigned } from "../../stacks/signOff.ts";
import { Team } from "../model/rolesSample.ts";
import { DeployProject } from "../release/deployProject.ts";
import type { SignedProject } from "../release/signedProject.ts";

describe("the release that the gate judged", () => {
  const digest = "a".repeat(64);
  const signed = { kind: "signed", signer: "bo", release: { releaseId: "1.0.0", commit: "c".repeat(40), digest } } as const;

  it("is the one that was signed, or none", () => {
    assert.doesNotThrow(() => refuseOtherRelease(signed, digest));
    for (const other of [undefined, "b".repeat(64)])
      assert.throws(() => refuseOtherRelease(signed, other), /The tree changed during the update/);
  });

  it("is of no matter where nothing need be signed", () => {
    for (const kind of ["free", "rehearsal"] as const) assert.doesNotThrow(() => refuseOtherRelease({ kind }, undefined));
  });
});

describe("the program's own look at the signatures", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let team: Team;
  let deploy: DeployProject;
  let project: SignedProject;
  const outcome = process.env.PHILLBOT_OUTCOME_FILE;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  const mocks = { newResource: () => ({ id: "", state: {} }), call: () => ({}) };
  const inPreview = (is: boolean) => pulumi.runtime.setMocks(mocks, "phillbot", project.stack, is);
  beforeEach(async () => {
    deploy = await DeployProject.forVerbs(team);
    ({ project } = deploy);
    process.env.PHILLBOT_OUTCOME_FILE = join(project.home, "outcome.json");
    // Whatever ran before in this process: Pulumi's runtime keeps what it was told last.
    await inPreview(false);
  });
  afterEach(async () => {
    if (outcome === undefined) delete process.env.PHILLBOT_OUTCOME_FILE;
    else process.env.PHILLBOT_OUTCOME_FILE = outcome;
    await deploy[Symbol.asyncDispose]();
  });

  const evidenceFolder = () => join(project.home, "evidence");
  const look = () => {
    const { repository, stack } = project;
    return refuseUnsigned({ projectRoot: repository.folder, stack, raw: deploy.raw, evidenceFolder: evidenceFolder() });
  };
  const refuses = async (reason: RegExp) => {
    await assert.rejects(look(), (error: Error) => {
      assert.ok(error instanceof pulumi.RunError, String(error));
      assert.match(error.message, /^Nobody signed this for this stack; nothing was touched\.\n/);
      assert.match(error.message, reason);
      return true;
    });
    const file = JSON.parse(readFileSync(join(project.home, "outcome.json"), "utf8"));
    assert.deepEqual(file, { code: 4, summary: "Nobody signed this for this stack; nothing was touched." });
  };

  it("goes on with what the Judge signed, and ends with 4 once that is revoked", async () => {
    const manifest = await deploy.operate();
    const signOff = await look();
    assert.ok(signOff.kind === "signed" && signOff.release.digest === manifest, JSON.stringify(signOff));
    await project.revoke(manifest);
    await refuses(/`bo` revoked it/);
  });

  it("ends with 4 where nobody signed the tree, and where the mode refuses it, and keeps that for the record", async () => {
    await refuses(/is not on record/);
    await deploy.signed();
    await refuses(/The mode is A \(Build\)/);
    const kept = await readWaiting(historyFolderOf(evidenceFolder()));
    assert.deepEqual(
      kept.map(({ event }) => event),
      ["refused", "refused"],
    );
  });

  it("goes on in a preview, which says that an update would be refused", async () => {
    await inPreview(true);
    try {
      assert.deepEqual(await look(), { kind: "previewed" });
    } finally {
      await inPreview(false);
    }
    assert.deepEqual(await readWaiting(historyFolderOf(evidenceFolder())), []);
  });
});
