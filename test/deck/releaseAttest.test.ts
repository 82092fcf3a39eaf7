/** Proves that an Examiner attests what ran on this very release only. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Report } from "../../checks/evidence/report.ts";
import { releaseAttestVerb } from "../../deck/releaseAttest.ts";
import { releaseCutVerb } from "../../deck/releaseCut.ts";
import { releaseSignVerb } from "../../deck/releaseSign.ts";
import type { Evidence } from "../../model/statements.ts";
import { testResultFile } from "../../release/testResult.ts";
import { sampleReport } from "../checks/evidenceSample.ts";
import { noon } from "../release/signedProject.ts";
import { type ReleaseVerbs, releaseVerbsForEach } from "./releaseVerbs.ts";
import { fails } from "./verbCalls.ts";

describe("deck release", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let verbs: ReleaseVerbs;
  releaseVerbsForEach((made) => {
    verbs = made;
  });

  describe("attest", () => {
    beforeEach(async () => {
      await verbs.run(releaseCutVerb);
      verbs.tested();
      await verbs.gated();
    });
    const refuses = (code: number, pattern: RegExp, who = "cy", options = {}) =>
      assert.rejects(verbs.run(releaseAttestVerb, [], { ...verbs.key(who), ...options }), fails(code, pattern));

    for (const who of ["ada", "bo", "dee"]) {
      it(`is refused to ${who}, who is no Examiner`, () => refuses(4, /may not sign as `phillbot-attestation`/, who));
    }

    it("is refused with a key that nobody has on record, or that is none", async () => {
      await refuses(4, /on nobody's record/, "stranger");
      const lost = { key: `${verbs.team.keyFile("cy")}-lost` };
      await assert.rejects(verbs.run(releaseAttestVerb, [], lost), fails(2, /There is no key file .*-lost\.$/, /--key <file>/));
      verbs.project.repository.git("config", "user.signingKey", lost.key);
      await assert.rejects(
        verbs.run(releaseAttestVerb),
        fails(2, /-lost, which git's `user.signingKey` names\.$/, /--key <file>/),
      );
      verbs.project.repository.git("config", "--unset", "user.signingKey");
      const none = { key: join(verbs.project.repository.folder, "operations/roles.yaml") };
      await assert.rejects(verbs.run(releaseAttestVerb, [], none), fails(2, /did not sign/));
      await assert.rejects(verbs.run(releaseAttestVerb), fails(2, /No key is named/));
    });

    it("is refused to who may not attest before anything is asked for that would have to be run first", async () => {
      verbs.project.repository.remove(testResultFile);
      await refuses(4, /`bo` may not sign as `phillbot-attestation`/, "bo");
      await refuses(4, /on nobody's record/, "stranger");
      await refuses(4, /`bo` may not sign as `phillbot-attestation`/, "bo", { dryRun: true });
      const passphrase = ["-q", "-p", "-P", "", "-N", "a passphrase", "-f", verbs.team.keyFile("dee")];
      execFileSync("ssh-keygen", passphrase, { stdio: "ignore" });
      await refuses(4, /`dee` may not sign as/, "dee");
      execFileSync("ssh-keygen", ["-q", "-p", "-P", "a passphrase", "-N", "", "-f", verbs.team.keyFile("dee")], {
        stdio: "ignore",
      });
    });

    it("takes the key that git signs with, where none is named", async () => {
      verbs.project.repository.git("config", "user.signingKey", verbs.team.keyFile("cy"));
      assert.match((await verbs.run(releaseAttestVerb)).text, /^`cy` attested/);
    });

    it("is refused without tests of this very commit that are whole, fresh, and passed", async () => {
      for (const [over, pattern] of [
        [{ commit: "a".repeat(40) }, /They ran on aaaaaaaaaaaa/],
        [{ clean: false }, /not that commit, byte by byte/],
        [{ whole: false }, /Parts of them were left out/],
        [{ failed: 1 }, /1 failed/],
        [{ finishedAt: new Date(noon.getTime() - 3_601_000).toISOString() }, /ended 3601 s ago/],
      ] as const) {
        verbs.tested(over);
        await refuses(4, pattern);
      }
      verbs.project.repository.remove(testResultFile);
      await refuses(4, /no result of a run of `npm test`/);
    });

    it("is refused without an open gate of this very release", async () => {
      for (const [over, pattern] of [
        [{ release: "b".repeat(64) }, /It judged the release bbbbbbbbbbbb/],
        [{ release: undefined }, /a tree that was not exactly a commit/],
        [{ stack: "other" }, /It is of the stack `other`/],
        [{ startedAt: new Date(noon.getTime() - 3_700_000).toISOString() }, /`gate` ended \d+ s ago; 3600 s are allowed/],
      ] as const) {
        await verbs.gated(over as Partial<Report>);
        await refuses(4, pattern);
      }
      await verbs.gated({}, true);
      await refuses(4, /It is blocked/);
      await verbs.gated({ verdict: sampleReport(false, ["x"]).verdict });
      await refuses(4, /It was a rehearsal/);
      verbs.project.repository.remove(".phillbot/evidence");
      await refuses(4, /The gate of the stack `dev` has not run yet/);
    });

    it("says that it failed, where the tests or the gate of this very release did, and then nobody can sign it", async () => {
      const failed = () => verbs.run(releaseAttestVerb, [], { ...verbs.key("cy"), failed: true });
      await assert.rejects(failed(), fails(4, /Neither `npm test` nor the gate of `dev` failed on the commit/));
      verbs.tested({ failed: 2, commit: "a".repeat(40) });
      await verbs.gated({ release: "b".repeat(64) }, true);
      await assert.rejects(failed(), fails(4, /Neither/));
      const old = new Date(noon.getTime() - 3_700_000).toISOString();
      await verbs.gated({ startedAt: old }, true);
      for (const [over, pattern] of [
        [
          { clean: false },
          /failure of `npm test` says nothing of it. The work tree was not that commit[\s\S]*`gate` .*It ended \d+ s ago/,
        ],
        [{ whole: false }, /Parts of them were left out/],
        [{ finishedAt: old }, /They ended 3700 s ago/],
      ] as const) {
        verbs.tested({ failed: 2, ...over });
        await assert.rejects(failed(), fails(4, pattern));
      }
      verbs.tested({ failed: 2, passed: 0 });
      const { text, data } = await failed();
      assert.match(text, /npm test: 0 passed, 2 failed[\s\S]*npx deck mode set --stack test-[0-9a-f]+ A --failed [0-9a-f]{64}$/);
      assert.equal((data.statement as Evidence).predicate.result, "FAILED");
      await assert.rejects(verbs.run(releaseSignVerb, [], verbs.key("bo")), fails(4, /Its result is FAILED/));
    });

    it("is refused on the gate of a stack that requires sign-off itself", () =>
      refuses(4, /requires sign-off itself/, "cy", { gate: verbs.project.stack }));

    it("is refused for a commit that was not cut", async () => {
      verbs.project.commit({ "host/a.ts": "b\n" });
      await refuses(4, /is not on record/);
    });
  });
});
