import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { allowedSigners } from "../../model/signers.ts";
import { resourceUriOf } from "../../model/statements.ts";
import { signedRelease } from "../../release/signed.ts";
import type { Team } from "../model/rolesSample.ts";
import { host, noon, projectForEach, type SignedProject, stack } from "./signedProject.ts";

describe("a signed release", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let team: Team;
  let project: SignedProject;
  projectForEach((made, its) => {
    [project, team] = [made, its];
  });

  type Over = Parameters<SignedProject["ask"]>[0];
  const opens = (over?: Over) => project.opens(over);
  const refuses = (reason: RegExp, over?: Over) => project.refuses(reason, over);

  it("opens for what the Judge signed, and says on what", async () => {
    const { release, evidence, signOff } = await project.release();
    const answer = await opens();
    assert.deepEqual(
      [answer.release.digest, answer.signer, answer.signOff, answer.evidence],
      [release, "bo", signOff, [evidence]],
    );
  });

  it("is refused until it is cut, attested and signed, each time with the command that does the next", async () => {
    assert.equal((await refuses(/is not on record/)).remedy, "npx deck release cut --stack prod");
    const release = await project.cut();
    assert.equal((await refuses(/No Judge's sign-off/)).remedy, "npx deck release attest --stack prod");
    const evidence = await project.attest(release);
    assert.equal((await refuses(/No Judge's sign-off/)).remedy, "npx deck release sign --stack prod");
    await project.sign(release, [evidence]);
    await opens();
  });

  for (const who of ["ada", "cy", "dee"]) {
    it(`is refused signed by ${who}, whose role does not sign releases`, async () => {
      const release = await project.cut();
      await project.sign(release, [await project.attest(release)], { who });
      await refuses(new RegExp(`\`${who}\` may not sign as \`phillbot-release\``));
    });
  }

  it("is refused signed by a stranger", async () => {
    const release = await project.cut();
    await project.sign(release, [await project.attest(release)], { who: "stranger" });
    await refuses(/on nobody's record/);
  });

  for (const kind of ["mode", "revocation", "attestation"] as const) {
    it(`is refused where the Judge signed it as a ${kind}`, async () => {
      const release = await project.cut();
      await project.sign(release, [await project.attest(release)], { kind });
      await refuses(/no signature of this content as `phillbot-release`/);
    });
  }

  for (const [what, place] of [
    ["another stack", resourceUriOf("stage", host)],
    ["another host", resourceUriOf(stack, "claw@other:22")],
    ["another port of the host", resourceUriOf(stack, "claw@phill:2222")],
  ] as const) {
    it(`is refused where it was signed for ${what}`, async () => {
      const release = await project.cut();
      await project.sign(release, [await project.attest(release)], { resourceUri: place });
      await refuses(/It is for `phillbot:[^`]+`, not `phillbot:prod@claw%40phill%3A22`/);
    });
  }

  it("is refused where the Judge's word on it is FAILED, or names another policy", async () => {
    const release = await project.cut();
    const evidence = await project.attest(release);
    await project.sign(release, [evidence], { verificationResult: "FAILED" });
    await refuses(/Its result is FAILED/);
    await project.sign(release, [evidence], { policy: { uri: "operations/gate.yaml", digest: { sha256: "a".repeat(64) } } });
    await refuses(/names another `operations\/gate.yaml`/);
  });

  describe("made by its Judge", () => {
    const document = { "Documentation/note.md": "a\n" };
    for (const [what, by] of [
      ["author", { author: "bo" }],
      ["committer", { committer: "bo", author: "ada" }],
      ["co-author", { message: "Note\n\nCo-authored-by: Bo <bo@example.org>" }],
    ] as const) {
      it(`is refused, where that is as ${what}`, async () => {
        project.commit(document, by);
        await project.release();
        await refuses(/`bo` had a hand in its commits, and may not sign their own work/);
      });
    }

    it("before the last signed release is none of this one's", async () => {
      await project.release();
      project.commit(document, { committer: "bo" });
      await project.release();
      await refuses(/had a hand/);
      project.commit({ "host/a.ts": "b\n" });
      await project.release();
      await refuses(/had a hand/);
    });
  });

  describe("whose trust somebody points elsewhere", () => {
    /** The whole team's, so that nothing but the stranger's key is in question. */
    const forged = () => `${allowedSigners(team.roles())}bo namespaces="phillbot-release" ${team.publicKey("stranger")}\n`;
    const byStranger = async () => {
      const release = await project.cut();
      await project.sign(release, [await project.attest(release)], { who: "stranger" });
    };

    it("is refused by the installed one, whatever `allowed_signers` and the roles of the tree say", async () => {
      project.commit({ "operations/allowed_signers": forged(), "operations/roles.yaml": "version: 1\npeople: []\n" });
      await byStranger();
      await refuses(/The sign-off [0-9a-f]{12} does not count\. Its key is on nobody's record/);
    });

    it("is refused whatever git is set to, and whatever HOME says", async () => {
      project.commit({ "host/a.ts": "b\n" }, { key: "stranger" });
      writeFileSync(join(project.home, "signers"), forged());
      for (const [key, value] of [
        ["gpg.ssh.allowedSignersFile", join(project.home, "signers")],
        ["gpg.ssh.revocationFile", "/dev/null"],
        ["gpg.ssh.program", "true"],
        ["gpg.format", "openpgp"],
        ["gpg.program", "true"],
      ] as const)
        project.repository.git("config", key, value);
      await byStranger();
      mkdirSync(join(project.home, ".ssh"));
      const before = process.env.HOME;
      process.env.HOME = project.home;
      try {
        await refuses(/The sign-off [0-9a-f]{12} does not count\. Its key is on nobody's record/);
        const release = await project.cut();
        await project.sign(release, [await project.attest(release)]);
        await refuses(/It is not signed by a key on record/);
      } finally {
        process.env.HOME = before;
      }
    });

    it("is refused where none is installed", async () => {
      await project.release();
      const asked = { commit: "HEAD", stack: "never-installed", host, now: noon, exactTree: true };
      const answer = await signedRelease(project.repository.folder, asked);
      assert.ok(!answer.ok);
      assert.match(answer.reasons.join(), /No trust is installed for the stack `never-installed`/);
      assert.match(answer.remedy, /^npx deck trust install --stack never-installed #/);
    });
  });

  it("is refused where any record was altered", async () => {
    await project.release();
    const folder = join(project.home, "records");
    project.repository.git("worktree", "add", "--quiet", "--force", folder, "records");
    execFileSync("sh", ["-c", 'for file in attestations/*; do echo " " >>"$file"; done'], { cwd: folder });
    const who = ["-c", "user.name=E", "-c", "user.email=e@x"];
    execFileSync("git", [...who, "commit", "--quiet", "--all", "--message", "Nothing"], { cwd: folder, stdio: "pipe" });
    project.repository.git("worktree", "remove", "--force", folder);
    await refuses(/changed or removed `attestations\//);
  });

  it("is refused where its commit holds no policy, or a faulty one", async () => {
    for (const text of ["version: 2\n", "freshness: ["]) {
      project.commit({ "operations/gate.yaml": text });
      await project.release();
      await refuses(/`operations\/gate.yaml` has 1 fault/);
    }
    project.repository.remove("operations/gate.yaml");
    project.commit({});
    await project.release();
    await refuses(/holds no `operations\/gate.yaml`/);
  });
});
