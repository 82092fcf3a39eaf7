import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { differingSubjects, manifestSchema } from "../../model/releaseManifest.ts";
import { buildManifest, NoRelease } from "../../release/manifest.ts";
import { sshSettings, withValue } from "../model/settingsSample.ts";
import { Repository } from "./gitFixture.ts";

const update = (release = "1.0.0") => `---\nstamp:\n  release: ${release}\n  tree: ${"a".repeat(64)}\n---\n# Update log\n`;

describe("a release's manifest", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
    repository.commit({
      "Pulumi.prod.yaml": settingsText(),
      "Documentation/update_log.md": update(),
      "Documentation/Zürich.md": "é\n",
      "host/a.ts": "a\n",
      "package-lock.json": "{}\n",
      "memory/supabase/migrations/1_a.sql": "select 1;\n",
      "operations/gate.yaml": "version: 1\n",
      "operations/items.yaml": "version: 1\nitems: []\n",
      "operations/roles.yaml": "version: 1\n",
    });
  });
  afterEach(() => repository[Symbol.dispose]());

  function settingsText(key = "name", value: unknown = "phillbot") {
    const settings = Object.entries(withValue(sshSettings(), key, value));
    return stringify({ config: Object.fromEntries(settings.map(([name, each]) => [`phillbot:${name}`, each])) });
  }
  const build = async (folder = repository.folder) => buildManifest(folder, { commit: "HEAD" });
  const parsed = async () => manifestSchema.parse(JSON.parse((await build()).text));

  it("names every part of what decides behaviour, and the commit", async () => {
    const manifest = await parsed();
    assert.deepEqual(
      manifest.subject.map(({ name }) => name),
      [
        "container/prod",
        "documentation",
        "gateway-configuration/prod",
        "image/prod",
        "migrations",
        "operations",
        "policy",
        "program",
        "settings/prod",
      ],
    );
    assert.deepEqual([manifest.predicate.releaseId, manifest.predicate.commit], ["1.0.0", repository.git("rev-parse", "HEAD")]);
    assert.equal(manifest.subject.find(({ name }) => name === "image/prod")?.digest.sha256, "0123456789abcdef".repeat(4));
  });

  it("has the same bytes under another path, umask, time zone and locale", async () => {
    using other = repository.clone();
    const script = `import { buildManifest } from ${JSON.stringify(join(import.meta.dirname, "../../release/manifest.ts"))};
      process.umask(0o077);
      process.stdout.write((await buildManifest(process.argv[1], { commit: "HEAD" })).text);`;
    const text = execFileSync(process.execPath, ["--input-type=module", "--eval", script, other.folder], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: other.folder, TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" },
    });
    assert.equal(text, (await build()).text);
  });

  it("takes nothing from the working folder", async () => {
    const before = (await build()).text;
    writeFileSync(join(repository.folder, "host/a.ts"), "changed\n");
    writeFileSync(join(repository.folder, "Documentation/new.md"), "new\n");
    repository.git("add", "--all");
    assert.equal((await build()).text, before);
  });

  const subjects: readonly (readonly [string, Record<string, string>, readonly string[]])[] = [
    ["a document", { "Documentation/Zürich.md": "e\n" }, ["documentation"]],
    ["the program", { "host/a.ts": "b\n" }, ["program"]],
    ["the lock of its packages", { "package-lock.json": "{ }\n" }, ["program"]],
    ["a migration", { "memory/supabase/migrations/1_a.sql": "select 2;\n" }, ["migrations"]],
    ["the policy", { "operations/gate.yaml": "version: 1 \n" }, ["policy"]],
    ["the operating model", { "operations/roles.yaml": "version: 1 \n" }, ["operations"]],
    ["a live fact", { "operations/items.yaml": "version: 1\nitems: [ ]\n" }, []],
    ["the gateway's limit", { "Pulumi.prod.yaml": settingsText("gateway.memoryMb", 3000) }, ["container/prod", "settings/prod"]],
    [
      "the bot's owners",
      { "Pulumi.prod.yaml": settingsText("telegram.owners", ["7"]) },
      ["gateway-configuration/prod", "settings/prod"],
    ],
    [
      "the image",
      { "Pulumi.prod.yaml": settingsText("gateway.digest", `sha256:${"b".repeat(64)}`) },
      ["container/prod", "image/prod", "settings/prod"],
    ],
  ];
  for (const [what, files, wanted] of subjects) {
    it(`changes with ${what} in ${wanted.join(", ") || "nothing"}`, async () => {
      const before = await parsed();
      repository.commit(files);
      assert.deepEqual(differingSubjects(before, await parsed()), wanted);
    });
  }

  it("is refused without a stamp", async () => {
    repository.commit({ "Documentation/update_log.md": "# None\n" });
    await assert.rejects(build(), NoRelease);
  });

  it("has of a stack whose settings are not complete, or no YAML, the committed file alone", async () => {
    const complete = await parsed();
    for (const text of ["config:\n  phillbot:name: x\n", "config: ["]) {
      repository.commit({ "Pulumi.prod.yaml": text });
      const names = (await parsed()).subject.map(({ name }) => name);
      const derived = ["container/prod", "gateway-configuration/prod", "image/prod"];
      assert.deepEqual(
        names,
        complete.subject.map(({ name }) => name).filter((name) => !derived.includes(name)),
      );
      assert.ok(names.includes("settings/prod"));
    }
  });
});
