import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { devFolders } from "../../deck/devStack.ts";
import { DownWorld, makeDevStack, realPath } from "./downWorld.ts";

describe("takeDown and what other stacks need", () => {
  let down: DownWorld;
  beforeEach(async () => {
    down = await DownWorld.begin();
  });
  afterEach(() => down[Symbol.dispose]());

  it("keeps the state, the passphrase and the evidence of other stacks", async () => {
    down.keep("dev");
    down.keep("other", "docker:index/container:Container");
    await makeDevStack(down.root, "other");
    for (const stack of ["dev", "prod"]) mkdirSync(down.ignored("evidence", stack), { recursive: true });
    mkdirSync(down.ignored("log"));
    const stays = await down.run();
    assert.ok(existsSync(down.ignored("passphrase")));
    assert.ok(existsSync(down.ignored("state/.pulumi/stacks/phillbot/other.json")));
    assert.deepEqual(readdirSync(down.ignored("secrets")), ["other.env"]);
    assert.deepEqual(readdirSync(down.ignored("evidence")), ["prod"]);
    assert.deepEqual(readdirSync(down.ignored("host")), ["other"]);
    assert.equal(existsSync(down.ignored("log")), false);
    assert.ok(stays.some((line) => /state stays: of the stack other\.$/.test(line)));
    assert.ok(existsSync(devFolders(down.root, "other").settingsFile));
  });

  describe("keeps what stacks need whose state lies elsewhere", () => {
    const passphraseStays = (stays: readonly string[], stacks: string) =>
      stays.includes(`${down.ignored("passphrase")} stays: what is encrypted of ${stacks} may need it.`);

    it("their secrets, and the passphrase with them", async () => {
      for (const name of ["staging", "prod"]) writeFileSync(down.ignored("secrets", `${name}.env`), "A=b\n");
      const stays = await down.run();
      assert.deepEqual(readdirSync(down.ignored()).sort(), ["passphrase", "secrets"]);
      assert.deepEqual(readdirSync(down.ignored("secrets")).sort(), ["prod.env", "staging.env"]);
      assert.ok(stays.includes(`${down.ignored("secrets")} stays: of the stacks prod, staging.`), stays.join("\n"));
      assert.ok(passphraseStays(stays, "the stacks prod, staging"), stays.join("\n"));
    });

    it("the passphrase, where their settings hold a salt", async () => {
      writeFileSync(join(down.root, "Pulumi.staging.yaml"), "encryptionsalt: v1:c2FsdA==\n");
      writeFileSync(join(down.root, "Pulumi.prod.yaml"), "config: {}\n");
      const stays = await down.run();
      assert.deepEqual(readdirSync(down.ignored()), ["passphrase"]);
      assert.ok(passphraseStays(stays, "the stack staging"), stays.join("\n"));
    });

    it("the passphrase, where their settings are on a branch that is not checked out", async () => {
      const who = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"];
      const git = (...args: string[]) =>
        assert.equal(spawnSync("git", [...who, ...args], { cwd: down.root, env: { PATH: realPath } }).status, 0);
      writeFileSync(join(down.root, "Pulumi.staging.yaml"), "encryptionsalt: v1:c2FsdA==\n");
      git("init", "--quiet", "--initial-branch", "other");
      git("add", "Pulumi.staging.yaml");
      git("commit", "--quiet", "--message", "Add staging");
      git("checkout", "--quiet", "--orphan", "main");
      git("rm", "--quiet", "-f", "Pulumi.staging.yaml");
      assert.equal(existsSync(join(down.root, "Pulumi.staging.yaml")), false);
      const stays = await down.run();
      assert.ok(passphraseStays(stays, "the stack staging"), stays.join("\n"));
    });

    it("everything, where the stack's own settings hold a salt and its state is not here", async () => {
      const { settingsFile } = devFolders(down.root, "dev");
      writeFileSync(settingsFile, `encryptionsalt: v1:c2FsdA==\n${readFileSync(settingsFile, "utf8")}`);
      await down.fails(3, /it is not in this folder/);
      assert.ok(existsSync(settingsFile));
    });

    it("the state of a stack of the same name in this folder, where the one that goes has its state elsewhere", async () => {
      down.keep("dev", "docker:index/container:Container");
      down.world = {
        ...down.world,
        environment: { ...down.world.environment, PULUMI_BACKEND_URL: "file:///elsewhere", PULUMI_CONFIG_PASSPHRASE: "" },
      };
      await down.run();
      assert.deepEqual(down.verbs(), ["destroy"]);
      assert.ok(existsSync(down.ignored("state/.pulumi/stacks/phillbot/dev.json")));
      assert.ok(existsSync(down.ignored("passphrase")));
    });
  });

  it("keeps the key by which recorded exposures are matched, and only then", async () => {
    writeFileSync(down.ignored("fingerprint.key"), "key");
    const entry = "{fingerprint: 0123456789abcdef0123456789abcdef, kind: a, where: b, found: 2026-10-01, state: unresolved}";
    writeFileSync(join(down.root, "operations/exposures.yaml"), `version: 1\nexposures:\n  - ${entry}\n`);
    await down.run();
    assert.deepEqual(readdirSync(down.ignored()), ["fingerprint.key"]);
    writeFileSync(join(down.root, "operations/exposures.yaml"), "version: 1\nexposures: []\n");
    await down.run();
    assert.equal(existsSync(down.ignored()), false);
  });

  it("keeps the key that the drills of another stack are sealed with", async () => {
    writeFileSync(down.ignored("fingerprint.key"), "key");
    mkdirSync(down.ignored("evidence/prod/drill-2026-03-10T12-00-00.000Z"), { recursive: true });
    await down.run();
    assert.ok(readdirSync(down.ignored()).includes("fingerprint.key"));
  });
});
