import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { ensureDevStack } from "../../deck/devStack.ts";
import { envVerb, withoutNpm } from "../../deck/env.ts";
import type { World } from "../../deck/verb.ts";
import { type FakePulumi, fakePulumi } from "./fakePulumi.ts";

const images = { gateway: "test/gateway:1", telegram: "test/telegram:1", rest: "test/rest:1", postgres: "test/postgres:1" };

describe("deck env", () => {
  let pulumi: FakePulumi;
  let root: string;
  let said: string[];

  beforeEach(async () => {
    pulumi = fakePulumi();
    root = pulumi.call().root;
    said = [];
    await ensureDevStack({ projectRoot: root, stack: "dev", images, ownPorts: true });
    writeFileSync(join(root, "Pulumi.prod.yaml"), "config:\n  phillbot:requireSignOff: true\n");
    writeFileSync(join(root, "Pulumi.staging.yaml"), "config:\n  phillbot:requireSignOff: false\n");
  });
  afterEach(() => pulumi.remove());

  const call = { verb: "env", json: false, yes: false, dryRun: false, args: [], options: {} } as const;
  /** What a shell holds that evaluated, one after the other, what the verb said for each stack. */
  const evaluated = async (...stacks: readonly (readonly [string, Readonly<Record<string, string>>?])[]) => {
    let environment: Record<string, string | undefined> = { PATH: process.env.PATH };
    for (const [stack, more = {}] of stacks) {
      const output: World["output"] = { data: () => {}, progress: (line) => void said.push(line), hide: () => {} };
      environment = { ...environment, ...more };
      const world = { root, environment, output, now: () => new Date(), signal: new AbortController().signal };
      const { text } = await envVerb.run({ ...call, stack }, world);
      const shell = await execa("sh", ["-c", `${text}\nexec env -0`], { env: environment, extendEnv: false });
      environment = Object.fromEntries(
        shell.stdout
          .split("\0")
          .filter(Boolean)
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
    }
    return environment;
  };
  const elsewhere = { PULUMI_BACKEND_URL: "s3://bucket/state" };

  it("names the development passphrase for a stack whose state is here", async () => {
    const { PULUMI_CONFIG_PASSPHRASE_FILE: file, PULUMI_BACKEND_URL: url } = await evaluated(["dev"]);
    assert.deepEqual([file, url], [join(root, ".phillbot/passphrase"), `file://${root}/.phillbot/state`]);
  });

  for (const stack of ["prod", "staging"]) {
    it(`names none for \`${stack}\`, whose state is elsewhere`, async () => {
      const environment = await evaluated([stack, elsewhere]);
      assert.equal(environment.PULUMI_BACKEND_URL, "s3://bucket/state");
      assert.ok(!("PULUMI_CONFIG_PASSPHRASE_FILE" in environment));
      assert.deepEqual(said, []);
    });

    it(`takes it back for \`${stack}\` in a shell that was told it for another stack, and says so`, async () => {
      const environment = await evaluated(["dev"], [stack, elsewhere]);
      assert.ok(!("PULUMI_CONFIG_PASSPHRASE_FILE" in environment));
      assert.match(said.join("\n"), new RegExp(`passphrase is unset: the stack \`${stack}\``));
    });

    it(`leaves the operator's own for \`${stack}\``, async () => {
      const environment = await evaluated(["dev"], [stack, { ...elsewhere, PULUMI_CONFIG_PASSPHRASE_FILE: "/home/ann/phrase" }]);
      assert.equal(environment.PULUMI_CONFIG_PASSPHRASE_FILE, "/home/ann/phrase");
      assert.deepEqual(said, []);
    });
  }
});

describe("the search path that `deck env` names", () => {
  const project = { project: "/work/bot", bin: "/work/bot/.phillbot/bin" };
  const own = "/work/bot/.phillbot/bin:/work/bot/node_modules/.bin";

  it("leaves out what npm and npx put there, and keeps the rest in its order", () => {
    const npms = [
      "/work/bot/node_modules/.bin",
      "/work/node_modules/.bin",
      "/node_modules/.bin",
      "/root/.npm/_npx/1a2b/node_modules/.bin",
      "/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin",
    ];
    const path = [project.bin, ...npms, "/usr/local/bin", "/usr/bin", "/home/ann/bin"].join(":");
    assert.equal(withoutNpm(path, project), `${own}:/usr/local/bin:/usr/bin:/home/ann/bin`);
  });

  it("does not grow with each time", () => {
    const once = withoutNpm("/usr/bin", project);
    assert.equal(withoutNpm(once, project), once);
  });
});
