/** Proves the way of a release by its verbs, and that nothing is cut or signed that may not be. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { hostname } from "node:os";
import { releaseAttestVerb } from "../../deck/releaseAttest.ts";
import { releaseCutVerb } from "../../deck/releaseCut.ts";
import { releaseListVerb } from "../../deck/releaseList.ts";
import { releaseRevokeVerb } from "../../deck/releaseRevoke.ts";
import { releaseSignVerb } from "../../deck/releaseSign.ts";
import { releaseVerifyVerb } from "../../deck/releaseVerify.ts";
import type { Call } from "../../deck/verb.ts";
import { sshSettings } from "../model/settingsSample.ts";
import { noon, stackFile } from "../release/signedProject.ts";
import { type ReleaseVerbs, releaseVerbsForEach } from "./releaseVerbs.ts";
import { fails } from "./verbCalls.ts";

describe("deck release, from cut to revoked", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let verbs: ReleaseVerbs;
  releaseVerbsForEach((made) => {
    verbs = made;
  });

  it("goes the whole way, each step naming the next one, and everything reaches origin", async () => {
    const cut = await verbs.run(releaseCutVerb);
    assert.match(
      cut.text,
      /^Release 1\.0\.0 of [0-9a-f]{12} is a candidate: [0-9a-f]{64}\n.*npx deck release attest --stack test-/,
    );
    assert.match((await verbs.run(releaseListVerb)).text, /^1\.0\.0 {2}[0-9a-f]{12} {2}commit [0-9a-f]{12} {2}candidate$/m);
    assert.match(
      (await verbs.attested()).text,
      /^`cy` attested [\s\S]*npm test: 10 passed[\s\S]*gate: 10 passed[\s\S]*npx deck release sign/,
    );
    assert.match((await verbs.run(releaseListVerb)).text, /attested$/m);
    assert.equal((await verbs.run(releaseVerifyVerb)).code, 4);
    assert.match(
      (await verbs.run(releaseSignVerb, [], verbs.key("bo"))).text,
      /^`bo` signed release 1\.0\.0 off for `test-[0-9a-f]+` on `claw@phill:22`/,
    );
    assert.match(
      verbs.said.join("\n"),
      /manifest [0-9a-f]{64}\n {2}commit [0-9a-f]{40}[\s\S]*on the evidence[\s\S]*container\/test-/,
    );
    const verified = await verbs.run(releaseVerifyVerb);
    assert.deepEqual([verified.code, verified.data.ok, verified.data.signer], [0, true, "bo"]);
    assert.match((await verbs.run(releaseListVerb)).text, /signed: phillbot:test-[0-9a-f]+@claw%40phill%3A22$/m);
    const there = execFileSync("git", ["ls-tree", "-r", "--name-only", "records"], { cwd: verbs.origin, encoding: "utf8" });
    assert.deepEqual(there.match(/^[a-z]+/gm), ["attestations", "releases", "signatures"]);
    const { text } = await verbs.run(releaseRevokeVerb, ["1.0.0"], { ...verbs.key("bo"), reason: "It loses messages." });
    assert.match(text, /^`bo` revoked release 1\.0\.0 \([0-9a-f]{64}\): It loses messages\./);
    const refused = await verbs.run(releaseVerifyVerb);
    assert.equal(refused.code, 4);
    assert.match(refused.text, /is not released for[\s\S]*`bo` revoked it/);
    assert.match((await verbs.run(releaseListVerb)).text, /revoked: by bo, It loses messages\.$/m);
    // The record of it is taken away, here and at origin.
    verbs.project.repository.git("update-ref", "refs/heads/records", "records~1");
    verbs.project.repository.git("push", "--quiet", "--force", "origin", "records");
    assert.match((await verbs.run(releaseListVerb)).text, /revoked: seen here before; the record of it is gone$/m);
    assert.match((await verbs.run(releaseVerifyVerb)).text, /has seen it revoked/);
  });

  it("does nothing with `--dry-run`", async () => {
    assert.match((await verbs.run(releaseCutVerb, [], { dryRun: true })).text, /would be a candidate/);
    assert.equal(verbs.records(), "0");
    await verbs.attested();
    const count = verbs.records();
    for (const [verb, args, options] of [
      [releaseAttestVerb, [], {}],
      [releaseSignVerb, [], {}],
      [releaseRevokeVerb, ["1.0.0"], { reason: "x" }],
    ] as const)
      assert.match((await verbs.run(verb, args, { ...options, dryRun: true })).text, /^Would /);
    assert.equal(verbs.records(), count);
  });

  describe("cut", () => {
    it("refuses a tree that is not exactly HEAD, an ignored document in it too", async () => {
      verbs.project.repository.write({ "host/a.ts": "b\n", ".git/info/exclude": "extra.md\n", "Documentation/extra.md": "a\n" });
      await assert.rejects(
        verbs.run(releaseCutVerb),
        fails(4, /not exactly HEAD:[\s\S]*`host\/a\.ts` \(changed\)[\s\S]*`Documentation\/extra\.md`/),
      );
      assert.equal(verbs.records(), "0");
    });

    it("says that settings which are not committed are no release's, before it asks for a clean tree", async () => {
      const file = `Pulumi.${verbs.project.stack}.yaml`;
      verbs.project.repository.git("rm", "--cached", "--quiet", file);
      verbs.project.repository.git("commit", "--quiet", "--message", "Take it away");
      await assert.rejects(verbs.run(releaseCutVerb), fails(2, /releases are for stacks whose settings are committed/));
    });

    it("refuses unsigned commits, paths outside a role, and stale generated files", async () => {
      verbs.project.commit({ "host/a.ts": "b\n" }, { key: "" });
      verbs.project.commit({ "host/a.ts": "c\n" }, { committer: "cy" });
      verbs.project.commit({ "operations/allowed_signers": "mallory\n" });
      await assert.rejects(
        verbs.run(releaseCutVerb),
        fails(4, /It is not signed[\s\S]*`cy` \(examiner\) may not change[\s\S]*`operations\/allowed_signers` is not what/),
      );
      assert.equal(verbs.records(), "0");
    });

    it("is told once, however often it is cut", async () => {
      await verbs.run(releaseCutVerb);
      const count = verbs.records();
      assert.match((await verbs.run(releaseCutVerb)).text, /is on record already/);
      assert.equal(verbs.records(), count);
    });

    it("refuses without a trust, and for a stack whose settings are not committed", async () => {
      rmSync(verbs.project.trustFolder, { recursive: true });
      await assert.rejects(verbs.run(releaseCutVerb), fails(4, /No trust is installed/, /npx deck trust install/));
      const call: Call = { verb: "", stack: "dev", json: false, yes: true, dryRun: false, args: [], options: {} };
      await assert.rejects(
        releaseVerifyVerb.run({ ...call, args: ["HEAD"] }, verbs.world()),
        fails(2, /holds no `Pulumi\.dev\.yaml`/),
      );
    });
  });

  describe("sign", () => {
    for (const who of ["ada", "cy", "dee"]) {
      it(`is refused to ${who}, who is no Judge`, async () => {
        await verbs.attested();
        const count = verbs.records();
        await assert.rejects(verbs.run(releaseSignVerb, [], verbs.key(who)), fails(4, /may not sign as `phillbot-release`/));
        assert.equal(verbs.records(), count);
      });
    }

    it("is refused to who is no Judge before evidence is asked for", async () => {
      await assert.rejects(verbs.run(releaseSignVerb, [], verbs.key("cy")), fails(4, /`cy` may not sign as `phillbot-release`/));
    });

    it("is refused on the Judge's own work, and nothing stands on record", async () => {
      verbs.project.commit({ "Documentation/note.md": "a\n" }, { message: "Note\n\nCo-authored-by: Bo <bo@example.org>" });
      await verbs.attested();
      const count = verbs.records();
      await assert.rejects(verbs.run(releaseSignVerb, [], verbs.key("bo")), fails(4, /`bo` had a hand in its commits/));
      assert.equal(verbs.records(), count);
    });

    it("is refused without evidence, and with evidence that is too old by now", async () => {
      await verbs.run(releaseCutVerb);
      await assert.rejects(
        verbs.run(releaseSignVerb, [], verbs.key("bo")),
        fails(4, /No Examiner's attestation/, /npx deck release attest/),
      );
      await verbs.attested();
      verbs.now = new Date(noon.getTime() + 3_600_000);
      await assert.rejects(verbs.run(releaseSignVerb, [], verbs.key("bo")), fails(4, /ended 4200 s ago; 3600 s are allowed/));
    });

    it("is refused for what was never cut, and for what was revoked", async () => {
      await assert.rejects(verbs.run(releaseSignVerb, [], verbs.key("bo")), fails(4, /is not on record/, /npx deck release cut/));
      await verbs.attested();
      await verbs.run(releaseRevokeVerb, ["1.0.0"], { ...verbs.key("bo"), reason: "x" });
      await assert.rejects(verbs.run(releaseSignVerb, [], verbs.key("bo")), fails(4, /`bo` revoked it: x/));
    });

    it("asks, and without a terminal wants `--yes`", async () => {
      await verbs.attested();
      const call: Call = {
        verb: "",
        stack: verbs.project.stack,
        json: false,
        yes: false,
        dryRun: false,
        args: [],
        options: verbs.key("bo"),
      };
      await assert.rejects(releaseSignVerb.run(call, verbs.world()), fails(2, /no terminal to ask on/));
    });

    it("is for a local host by the machine's name", async () => {
      const { host: _host, ...settings } = sshSettings();
      verbs.project.commit({
        [`Pulumi.${verbs.project.stack}.yaml`]: stackFile({
          ...settings,
          origin: verbs.origin,
          rehearsal: true,
          host: { kind: "local" },
        }),
      });
      await verbs.attested();
      await verbs.run(releaseSignVerb, [], { ...verbs.key("bo"), machine: "another" });
      const refused = await verbs.run(releaseVerifyVerb);
      assert.match(refused.text, new RegExp(`It is for \`phillbot:${verbs.project.stack}@local%3Aanother\``));
      await verbs.run(releaseSignVerb, [], verbs.key("bo"));
      assert.equal((await verbs.run(releaseVerifyVerb)).data.host, `local:${hostname()}`);
      assert.equal((await verbs.run(releaseVerifyVerb)).code, 0);
    });
  });
});
