import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { checkRoles, type Roles } from "../../model/roles.ts";
import { allowedSigners, namespaces, revokedKeys } from "../../model/signers.ts";
import { NotSigned, sign, type Trust, verify } from "../../release/sshSignature.ts";

describe("ssh signatures", () => {
  let folder: string;
  let trust: Trust;
  const keys = new Map<string, string>();
  const now = new Date("2026-11-22T12:00:00Z");

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-sshsig-"));
    for (const name of ["ada", "bo", "cy", "expired", "revoked", "stranger"]) {
      execaSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(folder, name)]);
      keys.set(name, readFileSync(join(folder, `${name}.pub`), "utf8").trim());
    }
    const person = (id: string, role: string, key: object = {}) => ({
      id,
      name: id,
      emails: [`${id}@example.org`],
      roles: [role],
      keys: [{ public: keys.get(id), from: "2026-01-01", ...key }],
    });
    const parsed = checkRoles({
      version: 1,
      roles: { builder: { paths: ["/"] }, examiner: { paths: ["test/"] }, judge: { paths: [] }, operator: { paths: [] } },
      people: [
        person("ada", "builder"),
        person("bo", "judge"),
        person("cy", "examiner"),
        person("expired", "judge", { until: "2026-06-30" }),
        person("revoked", "judge", { revoked: "2026-10-01" }),
      ],
    });
    assert.ok(parsed.ok, JSON.stringify(parsed));
    trust = writeTrust(parsed.roles);
  });
  after(() => rmSync(folder, { recursive: true }));

  function writeTrust(roles: Roles): Trust {
    const files = { allowedSigners: join(folder, "allowed_signers"), revoked: join(folder, "revoked_keys") };
    writeFileSync(files.allowedSigners, allowedSigners(roles));
    writeFileSync(files.revoked, revokedKeys(roles));
    return files;
  }
  const signed = async (who: string, namespace: string, payload = "the manifest") => ({
    payload,
    namespace,
    signature: await sign({ keyFile: join(folder, who), namespace, payload }),
  });
  const refuses = async (what: Awaited<ReturnType<typeof signed>>, reason: RegExp, at = now) => {
    const verified = await verify(what, trust, at);
    assert.ok(!verified.ok, `It counted as ${JSON.stringify(verified)}.`);
    assert.match(verified.reason, reason);
  };

  it("count for the role whose kind of statement it is", async () => {
    assert.deepEqual(await verify(await signed("bo", namespaces.release), trust, now), { ok: true, signer: "bo" });
    assert.deepEqual(await verify(await signed("cy", namespaces.attestation), trust, now), { ok: true, signer: "cy" });
  });

  it("of the wrong role are refused", async () => {
    await refuses(await signed("ada", namespaces.release), /`ada` may not sign as `phillbot-release`/);
    await refuses(await signed("cy", namespaces.release), /`cy` may not sign/);
    await refuses(await signed("bo", namespaces.attestation), /`bo` may not sign/);
  });

  it("of the right role in another namespace are refused", async () => {
    const other = await signed("bo", namespaces.mode);
    await refuses({ ...other, namespace: namespaces.release }, /no signature of this content as/);
  });

  it("of changed bytes, or cut off, are refused", async () => {
    const one = await signed("bo", namespaces.release);
    await refuses({ ...one, payload: "the manifesto" }, /no signature of this content/);
    await refuses({ ...one, signature: one.signature.slice(0, 100) }, /no signature of this content/);
    await refuses({ ...one, signature: "" }, /no signature of this content/);
  });

  it("of a key that nobody has on record are refused", async () => {
    await refuses(await signed("stranger", namespaces.release), /nobody's record/);
  });

  it("count for the holder of the key alone, where a line before theirs names it in its comment", async () => {
    const one = await signed("bo", namespaces.release);
    const [ada = "", bo = ""] = [keys.get("ada"), keys.get("bo")];
    const decoy = `ada namespaces="${namespaces.release}" ${ada} ${bo.split(" ")[1]}\n`;
    const lists = (text: string): Trust => {
      const allowed = join(folder, "decoy");
      writeFileSync(allowed, text);
      return { ...trust, allowedSigners: allowed };
    };
    const listed = readFileSync(trust.allowedSigners, "utf8");
    assert.deepEqual(await verify(one, lists(decoy + listed), now), { ok: true, signer: "bo" });
    const verified = await verify(one, lists(decoy), now);
    assert.match(verified.ok ? "It counted." : verified.reason, /nobody's record/);
  });

  it("of an expired key count as of the day it was valid, to its last second, and not after", async () => {
    const old = await signed("expired", namespaces.release);
    assert.ok((await verify(old, trust, new Date("2026-06-30T23:59:58Z"))).ok);
    await refuses(old, /was not valid at that time/, new Date("2026-07-01T00:00:00Z"));
    await refuses(old, /was not valid at that time/, new Date("2025-12-31T23:59:59Z"));
  });

  it("of a revoked key are refused for all times", async () => {
    const one = await signed("revoked", namespaces.release);
    await refuses(one, /The key of `revoked` is revoked/);
    await refuses(one, /The key of `revoked` is revoked/, new Date("2026-02-01T00:00:00Z"));
  });

  it("cannot be made with a key that is not there", async () => {
    await assert.rejects(sign({ keyFile: join(folder, "nobody"), namespace: namespaces.release, payload: "x" }), NotSigned);
  });
});
