/** Proves that keys and releases that expired or were taken back open nothing, whatever time anybody writes down. */

import { execFileSync } from "node:child_process";
import { installTrust } from "../../release/trust.ts";
import { projectForEach, type SignedProject } from "./signedProject.ts";

describe("a signed release", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let project: SignedProject;
  projectForEach((made) => {
    project = made;
  });

  type Over = Parameters<SignedProject["ask"]>[0];
  const opens = (over?: Over) => project.opens(over);
  const refuses = (reason: RegExp, over?: Over) => project.refuses(reason, over);

  describe("by a key", () => {
    const later = { now: new Date("2026-12-05T12:00:00.000Z") };
    const until = (day: string) => project.trust({ bo: { until: day } });

    it("that has expired is refused, and counts where this machine saw the release before", async () => {
      await until("2026-11-30");
      await project.release();
      await refuses(/was not valid at that time/, later);
      await opens();
      await opens(later);
    });

    it("that was revoked is refused, also where the release opened before", async () => {
      await project.release();
      await opens();
      await project.trust({ bo: { revoked: "2026-11-22" } });
      await refuses(/The key of `bo` is revoked/);
    });

    it("that has expired is not revived by forged times, of the statement and of the record", async () => {
      await until("2026-06-30");
      const release = await project.cut();
      const old = new Date("2026-03-01T12:00:00.000Z").toISOString();
      const run = (name: "npm test" | "gate") => ({
        name,
        digest: { sha256: release },
        annotations: { finishedAt: old, passed: 1, failed: 0 },
      });
      const evidence = await project.attest(release, { configuration: [run("npm test"), run("gate")] });
      await project.sign(release, [evidence], { timeVerified: old });
      const { repository } = project;
      const env = { PATH: process.env.PATH, GIT_AUTHOR_DATE: old, GIT_COMMITTER_DATE: old };
      const forged = execFileSync("git", ["commit-tree", "records^{tree}", "-m", "Record"], { cwd: repository.folder, env });
      repository.git("update-ref", "refs/heads/records", forged.toString().trim());
      await refuses(/was not valid at that time/);
      await until("2026-11-22");
      await opens();
    });

    it("of an Examiner that has expired or was revoked leaves a release without evidence", async () => {
      await project.release();
      await project.trust({ cy: { until: "2026-06-30" } });
      await refuses(/The evidence [0-9a-f]{12} that it names is not on record[\s\S]*was not valid at that time/);
      await project.trust({ cy: { revoked: "2026-11-01" } });
      await refuses(/The key of `cy` is revoked/);
    });

    it("of a Builder that has expired signs no commit, whatever day the commit says", async () => {
      await project.trust({ ada: { until: "2026-06-30" } });
      await project.release();
      await refuses(/The commit [0-9a-f]{12}: It is not signed by a key on record/);
    });

    it("of a Builder that is revoked refuses what it opened before", async () => {
      await project.release();
      await opens();
      await project.trust({ ada: { revoked: "2026-11-22" } });
      await refuses(/The commit [0-9a-f]{12}: It is not signed by a key on record/);
    });
  });

  describe("that was revoked", () => {
    it("is refused with who, when and why, also where it opened before", async () => {
      const { release } = await project.release();
      await opens();
      await project.revoke(release);
      await refuses(/`bo` revoked it on 2026-11-22T12:00:00\.000Z: It loses messages\./);
    });

    for (const [how, key] of [
      ["expired", { until: "2026-06-30" }],
      ["was revoked", { revoked: "2026-11-22" }],
    ] as const) {
      it(`stays so where the key that revoked it ${how} since`, async () => {
        const { release } = await project.release();
        await project.revoke(release);
        await project.trust({ bo: key });
        await refuses(/`bo` revoked it/);
      });
    }

    it("stays so by a key that was stolen, which takes nothing more back once it is struck from the roles", async () => {
      const { people, ...data } = project.team.data();
      const old = { public: project.team.publicKey("stranger"), from: "2026-01-01", revoked: "2026-02-01" };
      const withOld = people.map((each) => (each.id === "bo" ? { ...each, keys: [...each.keys, old] } : each));
      await installTrust(project.stack, JSON.stringify({ ...data, people: withOld }), project.trustFolder);
      const { release } = await project.release();
      await project.revoke(release, { who: "stranger" });
      await refuses(/`bo` revoked it/);
      await project.trust();
      await refuses(/has seen it revoked, and so it stays, though no record of that counts any more/);
      project.commit({ "Documentation/note.md": "a\n" });
      const next = await project.release();
      await project.revoke(next.release, { who: "stranger" });
      await opens();
    });

    it("stays so where the record of it is taken away, once this machine has seen it", async () => {
      const { release } = await project.release();
      const before = project.repository.git("rev-parse", "records");
      await opens();
      await project.revoke(release);
      await refuses(/`bo` revoked it/);
      project.repository.git("update-ref", "refs/heads/records", before);
      await refuses(/This machine has seen it revoked, and the record of that is gone/);
    });

    it("is so by a Judge's word only", async () => {
      const { release } = await project.release();
      await project.revoke(release, { who: "ada" });
      await project.revoke(release, { who: "stranger" });
      await project.revoke(release, { kind: "mode" });
      await opens();
    });
  });
});
