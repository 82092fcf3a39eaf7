/** Proves that a deploy hears what origin knows, by whatever name git knows it, and what is told where origin's records do not hold. */

import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mayDeploy } from "../../release/mayDeploy.ts";
import { Team } from "../model/rolesSample.ts";
import { DeployProject } from "./deployProject.ts";
import type { Repository } from "./gitFixture.ts";

describe("what a deploy hears from origin", () => {
  let team: Team;
  let deploy: DeployProject;
  let repository: Repository;
  let manifest: string;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    deploy = await DeployProject.begin(team);
    ({ repository } = deploy.project);
    manifest = await deploy.operate();
  });
  afterEach(async () => deploy[Symbol.asyncDispose]());

  const records = () => repository.git("rev-parse", "records");
  const back = (commit: string) => repository.git("update-ref", "refs/heads/records", commit);
  const noRemote = () => repository.git("config", "--remove-section", "remote.origin");

  const ways: Readonly<Record<string, () => void>> = {
    "a rewriting rule for the word `origin`": () => {
      noRemote();
      repository.git("config", `url.${deploy.origin}.insteadOf`, "origin");
    },
    "a remote's file of old": () => {
      noRemote();
      mkdirSync(join(repository.folder, ".git/remotes"), { recursive: true });
      const text = `URL: ${deploy.origin}\nPull: refs/heads/main:refs/remotes/origin/main\n`;
      writeFileSync(join(repository.folder, ".git/remotes/origin"), text);
    },
  };
  for (const [way, set] of Object.entries(ways))
    it(`is a revocation also where git knows origin by ${way}`, async () => {
      const before = records();
      await deploy.project.revoke(manifest);
      back(before);
      set();
      await deploy.refuses(4, /revoked|taken back/i);
    });

  it("is nothing without a remote, which is told by its name", async () => {
    noRemote();
    await deploy.refuses(3, /there is no remote `origin`/);
  });

  it("is nothing where a remote that is named as the address leads elsewhere", async () => {
    repository.git("config", `remote.${deploy.origin}.uploadpack`, "/tmp/other");
    await deploy.refuses(3, /git's setting `remote\.file:.*\.uploadpack` decides who answers/);
  });

  it("is nothing where git sends that address on to another", async () => {
    // `origin` leads to the address by one rule, and what stands there to another place by the next.
    repository.git("config", `url.${deploy.origin}.insteadOf`, "origin");
    repository.git("config", "--unset", "remote.origin.url");
    repository.git("config", "url.file:///tmp/other.git.insteadOf", deploy.origin);
    await deploy.refuses(3, /git's settings send .* on to file:\/\/\/tmp\/other\.git/);
  });

  it("is a release that another clone signed, before anybody there has fetched its records", async () => {
    using other = repository.clone();
    other.git("remote", "set-url", "origin", deploy.origin);
    const { stack, trustFolder } = deploy.project;
    const ask = () => mayDeploy(other.folder, { stack, raw: deploy.raw, now: deploy.now, trustFolder });
    other.git("update-ref", "-d", "refs/remotes/origin/records");
    const answer = await ask();
    assert.equal(answer.kind, "signed", JSON.stringify(answer));
  });

  it("is not waited for where it is away: the first refusal stands", async () => {
    back(`${records()}~1`);
    rmSync(fileURLToPath(deploy.origin), { recursive: true });
    await deploy.refuses(4, /C \(Stabilize\) allows/);
  });

  it("is what does not hold there, by name and with what puts it right, and this clone's own records stay", async () => {
    const good = records();
    repository.git("checkout", "--quiet", "records");
    repository.write({ "note.txt": "hello\n" });
    repository.git("add", "note.txt");
    repository.git("commit", "--quiet", "--message", "Add a note");
    repository.git("push", "--quiet", "origin", "records");
    repository.git("checkout", "--quiet", "main");
    back(good);
    const answer = await deploy.ask();
    assert.ok(answer.kind === "refused" && answer.code === 4, JSON.stringify(answer));
    assert.match(answer.reasons.join(), /`note\.txt`, which is no record/);
    assert.equal(records(), good);
    back(`${good}~1`);
    await deploy.refuses(4, /C \(Stabilize\) allows.*`note\.txt`, which is no record/s);
    back(good);
    const [git = "", ...args] = answer.remedy.split(" ");
    assert.equal(git, "git");
    repository.git(...args);
    assert.equal((await deploy.ask()).kind, "signed");
  });
});
