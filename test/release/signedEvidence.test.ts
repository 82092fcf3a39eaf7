/** Proves on which evidence a sign-off counts. */

import { noon, projectForEach, type SignedProject } from "./signedProject.ts";

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

  describe("on evidence", () => {
    const run = (name: "npm test" | "gate", secondsAgo: number, failed = 0) => ({
      name,
      digest: { sha256: "a".repeat(64) },
      annotations: { finishedAt: new Date(noon.getTime() - secondsAgo * 1000).toISOString(), passed: 1, failed },
    });
    const signedOn = async (over: Parameters<SignedProject["attest"]>[1], more: Parameters<SignedProject["sign"]>[2] = {}) => {
      const release = await project.cut();
      await project.sign(release, [await project.attest(release, over)], more);
    };

    it("that was older than allowed when it was signed is refused, and opens long after where it was not", async () => {
      await signedOn({ configuration: [run("npm test", 3600), run("gate", 3601)] });
      await refuses(/`gate` ended 3601 s ago; 3600 s are allowed/);
      await signedOn({ configuration: [run("npm test", 3600), run("gate", 3600)] });
      await opens({ now: new Date("2027-06-01T12:00:00.000Z") });
    });

    it("that failed, or of the future, is refused", async () => {
      await signedOn({ configuration: [run("npm test", 1, 1), run("gate", 1)] });
      await refuses(/`npm test` failed in 1/);
      await signedOn({ configuration: [run("npm test", -31), run("gate", 1)] });
      await refuses(/`npm test` ended 31 s in the future/);
    });

    it("is refused where the sign-off says a time to come", async () => {
      await signedOn({}, { timeVerified: new Date(noon.getTime() + 31_000).toISOString() });
      await refuses(/It was signed 31 s in the future; 30 s are allowed/);
    });

    for (const who of ["ada", "bo", "dee", "stranger"]) {
      it(`that ${who} signed is refused`, async () => {
        await signedOn({ who });
        await refuses(/that it names is not on record[\s\S]*The attestation [0-9a-f]{12} does not count/);
      });
    }

    it("of another commit is refused", async () => {
      const first = await project.attest(await project.cut());
      project.commit({ "host/a.ts": "b\n" });
      await project.sign(await project.cut(), [first]);
      await refuses(/that it names is not on record/);
    });

    it("is refused where one of several that it names is not there", async () => {
      const release = await project.cut();
      await project.sign(release, [await project.attest(release), "f".repeat(64)]);
      await refuses(/The evidence ffffffffffff that it names is not on record/);
    });
  });
});
