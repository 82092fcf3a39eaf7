import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import type { Check, Target } from "../../checks/check.ts";
import { contextCheck } from "../../checks/context.ts";
import { runtimeCheck } from "../../checks/runtime.ts";
import { secretsCheck } from "../../checks/secrets.ts";
import { LocalHost } from "../../host/local.ts";
import type { Finding } from "../../model/check.ts";
import { parseContainers } from "../../model/containers.ts";
import { renderEnvFile } from "../../model/envFile.ts";
import { renderGatewayConfig } from "../../model/gatewayConfig.ts";
import { containerSpecText, contentLabels, stackLabels } from "../../model/gatewayContainer.ts";
import { indexPlaces, layoutOf, mounts } from "../../model/layout.ts";
import { renderManifest } from "../../model/manifest.ts";
import { Secret } from "../../model/secret.ts";
import { type Settings, settingsSchema } from "../../model/settings.ts";
import { imageNames } from "../../toolchain/images.ts";
import { context } from "../checks/gatewayHost.ts";
import { IndexSample } from "../host/indexSample.ts";
import { localSettings } from "../model/settingsSample.ts";

// With Node, as the gateway's own image: the checks ask it in the container.
const { node: image } = imageNames(resolve(import.meta.dirname, "../.."));
const project = `checks-${randomBytes(4).toString("hex")}`;
const name = `${project}-openclaw-gateway-1`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const docker = (...args: string[]) =>
  execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

