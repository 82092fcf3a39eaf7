import assert from "node:assert/strict";
import { signedReleaseOn } from "../../release/releaseProof.ts";
import { noon, projectForEach, type SignedProject, stack } from "./signedProject.ts";

describe("a signed release as proof of a move", () => {
  let project: SignedProject;
  projectForEach((made) => {
    project = made;
  });

  const ask = (digest: string, over: { commit?: string; trustFolder?: string; isMade?: boolean } = {}) => {
    const { trustFolder = project.trustFolder, isMade = false, commit = project.repository.git("rev-parse", "HEAD") } = over;
    return signedReleaseOn(project.repository.folder, { stack, now: noon, trustFolder })({ digest, commit, at: noon, isMade });
  };

  it("counts where the Judge signed the release of this commit", async () => {
    const { release } = await project.release();
    assert.equal(await ask(release), undefined);
  });

  it("does not count for what is not signed, is signed by another, or was never cut", async () => {
    const release = await project.cut();
    assert.match((await ask(release)) ?? "", /No Judge's sign-off/);
    await project.sign(release, [await project.attest(release)], { who: "ada" });
    assert.match((await ask(release)) ?? "", /`ada` may not sign as `phillbot-release`/);
    assert.match((await ask("c".repeat(64))) ?? "", /There is no release cccccccccccc on record/);
  });

  it("does not count for a move that is made once it was taken back, and does for one that was made", async () => {
    const { release } = await project.release();
    assert.equal(await ask(release, { isMade: true }), undefined);
    await project.revoke(release);
    assert.match((await ask(release, { isMade: true })) ?? "", /It loses messages/);
    assert.equal(await ask(release), undefined);
  });

  it("does not count for another commit", async () => {
    const { release } = await project.release();
    const commit = project.commit({ "host/a.ts": "b\n" });
    assert.match((await ask(release, { commit })) ?? "", /is of \w{12}, not of/);
  });

  it("does not count where no trust is installed", async () => {
    const { release } = await project.release();
    assert.match((await ask(release, { trustFolder: "/nowhere" })) ?? "", /No trust is installed/);
  });
});
