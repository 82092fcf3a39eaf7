import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type GateRun, runGate } from "../../checks/gate.ts";
import { buildManifest } from "../../release/manifest.ts";
import { checksThat, declared, targetIn } from "../components/gateSample.ts";
import { policyWith } from "../model/gateSample.ts";
import { Repository } from "../release/gitFixture.ts";
import { files } from "../release/signedProject.ts";

interface Asked {
  readonly signOff?: GateRun["signOff"];
  readonly settings?: Partial<GateRun["target"]["settings"]>;
}

describe("the evidence of a gate", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
    repository.commit({ ...files, "package.json": '{"version":"0.1.0"}\n' });
  });
  afterEach(() => repository[Symbol.dispose]());

  const released = async (onProbe: () => void = () => {}) => (await ran(onProbe)).release;
  const ran = async (onProbe: () => void = () => {}, { signOff = { kind: "free" }, settings = {} }: Asked = {}) => {
    const folder = join(repository.folder, ".phillbot/evidence/dev");
    const target = targetIn(repository.folder, folder);
    const { report, page } = await runGate({
      target: { ...target, settings: { ...target.settings, ...settings }, declared },
      policy: policyWith(),
      checks: checksThat({}, onProbe),
      trigger: "gate",
      signOff,
      now: () => new Date(),
      onProgress: () => {},
      onResult: () => {},
    });
    assert.equal(JSON.parse(readFileSync(join(dirname(page), "report.json"), "utf8")).release, report.release);
    return report;
  };

  it("names the release that it judged, whatever lies in ignored places", async () => {
    repository.write({ ".git/info/exclude": "Pulumi.dev.yaml\n", "Pulumi.dev.yaml": "a: 1\n" });
    assert.equal(await released(), (await buildManifest(repository.folder, { commit: "HEAD" })).digest);
  });

  it("names none where the tree is not exactly a commit, before the checks or after them", async () => {
    repository.write({ "host/a.ts": "b\n" });
    assert.equal(await released(), undefined);
    repository.commit();
    assert.equal(await released(() => repository.write({ "host/a.ts": "c\n" })), undefined);
  });

  it("names none where the tree became another commit meanwhile, or can be no release", async () => {
    assert.equal(await released(() => void repository.commit({ "host/a.ts": "d\n" })), undefined);
    repository.commit({ "Documentation/update_log.md": "# No stamp\n" });
    assert.equal(await released(), undefined);
  });

  it("says whether what it judged is signed, and never that it is where that was not asked", async () => {
    const { digest, releaseId, commit } = await buildManifest(repository.folder, { commit: "HEAD" });
    const signed = { kind: "signed", release: { digest, releaseId, commit }, signer: "bo" } as const;
    const requireSignOff = { requireSignOff: true };
    const standing = async (asked: Asked, onProbe?: () => void) => (await ran(onProbe, asked)).signOff;
    assert.deepEqual(await standing({}), { kind: "none" });
    assert.deepEqual(await standing({ signOff: signed, settings: requireSignOff }), { kind: "signed", signer: "bo" });
    for (const [code, kind] of [
      [4, "unsigned"],
      [3, "unknown"],
    ] as const) {
      const refused = { kind: "refused", code, reasons: ["It is not on record."], remedy: "npx deck release cut" } as const;
      const { reasons, remedy } = refused;
      assert.deepEqual(await standing({ signOff: refused }), { kind, reasons, remedy });
    }
    assert.equal((await standing({ settings: requireSignOff }))?.kind, "unknown");
    assert.equal((await standing({ signOff: { kind: "previewed" }, settings: requireSignOff }))?.kind, "unknown");
    assert.deepEqual(await standing({ signOff: { kind: "rehearsal" }, settings: { ...requireSignOff, rehearsal: true } }), {
      kind: "none",
    });
    assert.equal((await standing({ signOff: signed }, () => repository.write({ "host/a.ts": "c\n" })))?.kind, "unknown");
  });
});