/** Settings that give what is declared here; smaller than any that an operator may write. */
function settingsIn(folder: string): Settings {
  const { gateway, ...rest } = localSettings();
  const secrets = { BOT: { from: { env: "NONE" }, gateway: true } };
  const parsed = settingsSchema.parse({ ...rest, name: project, baseFolder: folder, contextFolder: "docs", gateway, secrets });
  const own = { image, port: 0, memoryMb: 256, pids: 64, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  return { ...parsed, gateway: { ...parsed.gateway, ...own } };
}

/** The labels of the stack's program. */
function labelsOf(settings: Settings): Readonly<Record<string, string>> {
  const stack = stackLabels(settings, { stack: "test", projectRoot: settings.baseFolder });
  const labels = { ...stack, ...contentLabels(sha256(renderGatewayConfig(settings)), "f1") };
  const spec = sha256(containerSpecText({ settings, layout: layoutOf(settings), labels }));
  return { ...labels, "phillbot.spec": spec };
}

/** A container with the gateway's labels, mounts and health check, and a shell in place of the gateway: it starts in an instant. */
function startContainer(folder: string, as = name): void {
  const labels = [
    `com.docker.compose.project=${project}`,
    "com.docker.compose.service=openclaw-gateway",
    ...Object.entries(labelsOf(settingsIn(folder))).map(([label, value]) => `${label}=${value}`),
  ];
  const mounts = [
    `${folder}/state:/home/node/.openclaw`,
    `${folder}/config:/etc/openclaw:ro`,
    `${folder}/docs:/home/node/phillbot-context:ro`,
  ];
  const options = [
    ...labels.flatMap((label) => ["--label", label]),
    ...mounts.flatMap((mount) => ["--volume", mount]),
    ...["--health-cmd", "test ! -e /tmp/sick", "--health-interval", "1s", "--health-retries", "1", "--restart", "unless-stopped"],
  ];
  docker(
    "run",
    "--detach",
    "--init",
    "--publish",
    "127.0.0.1:0:18789",
    ...["--network", project],
    ...["--read-only", "--tmpfs", "/tmp"],
    ...[
      "--cap-drop",
      "ALL",
      "--security-opt",
      "no-new-privileges",
      "--memory",
      "256m",
      "--memory-swap",
      "256m",
      "--pids-limit",
      "64",
    ],
    "--name",
    as,
    ...options,
    image,
    "sh",
    "-c",
    "while :; do sleep 1; done",
  );
}

describe("the checks of the host, on a real engine", function () {
  this.timeout(60_000);
  let folder: string;
  let target: Target;
  const host = new LocalHost();
  const secrets = new Map([["BOT", new Secret(randomBytes(12).toString("hex"))]]);

  const run = (check: Check): Promise<Finding> => check.probe(target, context());
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-host-checks-"));
    for (const below of ["state", "config", "docs", "Documentation"]) mkdirSync(join(folder, below));
    const settings = settingsIn(folder);
    const config = renderGatewayConfig(settings);
    docker("network", "create", project);
    const [configFile, envFile, manifest] = ["config/openclaw.json", "state/.env", "context.sha256"].map((path) =>
      join(folder, path),
    );
    assert.ok(configFile && envFile && manifest);
    writeFileSync(configFile, config, { mode: 0o444 });
    chmodSync(join(folder, "state"), 0o700);
    writeFileSync(envFile, renderEnvFile(secrets).reveal(), { mode: 0o600 });
    for (const below of ["docs", "Documentation"]) writeFileSync(join(folder, below, "a.md"), "one");
    const list = renderManifest(new Map([["a.md", sha256("one")]]));
    writeFileSync(manifest, list);
    const database = join(folder, indexPlaces.database.replace(mounts.state, "state"));
    mkdirSync(dirname(database), { recursive: true });
    using index = new IndexSample(database);
    index.add(relative(indexPlaces.workspace, `${mounts.context}/a.md`), "one");
    startContainer(folder);
    const [container] = parseContainers(docker("container", "inspect", name));
    assert.ok(container?.spec);
    const { id, imageId, spec } = container;
    target = {
      stack: "test",
      settings,
      host,
      declared: {
        gateway: {
          name,
          id,
          image,
          imageId,
          spec,
          port: 0,
          memoryMb: 256,
          pids: 64,
          network: project,
          composeProject: project,
        },
        config: { path: configFile, sha256: sha256(config) },
        envFile: { path: envFile, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
        context: { folder: join(folder, "docs"), manifest, sha256: sha256(list), files: 1 },
        plugin: null,
      },
      secrets,
      projectRoot: folder,
      evidenceFolder: folder,
    };
  });

  after(() => {
    const left = docker("ps", "--all", "--quiet", "--filter", `label=com.docker.compose.project=${project}`);
    if (left !== "") docker("rm", "--force", ...left.split("\n"));
    docker("network", "rm", project);
    rmSync(folder, { recursive: true });
  });

  it("waits for health, then passes all three, and confirms what did not restart", async () => {
    const first = await run(runtimeCheck);
    assert.equal(first.status, "pass", first.summary);
    assert.equal((await runtimeCheck.confirm?.(target, context(), first))?.status, "pass");
    for (const check of [secretsCheck, contextCheck]) {
      const { status, summary } = await run(check);
      assert.equal(status, "pass", summary);
    }
  });

  it("fails `runtime` only, where a second container of the service runs, until it is gone", async () => {
    startContainer(folder, `${project}-openclaw-gateway-2`);
    const { status, summary } = await run(runtimeCheck);
    assert.equal(status, "fail");
    assert.match(summary, new RegExp(`2 containers .*${project}-openclaw-gateway-2`));
    assert.equal((await run(secretsCheck)).status, "pass");
    docker("rm", "--force", `${project}-openclaw-gateway-2`);
    assert.equal((await run(runtimeCheck)).status, "pass");
  });

  it("fails `secrets` only, where the env file was mended but the gateway not restarted, until it is", async () => {
    const { path } = target.declared.envFile;
    const content = readFileSync(path, "utf8");
    writeFileSync(path, "BOT=other\n");
    assert.match((await run(secretsCheck)).summary, /other content/);
    writeFileSync(path, content);
    const { status, summary } = await run(secretsCheck);
    assert.equal(status, "fail");
    assert.match(summary, /is not proven/);
    assert.equal((await run(runtimeCheck)).status, "pass");
    docker("restart", "--time", "1", name);
    assert.equal((await run(secretsCheck)).status, "pass");
    assert.equal((await run(runtimeCheck)).status, "pass");
  });

  it("fails `secrets` at mode 644, and by root's own files at another owner", async () => {
    const { path, uid, gid } = target.declared.envFile;
    chmodSync(path, 0o644);
    assert.match((await run(secretsCheck)).summary, /mode 644; 600 is wanted/);
    chmodSync(path, 0o600);
    // Whoever could read it could write it: what the gateway read at its start is no longer known.
    assert.match((await run(secretsCheck)).summary, /after the gateway.s start at/);
    docker("restart", "--time", "1", name);
    assert.equal((await run(secretsCheck)).status, "pass");
    if (uid !== 0) return;
    chownSync(path, 1000, 1000);
    assert.match((await run(secretsCheck)).summary, /belongs to 1000:1000; 0:0 is wanted/);
    chownSync(path, uid, gid);
    docker("restart", "--time", "1", name);
  });

  it("fails `context` where a document was added, until it is gone", async () => {
    writeFileSync(join(folder, "docs/b.md"), "two");
    const { status, summary } = await run(contextCheck);
    assert.equal(status, "fail");
    assert.match(summary, /1 added \(b\.md\)/);
    rmSync(join(folder, "docs/b.md"));
    assert.equal((await run(contextCheck)).status, "pass");
  });

  it("fails `context` where the bot's index lost a document, until it holds it again", async () => {
    const path = join(folder, indexPlaces.database.replace(mounts.state, "state"));
    renameSync(path, `${path}.away`);
    const { status, summary } = await run(contextCheck);
    assert.equal(status, "fail");
    assert.match(summary, /1 not in it as they are \(a\.md\)/);
    renameSync(`${path}.away`, path);
    assert.equal((await run(contextCheck)).status, "pass");
  });

  it("fails an unhealthy container, until it is well again", async () => {
    docker("exec", name, "touch", "/tmp/sick");
    let finding = await run(runtimeCheck);
    while (finding.status === "pass") finding = await run(runtimeCheck);
    assert.match(finding.summary, /`unhealthy`; `healthy` is wanted/);
    docker("exec", name, "rm", "/tmp/sick");
    while (finding.status !== "pass") finding = await run(runtimeCheck);
  });

  it("fails the second reading where the gateway was killed in between, and until it is restarted by hand", async () => {
    const first = await run(runtimeCheck);
    assert.equal(first.status, "pass", first.summary);
    docker("exec", "--detach", name, "sh", "-c", "kill -KILL -1");
    let second = await runtimeCheck.confirm?.(target, context(), first);
    while (second?.status === "pass") second = await runtimeCheck.confirm?.(target, context(), first);
    assert.equal(second?.status, "fail");
    docker("restart", "--time", "1", name);
    assert.equal((await run(runtimeCheck)).status, "pass");
  });

  it("fails limits that were lifted or tightened on the running container", async () => {
    docker("update", "--memory-swap", "-1", "--cpus", "0.9", "--cpu-shares", "2", name);
    const { status, summary } = await run(runtimeCheck);
    assert.equal(status, "fail");
    for (const words of [/`memorySwapBytes` is `-1`/, /`nanoCpus` is `900000000`/, /`cpuShares` is `2`/])
      assert.match(summary, words);
  });

  it("fails a container that was replaced by hand under the same name", async () => {
    docker("rm", "--force", name);
    assert.match((await run(runtimeCheck)).summary, /There is no container/);
    startContainer(folder);
    const { status, summary, remedy } = await run(runtimeCheck);
    assert.equal(status, "fail");
    assert.match(summary, /replaced by hand/);
    assert.match(remedy ?? "", /npx deck up$/);
  });

  it("says `error` where the engine is lost", async () => {
    const lost = { ...target, host: new LocalHost(`unix://${folder}/nothing.sock`) };
    const { status, summary } = await runtimeCheck.probe(lost, context());
    assert.equal(status, "error");
    assert.match(summary, /did not answer/);
  });
});
