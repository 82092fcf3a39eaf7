/** Proves what vouches for a newer schema where an older release comes back: what a Judge ever signed, and nobody else. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { aheadBySigned } from "../../checks/schemaAhead.ts";
import { settingsSchema } from "../../model/settings.ts";
import { Team } from "../model/rolesSample.ts";
import { DeployProject } from "../release/deployProject.ts";
import { contextOn } from "../release/gitFixture.ts";

const version = "29990101000000";
const text = "create table memory.later ();\n";
const path = `memory/supabase/migrations/${version}_later.sql`;
const recorded = (content = text) => ({
  version,
  name: "later",
  sha256: createHash("sha256").update(content).digest("hex"),
  statements: ["create table memory.other ()"],
});

describe("What a database is ahead of an older release by", function () {
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
    await deploy.signed();
    git("push", "--quiet", "origin", "main");
    origin("symbolic-ref", "HEAD", "refs/heads/main");
  });
  afterEach(async () => deploy[Symbol.asyncDispose]());

  const origin = (...args: string[]) => execFileSync("git", ["-C", deploy.origin.replace("file://", ""), ...args]);
  const git = (...args: string[]) => deploy.project.repository.git(...args);
  const read = (migration = recorded()) => {
    const { repository, stack } = deploy.project;
    const settings = settingsSchema.parse(deploy.raw);
    return aheadBySigned({ projectRoot: repository.folder, stack, settings }, [migration], contextOn());
  };
  /** On a side branch, which no default branch ever holds; the older tree is there again after it. */
  const newer = async (sign: boolean) => {
    const older = git("rev-parse", "HEAD");
    deploy.project.commit({ [path]: text });
    const manifest = sign ? (await deploy.signed()).manifest : await deploy.project.cut();
    git("reset", "--quiet", "--hard", older);
    return manifest;
  };
  const known = { texts: new Map([[version, text]]), unknown: [] };
  const unknown = { texts: new Map(), unknown: [`${version}_later`] };

  it("is known by the file of a release that a Judge signed, with no origin there, and though it was revoked since", async () => {
    const manifest = await newer(true);
    const away = () => git("remote", "set-url", "origin", "file:///nowhere.git");
    away();
    assert.deepEqual(await read(), known);
    git("remote", "set-url", "origin", deploy.origin);
    await deploy.project.revoke(manifest);
    away();
    assert.deepEqual(await read(), known);
  });

  it("is unknown by the file of a release that nobody signed, and where the database recorded another content", async () => {
    await newer(false);
    assert.deepEqual(await read(), unknown);
    await newer(true);
    assert.deepEqual(await read(recorded(`${text}\n`)), unknown);
  });

  it("is known by the default branch where no release holds it", async () => {
    deploy.project.commit({ [path]: text });
    git("push", "--quiet", "origin", "HEAD:main");
    assert.deepEqual(await read(), known);
  });
});
