/** Proves that what deploys is what was signed: every subject of the manifest, and the tree byte by byte. */

import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { differingSubjects, manifestSchema, renderManifestOf } from "../../model/releaseManifest.ts";
import { buildManifest } from "../../release/manifest.ts";
import { addRecord } from "../../release/records.ts";
import { sshSettings, withValue } from "../model/settingsSample.ts";
import { files, projectForEach, type SignedProject, stackFile } from "./signedProject.ts";

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

  describe("of which one byte changed since it was signed", () => {
    const settings = (key: string, value: unknown) => ({ "Pulumi.prod.yaml": stackFile(withValue(sshSettings(), key, value)) });
    /** What changes, and which subjects of the manifest that is. */
    const changes: readonly (readonly [what: string, changed: Record<string, string>, subjects: readonly string[]])[] = [
      [
        "a document",
        { "Documentation/update_log.md": files["Documentation/update_log.md"].replace("# U", "# u") },
        ["documentation"],
      ],
      ["the program", { "host/a.ts": "b\n" }, ["program"]],
      ["the lock of its packages", { "package-lock.json": "[]\n" }, ["program"]],
      ["the plugin", { "memory/plugin/index.ts": "b\n" }, ["plugin"]],
      ["a migration", { "memory/supabase/migrations/1_a.sql": "select 2;\n" }, ["migrations"]],
      ["the policy's rules", { "policy/index.ts": "b\n" }, ["policy"]],
      ["the gate's policy", { "operations/gate.yaml": files["operations/gate.yaml"].replace("3600", "3601") }, ["policy"]],
      ["the operating model", { "operations/roles.yaml": "version: 2\n" }, ["operations"]],
      ["the stack's settings", { "Pulumi.prod.yaml": `${files["Pulumi.prod.yaml"]}\n` }, ["settings/prod"]],
      ["the container's limit", settings("gateway.memoryMb", 2049), ["container/prod", "settings/prod"]],
      ["the gateway's configuration", settings("telegram.owners", ["43"]), ["gateway-configuration/prod", "settings/prod"]],
      [
        "the image",
        settings("gateway.digest", `sha256:${"1123456789abcdef".repeat(4)}`),
        ["container/prod", "image/prod", "settings/prod"],
      ],
    ];
    const manifestNow = async () =>
      manifestSchema.parse(JSON.parse((await buildManifest(project.repository.folder, { commit: "HEAD" })).text));
    for (const [what, changed, subjects] of changes) {
      it(`is refused, where it is ${what}, committed and not`, async () => {
        await project.release();
        project.repository.write(changed);
        const [path = ""] = Object.keys(changed);
        await refuses(new RegExp(`The work tree is not the commit: \`${path.replaceAll(/[.+]/g, "\\$&")}\` \\(changed\\)`));
        project.commit(changed);
        await refuses(/is not on record/);
      });

      it(`is refused, where it is ${what}, and the Judge signed a manifest of this commit that says it is as before`, async () => {
        const before = await manifestNow();
        project.commit(changed);
        const { predicate, subject: now } = await manifestNow();
        const old = new Map(before.subject.map(({ name, digest }) => [name, digest.sha256]));
        for (const subject of subjects) {
          const said = now.map(({ name, digest }) => [name, (name === subject && old.get(name)) || digest.sha256] as const);
          const forged = renderManifestOf({ ...predicate, subjects: new Map(said) });
          const release = await addRecord(project.repository.folder, { kind: "releases", content: forged });
          await project.sign(release, [await project.attest(release)]);
          await refuses(/is not on record\. The one on record for this commit is/);
        }
        assert.deepEqual(differingSubjects(before, await manifestNow()), subjects);
      });
    }

    it("is refused where only the mode of a file changed", async () => {
      await project.release();
      chmodSync(join(project.repository.folder, "host/a.ts"), 0o755);
      await refuses(/`host\/a\.ts` \(changed\)/);
      project.commit({});
      await refuses(/is not on record/);
    });
  });

  it("is refused with the signature of another manifest", async () => {
    const { evidence, release } = await project.release();
    project.commit({ "host/a.ts": "b\n" });
    const second = await project.cut();
    await refuses(/No Judge's sign-off/);
    await project.sign(second, [evidence]);
    await refuses(/The evidence [0-9a-f]{12} that it names is not on record/);
    await project.sign(release, [await project.attest(second)]);
    await refuses(/The evidence [0-9a-f]{12} that it names is not on record/);
  });

  describe("of a tree that is not the commit", () => {
    beforeEach(async () => void (await project.release()));

    it("is refused for a file that git does not know", async () => {
      project.repository.write({ "host/b.ts": "b\n" });
      await refuses(/`host\/b\.ts` \(not committed\)/);
      await opens({ exactTree: false });
    });

    it("is refused for an ignored document", async () => {
      project.repository.write({ ".git/info/exclude": "extra.md\n", "Documentation/extra.md": "a\n" });
      await refuses(/`Documentation\/extra\.md` \(not committed\)/);
    });

    it("is refused where the tree is at another commit", async () => {
      const commit = project.repository.git("rev-parse", "HEAD");
      project.commit({ "host/a.ts": "b\n" });
      await refuses(/The work tree is at [0-9a-f]{12}, not at/, { commit });
      await opens({ commit, exactTree: false });
    });
  });
});
