/** Proves which stacks only a signed release reaches, that no setting of the tree gets around it, and that origin's word is waited for. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { installTrust } from "../../release/trust.ts";
import { Team } from "../model/rolesSample.ts";
import { localSettings, sshSettings } from "../model/settingsSample.ts";
import { DeployProject } from "./deployProject.ts";
import { Repository } from "./gitFixture.ts";
import { type SignedProject, stackFile } from "./signedProject.ts";

describe("whether an update may begin", () => {
  let team: Team;
  let deploy: DeployProject;
  let project: SignedProject;
  let origin: string;
  let raw: Record<string, unknown>;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    deploy = await DeployProject.begin(team);
    ({ project, origin, raw } = deploy);
  });
  afterEach(async () => deploy[Symbol.asyncDispose]());

  const release = () => deploy.operate();
  const ask = (settings = raw) => deploy.ask(settings);
  const refuses = (code: 3 | 4, reason: RegExp, settings = raw) => deploy.refuses(code, reason, settings);
  const takeOriginAway = () => rmSync(fileURLToPath(origin), { recursive: true });
  const forgetTrust = () => rmSync(project.trustFolder, { recursive: true });

  it("is free on a development stack of this machine, and for a rehearsal, while nobody installed trust for it", async () => {
    forgetTrust();
    assert.equal((await ask(localSettings())).kind, "free");
    assert.equal((await ask({ ...localSettings(), requireSignOff: "false" })).kind, "free");
    assert.equal((await ask()).kind, "rehearsal");
  });

  it("needs trust on a host that is reached by ssh, whatever the settings say, and where they say nothing", async () => {
    forgetTrust();
    for (const settings of [
      { ...sshSettings(), requireSignOff: false },
      sshSettings(),
      {},
      { ...localSettings(), requireSignOff: true },
    ])
      await refuses(4, /No trust is installed/, settings);
  });

  it("needs a signature once trust is installed, though the settings call it a rehearsal or free", async () => {
    await refuses(4, /is not on record/);
    await refuses(4, /its settings say that nothing need be signed/, localSettings());
  });

  it("is not let through by trust that the settings point to, of whatever name", async () => {
    const forged = join(project.home, "forged");
    const { people, ...rest } = team.data();
    const strangers = people.map((each) =>
      each.id === "bo" ? { ...each, keys: [{ public: team.publicKey("stranger"), from: "2026-01-01" }] } : each,
    );
    await installTrust("prod", stringify({ ...rest, people: strangers }), forged);
    for (const key of ["trust", "trustFolder", "allowedSigners", "roles", "home"]) {
      const settings = { ...raw, [key]: forged };
      project.commit({ "Pulumi.prod.yaml": stackFile(settings) });
      const manifest = await project.cut();
      await project.sign(manifest, [await deploy.attest(manifest)], { who: "stranger", timeVerified: deploy.now.toISOString() });
      await refuses(4, /on nobody's record/, settings);
    }
  });

  it("refuses what nobody signed before it asks for what only the host's owner has, and without origin", async () => {
    takeOriginAway();
    project.commit({ "Pulumi.prod.yaml": stackFile({ name: "phillbot" }) });
    await refuses(4, /^The release [0-9a-f]{12} of the commit [0-9a-f]{12} is not on record\.$/, { name: "phillbot" });
  });

  it("lets the very commit through that the Judge signed, by its release", async () => {
    const manifest = await release();
    const answer = await ask();
    assert.ok(answer.kind === "signed", JSON.stringify(answer));
    assert.deepEqual([answer.release.digest, answer.signer], [manifest, "bo"]);
    project.commit({ "host/a.ts": "b\n" });
    await refuses(4, /is not on record/);
  });

  it("does not let through what lies in the tree beside the commit, ignored or not", async () => {
    await release();
    project.repository.write({ "Documentation/note.log": "ignored\n", ".git/info/exclude": "*.log\n" });
    await refuses(4, /`Documentation\/note.log` \(not committed\)/);
  });

  it("lets nothing through from Build, though the Judge signed it", async () => {
    await deploy.signed();
    await refuses(4, /The mode is A \(Build\): production accepts nothing/);
  });

  it("hears of a revocation that only origin has", async () => {
    const manifest = await release();
    assert.equal((await ask()).kind, "signed");
    const { repository } = project;
    const before = repository.git("rev-parse", "records");
    await project.revoke(manifest);
    repository.git("update-ref", "refs/heads/records", before);
    await refuses(4, /revoked|taken back/i);
  });

  it("cannot tell where origin is away, or is another repository than the one that is named", async () => {
    await release();
    using elsewhere = new Repository();
    project.repository.git("remote", "set-url", "origin", elsewhere.address);
    await refuses(3, /What was revoked cannot be told/);
    project.repository.git("remote", "set-url", "origin", origin);
    takeOriginAway();
    await refuses(3, /could not be reached/);
  });

  it("does not believe records that were altered, and follows origin's where those hold", async () => {
    await release();
    const { repository } = project;
    repository.git("checkout", "--quiet", "records");
    const [first = ""] = repository.git("ls-files", "signatures").split("\n");
    repository.write({ [first]: "{}\n" });
    repository.git("commit", "--quiet", "--all", "--message", "Alter");
    repository.git("checkout", "--quiet", "main");
    const altered = repository.git("rev-parse", "records");
    repository.git("push", "--quiet", "origin", "records");
    await refuses(4, /was altered|changed or removed/);
    repository.git("push", "--quiet", "--force", "origin", `${altered}~1:records`);
    assert.equal((await ask()).kind, "signed");
  });
});
