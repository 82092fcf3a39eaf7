import assert from "node:assert/strict";
import { resourceUriOf } from "../../model/statements.ts";
import { signedRelease } from "../../release/signed.ts";
import { host, noon, projectForEach, type SignedProject, stack } from "./signedProject.ts";

describe("the range of a signed release", function () {
  // Dozens of programs are started for each of them, and the machine may be busy.
  this.timeout(60_000);
  let project: SignedProject;
  projectForEach((made) => {
    project = made;
  });

  type Over = Parameters<SignedProject["ask"]>[0];
  const opens = (over?: Over) => project.opens(over);
  const refuses = (reason: RegExp, over?: Over) => project.refuses(reason, over);

  describe("with a commit", () => {
    it("that nobody signed is refused", async () => {
      project.commit({ "host/a.ts": "b\n" }, { key: "" });
      project.commit({ "host/a.ts": "c\n" });
      await project.release();
      await refuses(/The commit [0-9a-f]{12}: It is not signed by a key on record/);
    });

    it("outside its author's role is refused", async () => {
      project.commit({ "host/a.ts": "b\n" }, { committer: "cy" });
      await project.release();
      const answer = await refuses(/Its author `cy` \(examiner\) may not change `host\/a\.ts`/);
      assert.match(answer.remedy, /^npx deck roles check --stack prod /);
    });

    it("of somebody whom only a `.mailmap` that nobody committed knows is refused, then and later", async () => {
      project.commit({ "host/a.ts": "b\n" }, { committer: "ada", author: "zoe" });
      await project.release();
      project.repository.write({ ".mailmap": "Ada <ada@example.org> <zoe@example.org>\n" });
      await refuses(/Its author `zoe@example\.org` is nobody on record/, { exactTree: false });
      project.repository.remove(".mailmap");
      await refuses(/Its author `zoe@example\.org` is nobody on record/);
    });

    it("older than the baseline of the installed roles is taken as it is, and none that is younger", async () => {
      const baseline = project.commit({ "host/a.ts": "b\n" }, { key: "" });
      await project.trust({}, { baseline });
      project.commit({ "host/a.ts": "c\n" });
      await project.release();
      await opens();
      project.commit({ "host/a.ts": "d\n" }, { key: "" });
      await project.release();
      await refuses(/It is not signed/);
    });

    it("is refused where the baseline is none of this clone's", async () => {
      await project.trust({}, { baseline: "1".repeat(40) });
      await project.release();
      await refuses(/The baseline 111111111111 of the installed roles is no commit of this clone/);
    });

    it("that this clone lacks is refused", async () => {
      project.commit({ "host/a.ts": "b\n" });
      await project.release();
      const { repository } = project;
      using shallow = repository.clone("--depth", "1");
      shallow.git("fetch", "--quiet", "origin", "+refs/heads/records:refs/heads/records");
      const asked = { commit: "HEAD", stack, host, now: noon, exactTree: true, trustFolder: project.trustFolder };
      const answer = await signedRelease(shallow.folder, asked);
      assert.ok(!answer.ok);
      assert.match(answer.reasons.join(), /too shallow/);
    });
  });

  describe("after an earlier one", () => {
    /** An unsigned commit, which the last release may or may not have taken in. */
    const unsigned = () => project.commit({ "host/a.ts": "unsigned\n" }, { key: "" });
    const next = async () => {
      project.commit({ "host/b.ts": "b\n" });
      await project.release();
    };

    it("is judged from that one on", async () => {
      const baseline = unsigned();
      await project.trust({}, { baseline });
      project.commit({ "host/a.ts": "c\n" });
      await project.release();
      await opens();
      await next();
      await opens();
      project.commit({ "host/a.ts": "d\n" }, { key: "" });
      const last = project.repository.git("rev-parse", "HEAD~1");
      await project.release();
      const { remedy } = await refuses(/It is not signed/);
      assert.equal(remedy, `npx deck roles check --stack prod ${last}..${project.repository.git("rev-parse", "HEAD")}`);
    });

    it("is not judged from a candidate on, attested or not", async () => {
      unsigned();
      await project.attest(await project.cut());
      await next();
      await refuses(/It is not signed/);
    });

    it("is not judged from one on that is refused itself", async () => {
      unsigned();
      await project.release();
      await next();
      await refuses(/It is not signed/);
    });

    for (const [what, over] of [
      ["that was signed for another stack", { resourceUri: resourceUriOf("stage", host) }],
      ["that nobody may sign so", { who: "ada" }],
    ] as const) {
      it(`is not judged from one on ${what}`, async () => {
        project.commit({ "Documentation/note.md": "a\n" }, { committer: "bo" });
        const release = await project.cut();
        await project.sign(release, [await project.attest(release)], over);
        await next();
        await refuses(/`bo` had a hand/);
      });
    }

    it("is judged from it on as long as it counts, by keys as of when it was first seen", async () => {
      await project.trust({ ada: { until: "2026-11-30" } });
      const first = await project.release();
      await opens();
      const later = { now: new Date("2026-12-05T12:00:00.000Z") };
      project.commit({ "Documentation/note.md": "a\n" }, { committer: "dee" });
      await project.release();
      await opens(later);
      await project.revoke(first.release);
      await refuses(/It is not signed by a key on record/, later);
    });
  });
});
