/** Proves the policy in the real engine: by the pack, and by the program without it. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { layoutOf } from "../../toolchain/layout.ts";
import { findCli, pulumiEnv } from "../../toolchain/pulumi.ts";
import { good } from "../policy/violations.ts";

const project = join(import.meta.dirname, "../..");

/** A component of a container's type needs no engine, and both ways judge it as one. */
const program = (transformation: boolean) => `
import * as pulumi from "@pulumi/pulumi";
import { policyTransformation } from "./components/policyTransformation.ts";
import { violationText } from "./model/stackPolicy.ts";
const refuse = (found) => { throw new pulumi.RunError(found.map(violationText).join("\\n")); };
if (${transformation}) pulumi.runtime.registerStackTransformation(policyTransformation({ production: true, published: [] }, refuse));
class Container extends pulumi.ComponentResource {
  constructor(name, properties) { super("docker:index/container:Container", name, properties); this.registerOutputs({}); }
}
const before = new Container("before", ${JSON.stringify(good().properties)});
const privileged = before.urn.apply(() => process.env.PRIVILEGED === "yes");
new Container("it", { ...${JSON.stringify(good().properties)}, privileged });
`;

describe("the stack's policy in the engine", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-policy-"));
    for (const part of ["components", "model", "policy", "operations", "package.json"])
      cpSync(join(project, part), join(folder, part), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
    mkdirSync(join(folder, "state"));
    const runtime = "runtime: { name: nodejs, options: { typescript: false } }";
    writeFileSync(join(folder, "Pulumi.yaml"), `name: phillbot\nmain: main.ts\n${runtime}\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const pulumi = async (args: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
    const layout = layoutOf(project);
    const own = {
      PULUMI_BACKEND_URL: `file://${folder}/state`,
      PULUMI_CONFIG_PASSPHRASE: "of this test",
      PULUMI_HOME: join(folder, "home"),
    };
    const env = { ...pulumiEnv(layout), HOME: process.env.HOME, ...own, ...environment };
    const { path } = await findCli(layout);
    const options = { cwd: folder, env, extendEnv: false, reject: false, all: true } as const;
    const { exitCode, all } = await execa(path, [...args, "--non-interactive", "--color", "never"], options);
    return { exitCode, all };
  };
  const registered = () =>
    (
      JSON.parse(readFileSync(join(folder, "state/.pulumi/stacks/phillbot/test.json"), "utf8")).checkpoint.latest?.resources ?? []
    ).map(({ urn }: { urn: string }) => urn.split("::").at(-1));
  const refusal = "Policy `not-privileged` refuses `it`: It is privileged, hence root on the host. Leave `privileged` out.";
  const pack = ["--policy-pack", "policy/pack"];

  for (const [way, transformation, more] of [
    ["the pack", false, pack],
    ["the program", true, []],
  ] as const) {
    it(`is kept by ${way}: what breaks it fails the preview and the update, and is not registered; else both pass`, async () => {
      rmSync(join(folder, "state"), { recursive: true });
      mkdirSync(join(folder, "state"));
      writeFileSync(join(folder, "main.ts"), program(transformation));
      assert.equal((await pulumi(["stack", "init", "test"])).exitCode, 0);
      for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
        const refused = await pulumi([...command, ...more], { PRIVILEGED: "yes" });
        assert.notEqual(refused.exitCode, 0, refused.all);
        assert.ok(refused.all.includes(refusal), refused.all);
        assert.ok(!registered().includes("it"), way);
        const passed = await pulumi([...command, ...more]);
        assert.equal(passed.exitCode, 0, passed.all);
        assert.equal(registered().includes("it"), command[0] === "up");
      }
    }).timeout(120_000);
  }

  it("fails the update where the pack cannot be started", async () => {
    writeFileSync(join(folder, "policy/main.ts"), "throw new Error('It cannot.');\n");
    const ended = await pulumi(["up", "--yes", "--skip-preview", ...pack]);
    assert.ok(Number(ended.exitCode) > 0, ended.all);
  }).timeout(60_000);
});
