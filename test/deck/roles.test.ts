import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { stringify } from "yaml";
import { modeShowVerb } from "../../deck/modeShow.ts";
import { rolesCheckVerb } from "../../deck/rolesCheck.ts";
import { rolesGenerateVerb } from "../../deck/rolesGenerate.ts";
import { trustInstallVerb, trustShowVerb } from "../../deck/trust.ts";
import type { Call } from "../../deck/verb.ts";
import { fingerprintOf, trustFolder } from "../../release/trust.ts";
import { Team } from "../model/rolesSample.ts";
import type { Repository } from "../release/gitFixture.ts";
import { SignedProject, stackFile } from "../release/signedProject.ts";
import { callOf, fails, worldIn } from "./verbCalls.ts";

describe("deck roles and deck trust", () => {
  let team: Team;
  let project: SignedProject;
  let repository: Repository;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(() => {
    said.length = 0;
    project = SignedProject.ofOwnStack(team);
    ({ repository } = project);
    repository.write({ "operations/roles.yaml": text(), [`Pulumi.${project.stack}.yaml`]: stackFile() });
  });
  afterEach(() => project[Symbol.asyncDispose]());

  const text = () => stringify(team.data());
  const said: string[] = [];
  const world = () => worldIn(repository.folder, { said });
  const call = (over: Partial<Call> = {}) => callOf({ name: "roles" }, project.stack, { yes: false, ...over });
  const install = (over: Partial<Call> = {}) =>
    trustInstallVerb.run(call({ options: { fingerprint: fingerprintOf(text()) }, ...over }), world());

  it("installs the roles whose fingerprint was told, and shows them", async () => {
    await install();
    const { code, text: said, data } = await trustShowVerb.run(call(), world());
    assert.equal(code, 0);
    assert.equal(data.fingerprint, fingerprintOf(text()));
    assert.match(said, /bo \(judge\) signs git, phillbot-release, phillbot-revocation, phillbot-mode/);
  });

  it("refuses roles with another fingerprint than was told, with 4, and installs nothing", async () => {
    await assert.rejects(
      install({ options: { fingerprint: fingerprintOf("other") } }),
      fails(4, /they are not the ones that you were told of/),
    );
    await assert.rejects(trustShowVerb.run(call(), world()), fails(4, /No trust is installed/));
  });

  it("refuses roles that hold nobody, since nothing could ever be signed then", async () => {
    repository.write({ "operations/roles.yaml": stringify({ ...team.data(), people: [] }) });
    await assert.rejects(install({ yes: true, options: {} }), fails(2, /hold nobody/));
    await assert.rejects(trustShowVerb.run(call(), world()), fails(4, /No trust is installed/));
  });

  it("warns where the stack's settings ask for no signature, and names the way back", async () => {
    const settings = (requireSignOff: boolean) => ({
      [`Pulumi.${project.stack}.yaml`]: stringify({ config: { "phillbot:requireSignOff": requireSignOff } }),
    });
    const warned = () => said.filter((line) => line.endsWith(`taken back by: rm -r ${trustFolder(project.stack)}`)).length;
    repository.write(settings(true));
    await install();
    assert.equal(warned(), 0);
    repository.write(settings(false));
    await install();
    assert.equal(warned(), 1);
  });

  it("installs nothing with `--dry-run`, and nothing without an answer", async () => {
    assert.match((await install({ dryRun: true })).text, /^Would install SHA256:/);
    await assert.rejects(install({ options: {} }), fails(2, /no terminal to ask on/));
    await assert.rejects(trustShowVerb.run(call(), world()), fails(4, /No trust is installed/));
  });

  it("checks a range by the trust that is installed, whatever the tree's own roles say", async () => {
    await install();
    repository.commit();
    repository.git("tag", "start");
    repository.write({ "operations/roles.yaml": stringify({ ...team.data(), people: [] }) });
    await rolesGenerateVerb.run(call(), world());
    repository.commit({ "host/a.ts": "a" }, "Unsigned");
    const { code, text: said, data } = await rolesCheckVerb.run(call({ args: ["start..HEAD"] }), world());
    assert.equal(code, 1);
    assert.match(
      said,
      /^[0-9a-f]{12}: It is not signed by a key on record\.\n {2}Whoever made it signs it.*user\.signingkey <file>\n {2}git commit --amend --no-edit --gpg-sign\n1 commit, 1 fault\.$/,
    );
    assert.deepEqual(data.stale, []);
    const first = repository.git("rev-parse", "--short=12", "HEAD");
    repository.commit({ "host/a.ts": "b" }, "Unsigned too");
    const { text: more } = await rolesCheckVerb.run(call({ args: ["start..HEAD"] }), world());
    assert.ok(more.includes(`git rebase --rebase-merges --exec 'git commit --amend --no-edit --gpg-sign' ${first}~1`), more);
    for (const [key, value] of Object.entries({ "gpg.format": "ssh", "user.signingkey": team.keyFile("ada") }))
      repository.git("config", key, value);
    repository.git("rebase", "--quiet", "--rebase-merges", "--exec", "git commit --amend --no-edit --gpg-sign", `${first}~1`);
    assert.equal((await rolesCheckVerb.run(call({ args: ["start..HEAD"] }), world())).code, 0);
  });

  it("finds generated files that are not what the roles make of them, until they are generated", async () => {
    await install();
    repository.commit();
    repository.git("tag", "start");
    const check = () => rolesCheckVerb.run(call({ args: ["start..HEAD"] }), world());
    assert.deepEqual(
      [(await check()).code, (await check()).data.stale],
      [1, ["operations/allowed_signers", "operations/revoked_keys", ".github/CODEOWNERS"]],
    );
    assert.match((await rolesGenerateVerb.run(call({ dryRun: true }), world())).text, /Would write operations\/allowed_signers/);
    await rolesGenerateVerb.run(call(), world());
    assert.equal((await check()).code, 0);
  });

  it("could not tell where the clone is too shallow to hold the whole range", async () => {
    await install();
    repository.commit();
    await rolesGenerateVerb.run(call(), world());
    repository.commit({ "host/a.ts": "a" }, "Unsigned");
    repository.commit({ "host/a.ts": "b" }, "Unsigned too");
    using shallow = repository.clone("--depth", "2");
    const check = (range: string) => rolesCheckVerb.run(call({ args: [range] }), worldIn(shallow.folder));
    await assert.rejects(check("HEAD"), fails(3, /too shallow to hold every commit of `HEAD`/, /git fetch --unshallow/));
    assert.equal((await check("HEAD~1..HEAD")).code, 1);
  });

  it("checks all since the baseline by the tree's own roles, where nobody installed trust, and says so", async () => {
    const check = () => rolesCheckVerb.run(call({ options: { byTree: true } }), world());
    repository.write({ "operations/roles.yaml": stringify({ ...team.data(), people: [] }) });
    assert.deepEqual([(await check()).code, (await check()).text], [0, "Nobody is on record, so nobody is held to it."]);
    const baseline = repository.commit({ "host/a.ts": "a" }, "Before anybody signed");
    repository.write({ "operations/roles.yaml": stringify({ ...team.data(), baseline }) });
    await rolesGenerateVerb.run(call(), world());
    repository.git("add", "--all");
    const signed = ["-c", "gpg.format=ssh", "-c", `user.signingKey=${team.keyFile("ada")}`, "-c", "commit.gpgsign=true"];
    repository.git(...signed, "commit", "--quiet", "--message", "Put the people on record");
    assert.deepEqual([(await check()).code, (await check()).text], [0, "1 commit, 0 faults, by the tree's own roles."]);
    repository.commit({ "host/a.ts": "b" }, "Unsigned");
    const { code, text: said, data } = await check();
    assert.deepEqual([code, data.trust], [1, null]);
    assert.match(
      said,
      /^[0-9a-f]{12}: It is not signed by a key on record\.\n {2}Whoever made it signs it.*user\.signingkey <file>\n {2}git commit --amend --no-edit --gpg-sign\n2 commits, 1 fault, by the tree's own roles\.$/,
    );
  });

  it("names the stacks that are there where the asked one is none, and installs nothing for it", async () => {
    const slip = `${project.stack}x`;
    const slipped = callOf({ name: "roles" }, slip, { options: { fingerprint: fingerprintOf(text()) } });
    const named = fails(2, new RegExp(`no file \`Pulumi\\.${slip}\\.yaml\`; there is \`${project.stack}\``), /--stack test-\w+$/);
    await assert.rejects(trustInstallVerb.run(slipped, world()), named);
    assert.equal(existsSync(trustFolder(slip)), false);
    await assert.rejects(trustShowVerb.run(slipped, world()), named);
    await assert.rejects(rolesCheckVerb.run({ ...slipped, args: ["HEAD"] }, world()), named);
    await assert.rejects(modeShowVerb.run(slipped, world()), named);
  });

  it("refuses a range that is none, and to check without a trust", async () => {
    await assert.rejects(rolesCheckVerb.run(call({ args: ["HEAD"] }), world()), fails(4, /No trust is installed/));
    await install();
    repository.commit();
    await assert.rejects(rolesCheckVerb.run(call({ args: ["nowhere..HEAD"] }), world()), fails(2, /`nowhere..HEAD` is no range/));
    await assert.rejects(rolesCheckVerb.run(call({ args: ["--output=/tmp/x"] }), world()), fails(2, /is no range/));
  });
});
