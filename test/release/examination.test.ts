import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { seal } from "../../release/envelope.ts";
import { examinationOn } from "../../release/examination.ts";
import { buildManifest } from "../../release/manifest.ts";
import { addRecord, type RecordKind } from "../../release/records.ts";
import { Seen } from "../../release/seen.ts";
import { type Member, Team } from "../model/rolesSample.ts";
import { sshSettings } from "../model/settingsSample.ts";
import { Repository } from "./gitFixture.ts";

const freshness = { items: 300, evidence: 3600, clockSkew: 30 };
const now = new Date();

describe("an examination as proof of a move", () => {
  let team: Team;
  let repository: Repository;
  /** Where this machine keeps what it has seen. */
  let machine: string;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(() => {
    repository = new Repository();
    machine = mkdtempSync(join(tmpdir(), "phillbot-machine-"));
    repository.git("config", "user.name", "Ada");
    repository.git("config", "user.email", "ada@example.org");
    const config = Object.fromEntries(Object.entries(sshSettings()).map(([name, each]) => [`phillbot:${name}`, each]));
    const stamp = `---\nstamp:\n  release: 1.0.0\n  tree: ${"a".repeat(64)}\n---\n`;
    repository.commit({ "Pulumi.prod.yaml": stringify({ config }), "Documentation/update_log.md": stamp, "host/a.ts": "a\n" });
  });
  afterEach(() => {
    repository[Symbol.dispose]();
    rmSync(machine, { recursive: true });
  });

  interface Over {
    readonly by?: Member;
    readonly kind?: "attestation" | "mode";
    readonly result?: "PASSED" | "FAILED";
    readonly finishedAt?: Date;
    readonly release?: string;
    readonly as?: RecordKind;
  }
  const attest = async ({
    by = "cy",
    kind = "attestation",
    result = "PASSED",
    finishedAt = now,
    release,
    as = "attestations",
  }: Over = {}) => {
    const about = release ?? (await buildManifest(repository.folder, { commit: "HEAD" })).digest;
    const annotations = { finishedAt: finishedAt.toISOString(), passed: 10, failed: result === "PASSED" ? 0 : 1 };
    const run = (name: string) => ({ name, digest: { sha256: "b".repeat(64) }, annotations });
    const statement = {
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "release", digest: { sha256: about } }],
      predicateType: "https://in-toto.io/attestation/test-result/v0.1",
      predicate: { result, configuration: [run("npm test"), run("gate")] },
    };
    return addRecord(repository.folder, { kind: as, content: await seal(statement, { keyFile: team.keyFile(by), kind }) });
  };
  const ask = async (digest: string, result: "PASSED" | "FAILED" = "PASSED", { trust = team.trust(), at = now } = {}) =>
    examinationOn(repository.folder, { trust, freshness, seen: await Seen.in(machine), now: at })({
      digest,
      commit: repository.git("rev-parse", "HEAD"),
      at: now,
      result,
    });

  it("counts where the Examiner attested that this commit's release passed, or failed", async () => {
    assert.equal(await ask(await attest()), undefined);
    assert.equal(await ask(await attest({ result: "FAILED" }), "FAILED"), undefined);
  });

  for (const [what, over, pattern] of [
    ["by the Judge", { by: "bo" }, /`bo` may not sign as `phillbot-attestation`/],
    ["signed as something else", { kind: "mode" }, /no signature of this content/],
    ["of another release", { release: "c".repeat(64) }, /It is about the release cccccccccccc/],
    ["that failed", { result: "FAILED" }, /Its result is FAILED/],
    ["older than allowed", { finishedAt: new Date(now.getTime() - 3_700_000) }, /3700 s ago; 3600 s are allowed/],
    ["that is on record as something else", { as: "signatures" }, /There is no attestation \w+ on record/],
  ] as const) {
    it(`does not count ${what}`, async () => {
      assert.match((await ask(await attest(over))) ?? "", pattern);
    });
  }

  it("is judged by when this machine first saw it, whatever time its commit says", async () => {
    const digest = await attest({ result: "FAILED" });
    // The repository's own clock says January, in which the key counted.
    repository.git("update-ref", "refs/heads/records", repository.git("commit-tree", "records^{tree}", "-m", "Record"));
    const trust = team.trust(team.roles({ cy: { until: "2026-03-01" } }));
    const late = { trust, at: new Date("2026-06-01T00:00:00Z") };
    assert.match((await ask(digest, "FAILED", late)) ?? "", /does not count/);
    assert.equal(await ask(digest, "FAILED", { trust, at: new Date("2026-02-01T00:00:00Z") }), undefined);
    assert.equal(await ask(digest, "FAILED", late), undefined);
  });

  it("does not count for a failure where it passed, or is about something else", async () => {
    assert.match((await ask(await attest(), "FAILED")) ?? "", /says PASSED, not FAILED/);
    const other = await attest({ result: "FAILED", release: "c".repeat(64) });
    assert.match((await ask(other, "FAILED")) ?? "", /is not about/);
  });

  it("does not count for another commit, nor for one that is no release", async () => {
    const digest = await attest();
    repository.commit({ "host/a.ts": "b\n" });
    assert.match((await ask(digest)) ?? "", /It is about the release/);
    repository.remove("Documentation/update_log.md");
    repository.commit();
    assert.match((await ask(digest)) ?? "", /is no release/);
  });
});
