import assert from "node:assert/strict";
import { join } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DevRest, DevServices } from "../../components/devServices.ts";
import { DocSync } from "../../components/docSync.ts";
import { Gateway } from "../../components/gateway.ts";
import { HostFile } from "../../components/hostFile.ts";
import { HostFolders } from "../../components/hostFolders.ts";
import { MemorySchema } from "../../components/memorySchema.ts";
import { policyTransformation } from "../../components/policyTransformation.ts";
import { SecretEnvFile } from "../../components/secretEnvFile.ts";
import { readMigrations } from "../../memory/files.ts";
import type { StackFacts } from "../../model/declaredResource.ts";
import { envFileEntries } from "../../model/envFile.ts";
import { renderGatewayConfig } from "../../model/gatewayConfig.ts";
import { violationText } from "../../model/stackPolicy.ts";
import { readPublishedPorts } from "../../policy/facts.ts";
import { FolderHost, owner } from "../components/folderHost.ts";
import { plain, type Recorder, record, settle } from "../components/recorder.ts";
import { freshSecrets, surroundings } from "../components/stackSample.ts";

const project = join(import.meta.dirname, "../..");
const byDigest = `sha256:${"a".repeat(64)}`;

/** The stack, as far as it takes resources, below one that carries the transformation. */
class Stack extends pulumi.ComponentResource {
  constructor(transformations: pulumi.ResourceTransformation[]) {
    super("phillbot:test:Stack", "stack", {}, { transformations });
  }
}

describe("the stack's policy and the program's own resources", () => {
  let recorder: Recorder;
  let host: FolderHost;
  /** Names of what was judged. */
  const judged: string[] = [];
  beforeEach(() => {
    host = new FolderHost();
  });
  afterEach(async () => {
    await recorder.end();
    host.remove();
  });

  const published = readPublishedPorts(project);
  /** The stand-ins are there in development alone, and their images are built here. */
  const factsOf = (name: string): StackFacts => ({ production: !/^(?:postgres|rest|telegram)/.test(name), published });

  const make = async (transformation: boolean) => {
    // What is on the host is each component's own matter.
    recorder = await record({ preview: true, leftOut: { image: { imageId: byDigest } } });
    const refuse = (found: Parameters<Parameters<typeof policyTransformation>[1]>[0]) =>
      assert.fail(found.map(violationText).join("\n"));
    judged.splice(0);
    const judge: pulumi.ResourceTransformation = (args) => {
      judged.push(args.name);
      return policyTransformation(factsOf(args.name), refuse)(args);
    };
    const parent = new Stack(transformation ? [judge] : []);
    const child = { parent };
    const around = surroundings({ "gateway.uid": owner.uid, "gateway.gid": owner.gid, baseFolder: host.folder });
    const { layout, settings, via } = around;
    host.write(layout.envFile, "", 0o600);
    host.write(layout.configFile, renderGatewayConfig(settings), 0o444);
    const secrets = freshSecrets();
    const fingerprintKey = secrets.get("OPENCLAW_GATEWAY_TOKEN");
    assert.ok(fingerprintKey);
    const owned = { host, ...owner, via };
    const sshOpts = "-o StrictHostKeyChecking=yes -o UserKnownHostsFile=/p -o KnownHostsCommand=none".split(" ");
    new docker.Provider("engine", { host: "ssh://claw@phill:22", sshOpts }, child);
    const image = new docker.RemoteImage("image", { name: `a/b:1@${byDigest}`, keepLocally: true }, child);
    const folders = new HostFolders("folders", { ...owned, folders: [{ path: layout.state, mode: 0o700 }] }, child);
    new HostFile("owner", { ...owned, path: layout.ownerFile, mode: 0o644, content: "{}" }, child);
    const envFile = new SecretEnvFile(
      "env-file",
      { ...owned, path: layout.envFile, entries: envFileEntries(settings, secrets), fingerprintKey },
      child,
    );
    const list = {
      from: project,
      to: layout.context,
      below: settings.baseFolder,
      manifest: new Map(),
      digest: "d1",
      manifestPath: layout.contextManifest,
    };
    new DocSync("documents", { ...owned, ...list, folders: pulumi.output(undefined) }, child);
    const operator = { ...host, line: host.line.bind(host), run: host.run.bind(host) };
    const schema = new MemorySchema(
      "memory",
      {
        operator,
        memory: settings.memory,
        password: pulumi.secret("p"),
        migrations: readMigrations(project),
        nodePath: process.execPath,
        projectRoot: project,
      },
      child,
    );
    const args = { ...around, host, secrets, folders, fingerprintKey };
    const dev = new DevServices("dev", { ...args, rolesSql: "select 1;" }, child);
    const rest = new DevRest("rest-endpoint", { ...args, schemaDigest: schema.digest, after: schema }, child);
    const gateway = new Gateway(
      "gateway",
      {
        ...args,
        image,
        envFile: pulumi.output(layout.envFile),
        envFileFingerprint: envFile.fingerprint,
        documents: pulumi.output("d1"),
        searchFor: "Hand-off",
        backUp: async () => undefined,
        after: [dev.telegram],
      },
      child,
    );
    await Promise.all([settle(gateway.container.id), settle(rest.rest.id), settle(dev.roles.id)]);
    await recorder.end();
    // Keys and tokens are made anew each time; all that a component makes of them is a digest.
    return new Map(
      recorder.registered
        .filter(({ name }) => name !== "stack")
        .map(({ type, name, inputs, options }) => [`${type} ${name}`, { inputs: plain(inputs), options }] as const),
    );
  };

  it("let each other be, the gateway as in production", async () => {
    await make(true);
    // Which is made outside, for every test.
    assert.deepEqual([...judged, "network"].toSorted(), recorder.registered.map(({ name }) => name).toSorted());
    assert.equal(recorder.registered.filter(({ type }) => type.endsWith(":Container")).length, 4);
  });

  it("are what they were without it: the same resources with the same inputs and options", async () => {
    const watched = await make(true);
    host.remove();
    const before = host.folder;
    host = new FolderHost();
    const free = await make(false);
    const same = (text: string) =>
      text
        .replaceAll(before, "/base")
        .replaceAll(host.folder, "/base")
        .replaceAll(/\b[0-9a-f]{32,64}\b/g, "digest");
    assert.deepEqual([...watched.keys()].toSorted(), [...free.keys()].toSorted());
    for (const [name, { inputs, options }] of free) {
      assert.equal(same(watched.get(name)?.inputs ?? ""), same(inputs), name);
      assert.deepEqual({ ...watched.get(name)?.options }, { ...options }, name);
    }
  });
});
