import assert from "node:assert/strict";
import { z } from "zod";
import { type Opening, open, seal } from "../../release/envelope.ts";
import type { Trust } from "../../release/sshSignature.ts";
import { Team } from "../model/rolesSample.ts";

const schema = z.strictObject({ says: z.string() });

describe("a signed statement", () => {
  let team: Team;
  let trust: Trust;
  before(() => {
    team = new Team();
    trust = team.trust();
  });
  after(() => team[Symbol.dispose]());

  const sealed = (who = "bo", kind: Opening<unknown>["kind"] = "release", statement: unknown = { says: "yes" }) =>
    seal(statement, { keyFile: team.keyFile(who), kind });
  const opened = (record: string, kind: Opening<unknown>["kind"] = "release") =>
    open(record, { kind, schema, trust, at: new Date("2026-11-22T12:00:00Z") });
  const refuses = async (record: string, reason: RegExp, kind?: Opening<unknown>["kind"]) => {
    const result = await opened(record, kind);
    assert.ok(!result.ok, JSON.stringify(result));
    assert.match(result.reason, reason);
  };

  it("is read with its signer", async () => {
    assert.deepEqual(await opened(await sealed()), { ok: true, statement: { says: "yes" }, signer: "bo" });
  });

  it("is refused as another kind of statement", async () => {
    await refuses(await sealed("bo", "mode"), /no signature of this content as `phillbot-release`/);
    await refuses(await sealed("cy", "attestation"), /no signature of this content as/);
  });

  it("is refused of somebody whose role does not sign it", async () => {
    for (const who of ["ada", "cy", "dee"]) await refuses(await sealed(who), /may not sign as `phillbot-release`/);
    await refuses(await sealed("stranger"), /nobody's record/);
  });

  it("is refused with any other content, signature or type", async () => {
    const [one, two] = [JSON.parse(await sealed()), JSON.parse(await sealed("bo", "release", { says: "no" }))];
    await refuses(JSON.stringify({ ...one, payload: two.payload }), /no signature of this content/);
    await refuses(JSON.stringify({ ...one, signatures: two.signatures }), /no signature of this content/);
    await refuses(JSON.stringify({ ...one, payloadType: "text/plain" }), /no signed statement/);
    await refuses(JSON.stringify({ ...one, signatures: [] }), /no signed statement/);
    await refuses(JSON.stringify({ ...one, more: true }), /no signed statement/);
    await refuses("{}", /no signed statement/);
    await refuses("", /no signed statement/);
  });

  it("is refused where what was signed is no such statement", async () => {
    await refuses(await sealed("bo", "release", { says: 1 }), /`bo` signed it, but it is no statement of this kind/);
  });
});
