/** Proves what `deck release verify` believes, and who takes a release back. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { releaseCutVerb } from "../../deck/releaseCut.ts";
import { releaseDiffVerb } from "../../deck/releaseDiff.ts";
import { releaseListVerb } from "../../deck/releaseList.ts";
import { releaseRevokeVerb } from "../../deck/releaseRevoke.ts";
import { releaseSignVerb } from "../../deck/releaseSign.ts";
import { releaseVerifyVerb } from "../../deck/releaseVerify.ts";
import { putOnRecord } from "../../deck/signing.ts";
import type { DeckError } from "../../deck/verb.ts";
import { buildManifest } from "../../release/manifest.ts";
import { SignedProject } from "../release/signedProject.ts";
import { type ReleaseVerbs, releaseVerbsForEach } from "./releaseVerbs.ts";
import { callOf, fails } from "./verbCalls.ts";

describe("deck release", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let verbs: ReleaseVerbs;
  releaseVerbsForEach((made) => {
    verbs = made;
  });

  describe("verify", () => {
    beforeEach(async () => {
      await verbs.attested();
      await verbs.run(releaseSignVerb, [], verbs.key("bo"));
    });

    it("judges the tree that lies here, and a named commit by itself", async () => {
      verbs.project.repository.write({ "host/a.ts": "b\n" });
      const { code, text } = await verbs.run(releaseVerifyVerb);
      assert.deepEqual([code, /`host\/a\.ts` \(changed\)/.test(text)], [4, true]);
      assert.equal((await verbs.run(releaseVerifyVerb, ["HEAD"])).code, 0);
      verbs.project.commit({});
      assert.match((await verbs.run(releaseVerifyVerb)).text, /is not on record[\s\S]*npx deck release cut/);
      assert.equal((await verbs.run(releaseVerifyVerb, ["HEAD~1"])).code, 0);
      await assert.rejects(verbs.run(releaseVerifyVerb, ["nowhere"]), fails(2, /`nowhere` is no commit/));
    });

    it("is what `release diff` compares with, unless a commit is named; before it there is none", async () => {
      await assert.rejects(
        verbs.run(releaseDiffVerb),
        fails(2, /No release of .* was signed before/, /npx deck release diff --stack test-\w+ HEAD~1/),
      );
      verbs.project.commit({ "host/a.ts": "b\n" }, { message: "fix: mend" });
      const { text } = await verbs.run(releaseDiffVerb);
      assert.match(text, /^program: 1 file\n {2}host\/a\.ts\n1 commit:\n {2}[0-9a-f]{12} ada: fix: mend$/);
    });

    it("could not tell, with 3, where origin does not answer, or leads elsewhere", async () => {
      execFileSync("mv", [verbs.origin, `${verbs.origin}.away`]);
      for (const verb of [releaseVerifyVerb, releaseCutVerb])
        await assert.rejects(verbs.run(verb), fails(3, /`origin` could not be reached/, /git ls-remote origin records/));
      // What ran can come back without it, and is told.
      const { code, text, data } = await verbs.run(releaseListVerb);
      assert.deepEqual([code, data.releases], [3, null]);
      assert.match(text, /`origin` could not be reached.*\n {2}git ls-remote origin records\n\nWhat ran /);
      verbs.project.repository.git("remote", "set-url", "origin", `${verbs.origin}.away`);
      await assert.rejects(verbs.run(releaseVerifyVerb), fails(3, /`origin` leads to/, /git remote set-url origin/));
    });

    it("knows what another clone revoked", async () => {
      const { repository } = verbs.project;
      const away = new SignedProject(verbs.team, { stack: verbs.project.stack, trustFolder: verbs.project.trustFolder });
      away.repository.git("remote", "add", "origin", verbs.origin);
      const { digest } = await buildManifest(repository.folder, { commit: "HEAD" });
      await away.revoke(digest);
      away.repository[Symbol.dispose]();
      rmSync(away.home, { recursive: true });
      assert.match((await verbs.run(releaseVerifyVerb)).text, /`bo` revoked it/);
    });

    it("follows origin where records were altered here, and refuses them where they were altered there", async () => {
      const folder = join(verbs.project.home, "records");
      verbs.project.repository.git("worktree", "add", "--quiet", "--force", folder, "records");
      execFileSync("sh", ["-c", 'for file in signatures/*; do echo " " >>"$file"; done'], { cwd: folder });
      execFileSync("git", ["-c", "user.name=E", "-c", "user.email=e@x", "commit", "--quiet", "--all", "--message", "x"], {
        cwd: folder,
      });
      verbs.project.repository.git("worktree", "remove", "--force", folder);
      const altered = verbs.project.repository.git("rev-parse", "records");
      assert.match((await verbs.run(releaseVerifyVerb)).text, /is signed for/);
      verbs.project.repository.git("push", "--quiet", "origin", `${altered}:refs/heads/records`);
      await assert.rejects(verbs.run(releaseVerifyVerb), fails(4, /changed or removed `signatures\//));
      await assert.rejects(verbs.run(releaseListVerb), fails(4, /changed or removed `signatures\//));
      await assert.rejects(
        putOnRecord("releases", "{}\n", verbs.world()),
        fails(4, /^Nothing was put on record: .*changed or removed/),
      );
    });
  });

  describe("revoke", () => {
    beforeEach(async () => void (await verbs.run(releaseCutVerb)));

    it("wants a reason, and one release that is on record", async () => {
      await assert.rejects(verbs.run(releaseRevokeVerb, ["1.0.0"], verbs.key("bo")), fails(2, /No reason is given/));
      const reason = { reason: "It lacks basic incompatibilities-tests.", ...verbs.key("bo") };
      for (const name of ["2.0.0", "", "0"])
        await assert.rejects(verbs.run(releaseRevokeVerb, [name], reason), fails(2, /names 0 releases/, /npx deck release list/));
      verbs.project.commit({ "host/a.ts": "b\n" });
      await verbs.run(releaseCutVerb);
      await assert.rejects(verbs.run(releaseRevokeVerb, ["1.0.0"], reason), fails(2, /names 2 releases/));
      const { digest } = await buildManifest(verbs.project.repository.folder, { commit: "HEAD" });
      assert.equal((await verbs.run(releaseRevokeVerb, [digest.slice(0, 12)], reason)).data.release, digest);
    });

    it("refuses a secret in the reason before it signs, and says nothing of it", async () => {
      const count = verbs.records();
      const token = `${"1".repeat(10)}:A${randomBytes(40).toString("base64url").slice(0, 34)}`;
      const password = randomBytes(9).toString("hex");
      for (const secret of [token, `postgres://phill:${password}@db.example.org/postgres`, encodeURIComponent(token)]) {
        const run = verbs.run(releaseRevokeVerb, ["1.0.0"], { reason: `It leaked ${secret}.`, ...verbs.key("bo") });
        await assert.rejects(run, (error: DeckError) => {
          assert.ok(!`${error.message}${error.remedy}`.includes(secret.slice(8, 20)), error.message);
          return fails(4, /`--reason` holds .*Nothing was signed/)(error);
        });
      }
      const inUse = randomBytes(12).toString("hex");
      const world = { ...verbs.world(), environment: { MEMORY_BOT_KEY: inUse } };
      const call = callOf(releaseRevokeVerb, verbs.project.stack, {
        args: ["1.0.0"],
        options: { reason: Buffer.from(inUse).toString("base64"), ...verbs.key("bo") },
      });
      await assert.rejects(releaseRevokeVerb.run(call, world), fails(4, /the value of `MEMORY_BOT_KEY` in use/));
      const steering = { reason: "It loses\u001b[2A messages.", ...verbs.key("bo") };
      await assert.rejects(verbs.run(releaseRevokeVerb, ["1.0.0"], steering), fails(2, /steers a terminal/));
      assert.equal(verbs.records(), count);
    });

    for (const who of ["ada", "cy", "dee"]) {
      it(`is refused to ${who}, who is no Judge`, () =>
        assert.rejects(
          verbs.run(releaseRevokeVerb, ["1.0.0"], { reason: "x", ...verbs.key(who) }),
          fails(4, /may not sign as `phillbot-revocation`/),
        ));

      it(`is refused to ${who} in a dry run, too`, () =>
        assert.rejects(
          verbs.run(releaseRevokeVerb, ["1.0.0"], { reason: "x", dryRun: true, ...verbs.key(who) }),
          fails(4, /may not sign as `phillbot-revocation`/),
        ));
    }
  });
});
