import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { namespaces } from "../../model/signers.ts";
import { sign, verify } from "../../release/sshSignature.ts";
import { fingerprintOf, installTrust, readTrust, TrustMissing, trustFolder } from "../../release/trust.ts";
import { Team } from "../model/rolesSample.ts";

describe("the root of trust", () => {
  let team: Team;
  let home: string;
  let folder: string;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "phillbot-trust-"));
    folder = trustFolder("prod", home);
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const text = () => stringify(team.data());
  const missing = (pattern: RegExp) => (error: unknown) => {
    assert.ok(error instanceof TrustMissing, String(error));
    assert.match(error.message, pattern);
    assert.match(error.remedy, /^npx deck trust install --stack prod # .* a development stack needs none$/);
    return true;
  };

  it("has its place by the user and the stack, whatever the environment says", () => {
    const before = process.env.HOME;
    process.env.HOME = "/elsewhere";
    try {
      assert.equal(trustFolder("prod"), join(userInfo().homedir, ".config/phillbot/trust/prod"));
    } finally {
      process.env.HOME = before;
    }
  });

  it("is told by the fingerprint of its text, and verifies what its people sign", async () => {
    const installed = await installTrust("prod", text(), folder);
    assert.equal(installed.fingerprint, fingerprintOf(text()));
    assert.match(installed.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
    const signature = await sign({ keyFile: team.keyFile("bo"), namespace: namespaces.release, payload: "x" });
    const signed = { payload: "x", signature, namespace: namespaces.release };
    assert.deepEqual(await verify(signed, await readTrust("prod", folder), new Date("2026-11-22")), { ok: true, signer: "bo" });
  });

  it("takes the list of signers from the roles, whatever somebody wrote into the list", async () => {
    const { allowedSigners } = await installTrust("prod", text(), folder);
    writeFileSync(allowedSigners, `bo namespaces="${namespaces.release}" ${team.publicKey("stranger")}\n`);
    const signature = await sign({ keyFile: team.keyFile("stranger"), namespace: namespaces.release, payload: "x" });
    const verified = await verify(
      { payload: "x", signature, namespace: namespaces.release },
      await readTrust("prod", folder),
      new Date("2026-11-22"),
    );
    assert.equal(verified.ok, false);
    assert.doesNotMatch(
      readFileSync(allowedSigners, "utf8"),
      new RegExp(team.publicKey("stranger").slice(12, 60).replaceAll("+", "\\+")),
    );
  });

  it("replaces what was installed before, and keeps it where the new text is none", async () => {
    await installTrust("prod", text(), folder);
    const other = stringify({ ...team.data(), people: [] });
    assert.equal((await installTrust("prod", other, folder)).fingerprint, fingerprintOf(other));
    await assert.rejects(installTrust("prod", "version: 1\n", folder), missing(/has \d+ faults?/));
    assert.equal((await readTrust("prod", folder)).fingerprint, fingerprintOf(other));
  });

  it("is refused by name where a key in it is none, which would void everybody's signatures", async () => {
    const people = team
      .data()
      .people.map((person) =>
        person.id === "dee"
          ? { ...person, keys: [{ public: team.publicKey("stranger").slice(0, -6), from: "2026-01-01", revoked: "2026-02-01" }] }
          : person,
      );
    const at = people.findIndex(({ id }) => id === "dee");
    const problem = missing(new RegExp(`\`people\\[${at}\\]\\.keys\\[0\\]\\.public\`: an OpenSSH public key, whole`));
    await assert.rejects(installTrust("prod", stringify({ ...team.data(), people }), folder), problem);
    await installTrust("prod", text(), folder);
    writeFileSync(join(folder, "roles.yaml"), stringify({ ...team.data(), people }));
    await assert.rejects(readTrust("prod", folder), problem);
  });

  for (const name of ["roles.yaml", "seen.jsonl"]) {
    it(`is refused where others may write its ${name}, or that is a link`, async () => {
      await installTrust("prod", text(), folder);
      const file = join(folder, name);
      if (name === "seen.jsonl") writeFileSync(file, "");
      chmodSync(file, 0o666);
      // Nobody comes into a folder that is closed.
      await readTrust("prod", folder);
      chmodSync(folder, 0o755);
      await assert.rejects(readTrust("prod", folder), missing(/may be written by others: chmod go-w /));
      chmodSync(file, 0o644);
      await readTrust("prod", folder);
      renameSync(file, join(home, name));
      symlinkSync(join(home, name), file);
      await assert.rejects(readTrust("prod", folder), missing(/is no file, but a link in its place/));
    });
  }

  it("makes the lists of keys anew where a link stands in their place", async () => {
    const { allowedSigners } = await installTrust("prod", text(), folder);
    renameSync(allowedSigners, join(home, "list"));
    symlinkSync(join(home, "list"), allowedSigners);
    await readTrust("prod", folder);
    assert.ok(lstatSync(allowedSigners).isFile());
  });

  it("is missed where nothing is installed", async () => {
    await assert.rejects(readTrust("prod", folder), missing(/No trust is installed for the stack `prod`/));
  });

  it("is refused where its text is no roles any more", async () => {
    await installTrust("prod", text(), folder);
    writeFileSync(join(folder, "roles.yaml"), "version: 1\npeople: [");
    await assert.rejects(readTrust("prod", folder), missing(/is not YAML here/));
    rmSync(join(folder, "roles.yaml"));
    await assert.rejects(readTrust("prod", folder), missing(/cannot be read/));
  });

  it("is refused where others may write it, or a link leads elsewhere", async () => {
    await installTrust("prod", text(), folder);
    chmodSync(folder, 0o770);
    await assert.rejects(readTrust("prod", folder), missing(/may be written by others/));
    rmSync(folder, { recursive: true });
    mkdirSync(join(home, "elsewhere"));
    symlinkSync(join(home, "elsewhere"), folder);
    await assert.rejects(readTrust("prod", folder), missing(/is no folder/));
    await assert.rejects(installTrust("prod", text(), folder), missing(/is no folder/));
  });
});
