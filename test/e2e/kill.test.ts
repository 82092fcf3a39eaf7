/** `deck up` is killed with all that it started, at each of its steps; run again, it ends with an open gate and each thing once. */

import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { devFolders } from "../../deck/devStack.ts";
import { imageNames } from "../../toolchain/images.ts";
import { psql } from "./databaseFaults.ts";
import { docker } from "./gatewayStack.ts";
import { killTree, killUpdate, type Moment } from "./killed.ts";
import { type Ended, makeProject, sourceRoot, type TestProject } from "./project.ts";

const exported = z.object({
  deployment: z.object({
    resources: z.array(z.object({ urn: z.string(), type: z.string(), id: z.string().optional() })),
    pending_operations: z.array(z.unknown()).nullish(),
  }),
});

const services = ["openclaw-gateway", "postgres", "rest", "telegram"];

describe("An update that is killed", function () {
  this.timeout(900_000);
  let project: TestProject;
  /** The gateway's. */
  let image: string;
  /** One that was to check a configuration, of an update that was killed before it could start it. */
  let oneShot: string;

  before(async () => {
    project = await makeProject();
    image = imageNames(sourceRoot).gateway;
    oneShot = await docker("create", "--rm", "--label", "phillbot.purpose=one-shot", image);
  });
  after(async () => {
    if (project !== undefined) killTree(project.stack);
    await project?.[Symbol.asyncDispose]();
  });

  const lines = (text: string) => text.split("\n").filter((line) => line !== "");
  const containers = async () =>
    lines(
      await docker(
        "ps",
        "--all",
        "--no-trunc",
        "--filter",
        `label=phillbot.stack=${project.stack}`,
        "--format",
        "{{.ID}} {{.Names}}",
      ),
    )
      .map((line) => line.split(" ") as [id: string, name: string])
      .sort(([, a], [, b]) => (a < b ? -1 : 1));
  const networkIds = async () =>
    lines(await docker("network", "ls", "--no-trunc", "--quiet", "--filter", `label=phillbot.stack=${project.stack}`));
  const state = async () => exported.parse(JSON.parse((await project.pulumi("stack", "export")).stdout)).deployment;
  const made = (resources: z.output<typeof exported>["deployment"]["resources"], type: string) =>
    resources.flatMap((resource) => (resource.type === type ? [resource.id] : [])).sort();

  /** Each thing is there once, and is what the state knows. */
  const isWhole = async ({ code, stdout, stderr }: Ended) => {
    assert.equal(code, 0, `${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
    const [found, networks, { resources, pending_operations: pending }] = [await containers(), await networkIds(), await state()];
    assert.deepEqual(
      found.map(([, name]) => name),
      services.map((service) => `${project.name}-${service}-1`),
    );
    assert.deepEqual(found.map(([id]) => id).sort(), made(resources, "docker:index/container:Container"));
    assert.deepEqual(networks, made(resources, "docker:index/network:Network"));
    assert.deepEqual(made(resources, "docker:index/volume:Volume"), [`${project.name}-postgres`]);
    assert.deepEqual(pending ?? [], []);
  };
  const gateways = async () => (await containers()).filter(([, name]) => name.includes("-openclaw-gateway-")).length;

  /** In the order of a first update: each goes on where the one before was killed. */
  const first: Readonly<Record<string, () => Moment>> = {
    "before its program begins": () => ({ process: /pulumi-language-nodejs/ }),
    "when its volume is made": () => ({ engine: new RegExp(`^volume create ${project.name}-postgres$`) }),
    "when its network is made": () => ({ engine: new RegExp(`^network create ${project.name}$`) }),
    "when a folder was made": () => ({ progress: /\+ base-make created/ }),
    "when the database's container is made": () => ({ engine: new RegExp(`^container create ${project.name}-postgres-1$`) }),
    "when the database starts": () => ({ engine: new RegExp(`^container start ${project.name}-postgres-1$`) }),
    "when a migration is applied": () => ({ process: /supabase.* db push/ }),
    "when a service's container is made": () => ({ engine: new RegExp(`^container create ${project.name}-rest-1$`) }),
    "when the gateway's container is made": () => ({
      engine: new RegExp(`^container create ${project.name}-openclaw-gateway-1$`),
    }),
    "when the gateway starts": () => ({ engine: new RegExp(`^container start ${project.name}-openclaw-gateway-1$`) }),
    "when the documents are indexed": () => ({ process: /refresh-index/ }),
    "when its gate has begun": () => ({ progress: /^[✓✗] / }),
  };
  for (const [when, moment] of Object.entries(first)) {
    it(`for the first time ${when} leaves no more than one gateway`, async () => {
      await killUpdate(project, moment());
      assert.ok((await gateways()) <= 1);
    });
  }

  it("comes up when it is run again, with each thing once", async () => {
    // What Pulumi notes beside its state is empty for a moment each time, which a kill seldom meets.
    const notes = join(devFolders(project.root, project.stack).state, `.pulumi/stacks/phillbot/${project.stack}.json.attrs`);
    await writeFile(notes, "");
    assert.match((await project.pulumi("stack", "export")).stderr, /failed to load checkpoint|EOF/);
    await isWhole(await project.deck("up", "--yes"));
    await psql(project, "insert into memory.items (key, value) values ('kept', 'through every kill') returning key");
  });

  const replaced: Readonly<Record<string, () => Moment>> = {
    "when the old gateway is stopped": () => ({ engine: new RegExp(`^container die ${project.name}-openclaw-gateway-1$`) }),
    "when the new gateway's container is made": () => ({
      engine: new RegExp(`^container create ${project.name}-openclaw-gateway-1$`),
    }),
  };
  for (const [when, moment] of Object.entries(replaced)) {
    it(`while it replaces the gateway, ${when}, leaves no more than one gateway`, async () => {
      await project.pulumi("config", "set", "--path", "phillbot:gateway.memoryMb", "2304");
      await killUpdate(project, moment());
      assert.ok((await gateways()) <= 1);
    });
  }

  it("is brought to its end when it is run again: the gateway is the new one, and the memory is kept", async () => {
    await isWhole(await project.deck("up", "--yes"));
    const memory = await docker("inspect", "--format", "{{.HostConfig.Memory}}", `${project.name}-openclaw-gateway-1`);
    assert.equal(Number(memory), 2304 * 1024 * 1024);
    assert.equal(await psql(project, "select value from memory.items where key = 'kept'"), "through every kill");
  });

  const stand = (name: string, labels: Readonly<Record<string, string>>) =>
    docker(
      ...["run", "--detach", "--stop-timeout", "1", "--network", "none", "--name", `${project.name}-${name}`],
      ...Object.entries({ "phillbot.stack": project.stack, ...labels }).flatMap(([label, value]) => [
        "--label",
        `${label}=${value}`,
      ]),
      ...["--entrypoint", "sleep", image, "600"],
    );

  it("may have made anything that its state does not know: a plain `pulumi up` makes it anew as well, but for the memory", async () => {
    const volume = await docker("volume", "inspect", "--format", "{{.CreatedAt}}", `${project.name}-postgres`);
    const [networkUrn] = (await state()).resources
      .filter(({ type }) => type === "docker:index/network:Network")
      .map(({ urn }) => urn);
    assert.ok(networkUrn !== undefined);
    const deleted = await project.pulumi("state", "delete", networkUrn, "--yes", "--force", "--target-dependents");
    assert.equal(deleted.code, 0, deleted.stderr);
    assert.deepEqual(made((await state()).resources, "docker:index/container:Container"), []);
    const second = await stand("renamed", { "phillbot.folder": project.root, "com.docker.compose.service": "openclaw-gateway" });
    const stranger = await stand("stranger", { "phillbot.folder": "/another/clone" });
    const up = await project.pulumi("up", "--yes", "--skip-preview");
    const left = lines(await docker("ps", "--all", "--no-trunc", "--quiet"));
    const isLeft = [second, stranger, oneShot].map((id) => left.includes(id));
    assert.deepEqual(isLeft, [false, true, false], up.stdout.slice(-3000));
    await docker("rm", "--force", stranger);
    await isWhole(up);
    assert.equal(await docker("volume", "inspect", "--format", "{{.CreatedAt}}", `${project.name}-postgres`), volume);
    assert.equal(await psql(project, "select value from memory.items where key = 'kept'"), "through every kill");
  });

  it("is another thing than a state that was lost: what runs then is left alone, with 2", async () => {
    const before = await containers();
    const text = JSON.parse((await project.pulumi("stack", "export")).stdout);
    const engine = /^docker:index\/(?:container|network|volume):/;
    const others = text.deployment.resources.filter(({ type }: { type: string }) => !engine.test(type));
    const urns = new Set(others.map(({ urn }: { urn: string }) => urn));
    for (const resource of others) {
      resource.dependencies = (resource.dependencies ?? []).filter((urn: string) => urns.has(urn));
      delete resource.propertyDependencies;
    }
    const file = join(project.root, "..", `${project.name}-state.json`);
    await writeFile(file, JSON.stringify({ ...text, deployment: { ...text.deployment, resources: others } }));
    const imported = await project.pulumi("stack", "import", "--file", file);
    await rm(file);
    assert.equal(imported.code, 0, imported.stderr);
    const { code, stderr } = await project.deck("up", "--yes");
    assert.deepEqual([code, /another was used before, or it is lost\. Nothing was touched\./.test(stderr)], [2, true], stderr);
    assert.deepEqual(await containers(), before);
  });
});
