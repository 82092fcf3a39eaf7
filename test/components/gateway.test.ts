import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as docker from "@pulumi/docker";
import { Gateway } from "../../components/gateway.ts";
import { renderGatewayConfig } from "../../model/gatewayConfig.ts";
import { FolderHost, owner } from "./folderHost.ts";
import { type Recorder, type Registered, record, settle } from "./recorder.ts";
import { settingsWith, surroundings } from "./stackSample.ts";

interface Container {
  readonly [key: string]: unknown;
  readonly labels: readonly { readonly label: string; readonly value: string }[];
  readonly ports: readonly unknown[];
  readonly mounts: readonly { readonly target: string; readonly readOnly: boolean }[];
  readonly envs: readonly string[];
}

describe("Gateway", () => {
  let recorder: Recorder;
  let host: FolderHost;
  beforeEach(() => {
    host = new FolderHost();
  });
  afterEach(async () => {
    await recorder.end();
    host.remove();
  });

  const make = async (
    values: Readonly<Record<string, unknown>> = {},
    more: {
      preview?: boolean;
      fingerprint?: string;
      documents?: string;
      slow?: string[];
      earlier?: Registered["inputs"];
      onHost?: string;
    } = {},
  ) => {
    const leftOut = more.earlier === undefined ? {} : { "gateway-validate": more.earlier };
    recorder = await record({ preview: more.preview === true, slow: more.slow ?? [], leftOut });
    const own = { "gateway.uid": owner.uid, "gateway.gid": owner.gid, baseFolder: host.folder };
    const around = surroundings({ ...own, ...values });
    const { layout, settings } = around;
    host.write(layout.envFile, "", 0o600);
    host.write(layout.configFile, more.onHost ?? renderGatewayConfig(settings), 0o444);
    const image = new docker.RemoteImage("gateway-image", { name: "phillbot/gateway:1" });
    const service = new docker.Volume("service", { name: "service" });
    const files = new docker.Volume("env-file", { name: "env-file" });
    const documents = new docker.Volume("documents", { name: "documents" });
    const gateway = new Gateway("gateway", {
      ...around,
      host,
      image,
      envFile: files.id.apply(() => layout.envFile),
      envFileFingerprint: more.fingerprint ?? "f1",
      documents: documents.id.apply(() => more.documents ?? "d1"),
      searchFor: "Hand-off",
      backUp: async () => undefined,
      after: [service],
    });
    const settled = await settle(gateway.settled);
    await recorder.end();
    return { gateway, settled, layout, container: containerIn(recorder.get("gateway-container")) };
  };
  const containerIn = ({ inputs }: Registered) => inputs as unknown as Container;
  const label = ({ labels }: Container, name: string) => labels.find((each) => each.label === name)?.value;

  it("may do little: no capability, no new privileges, an init, its own uid, bounded memory without swap", async () => {
    const { container } = await make({ "gateway.memoryMb": 1500 });
    assert.deepEqual(container.capabilities, { drops: ["ALL"] });
    assert.deepEqual(container.securityOpts, ["no-new-privileges"]);
    assert.equal(container.init, true);
    assert.equal(container.user, `${owner.uid}:${owner.gid}`);
    assert.deepEqual([container.memory, container.memorySwap], [1500, 1500]);
    for (const absent of ["privileged", "devices", "networkMode", "pidMode", "ipcMode", "uploads", "publishAllPorts"])
      assert.ok(!(absent in container), absent);
  });

  it("runs the image and nothing that is put beside it: a read-only root, with folders in memory for what lasts until a stop", async () => {
    const { container } = await make();
    assert.equal(container.readOnly, true);
    assert.deepEqual(Object.keys(container.tmpfs as object), ["/home/node", "/tmp"]);
    for (const options of Object.values(container.tmpfs as Record<string, string>)) assert.match(options, /,size=\d+m,/);
  });

  it("is published on loopback alone", async () => {
    const { container } = await make({ "gateway.port": 4321 });
    assert.deepEqual(container.ports, [{ internal: 18_789, external: 4321, ip: "127.0.0.1", protocol: "tcp" }]);
  });

  it("has 90 s to start, 330 s to stop, and comes back by itself", async () => {
    const { container } = await make();
    assert.equal((container.healthcheck as { startPeriod: string }).startPeriod, "1m30s");
    assert.deepEqual([container.stopTimeout, container.destroyGraceSeconds], [330, 330]);
    assert.equal(container.restart, "unless-stopped");
  });

  it("mounts its configuration and the documents read-only, and writes its state folder alone", async () => {
    const { container } = await make();
    const writable = container.mounts.filter(({ readOnly }) => readOnly !== true).map(({ target }) => target);
    assert.deepEqual(writable, ["/home/node/.openclaw"]);
    assert.deepEqual(
      container.mounts.map(({ target }) => target),
      ["/home/node/.openclaw", "/etc/openclaw", "/home/node/phillbot-context"],
    );
  });

  it("has no secret in its environment: only what the program itself spells out", async () => {
    const { container } = await make();
    const names = container.envs.map((line) => line.split("=", 1)[0]);
    assert.deepEqual(names, [
      "HOME",
      "OPENCLAW_STATE_DIR",
      "OPENCLAW_CONFIG_PATH",
      "OPENCLAW_CONFIG_READONLY",
      "OPENCLAW_NO_AUTO_UPDATE",
      "NODE_OPTIONS",
      "TZ",
    ]);
  });

  it("is seen by `docker compose ps` of the operator's old habit", async () => {
    const { container } = await make();
    assert.equal(label(container, "com.docker.compose.project"), "phillbot");
    assert.equal(label(container, "com.docker.compose.service"), "openclaw-gateway");
    assert.equal(label(container, "com.docker.compose.oneoff"), "False");
    assert.equal(container.name, "phillbot-openclaw-gateway-1");
  });

  it("carries its labels sorted, so that their order is never a change", async () => {
    const names = (await make()).container.labels.map((each) => each.label);
    assert.deepEqual(names, [...names].sort());
  });

  it("is replaced when a secret or the configuration changes, by labels that show neither", async () => {
    const { container } = await make();
    const other = await make({ "telegram.owners": ["7"] }, { fingerprint: "f2" });
    assert.equal(label(container, "phillbot.env-file"), "f1");
    assert.equal(label(other.container, "phillbot.env-file"), "f2");
    const content = renderGatewayConfig(settingsWith());
    assert.equal(label(container, "phillbot.config"), createHash("sha256").update(content).digest("hex"));
    assert.notEqual(label(other.container, "phillbot.config"), label(container, "phillbot.config"));
  });

  it("goes before its successor comes, and is replaced where the provider would change it in place to no effect", async () => {
    await make();
    const { options } = recorder.get("gateway-container");
    assert.equal(options.deleteBeforeReplace, true);
    for (const property of ["healthcheck", "init", "tmpfs", "cpuPeriod", "cpuQuota"])
      assert.ok(options.replaceOnChanges.includes(property), property);
    assert.deepEqual(options.ignoreChanges, []);
    assert.equal(options.protect, false);
  });

  it("has the image on the host, by its id, before the container is touched", async () => {
    const { container } = await make();
    assert.ok(recorder.isAfter("gateway-container", "gateway-image"));
    assert.equal(container.image, "sha256:gateway-image");
  });

  it("validates the configuration in the new image before it is written and before the container is touched", async () => {
    await make({}, { slow: ["gateway-validate"] });
    const { inputs } = recorder.get("gateway-validate");
    assert.equal(inputs.stdin, renderGatewayConfig(settingsWith()));
    assert.match(String(inputs.create), /docker run .*--network none .*sha256:gateway-image .*config validate/);
    assert.ok(recorder.isAfter("gateway-validate", "gateway-image"));
    assert.ok(recorder.isAfter("gateway-config-write", "gateway-validate"));
    assert.ok(recorder.isAfter("gateway-container", "gateway-validate"));
  });

  const validations = () => host.ran.filter(({ argv }) => argv.at(-1)?.includes("config validate"));

  it("asks for no second validation where the command was about this content in this image", async () => {
    await make();
    assert.deepEqual(validations(), []);
  });

  for (const [what, earlier] of [
    ["another content", { stdin: "{}" }],
    ["another image", { create: "docker run sha256:other" }],
  ] as const) {
    it(`validates anew where an update leaves the command out, which was about ${what}`, async () => {
      await make({}, { earlier });
      assert.deepEqual(
        validations().map(({ argv, stdin }) => [argv.includes("sha256:gateway-image"), stdin]),
        [[true, renderGatewayConfig(settingsWith())]],
      );
    });

    it(`neither writes nor mends what is invalid where the command was about ${what}, and leaves the container alone`, async () => {
      host.runs = { code: 1, stdout: '{"issues":[{"path":"noSuchSection"}]}', stderr: "" };
      const path = join(host.folder, "config/openclaw.json");
      const made = make({ "telegram.owners": ["7"] }, { earlier, onHost: "as it was" });
      await assert.rejects(made, /`config validate` ended with 1, wanted 0; .* was not written.*noSuchSection/s);
      assert.equal(readFileSync(path, "utf8"), "as it was");
      assert.ok(!recorder.events.includes("begin gateway-config-write"));
      assert.ok(!recorder.events.includes("begin gateway-container"));
    });
  }

  it("validates nothing itself in a preview", async () => {
    await make({}, { preview: true, earlier: { stdin: "{}" } });
    assert.deepEqual(host.ran, []);
  });

  for (const earlier of ["gateway-image", "gateway-config-write", "env-file", "documents", "service", "network"]) {
    it(`touches the container only once there is ${earlier}, however long that takes`, async () => {
      await make({}, { slow: [earlier] });
      assert.ok(recorder.isAfter("gateway-container", earlier));
    });
  }

  it("names to the engine what the container waits for, so that it goes before them when the stack does", async () => {
    await make();
    const { dependencies } = recorder.get("gateway-container").options;
    for (const name of ["gateway-validate", "service", "network"]) assert.ok(dependencies.includes(name), name);
  });

  it("bounds the processes of the new container, and indexes the documents there", async () => {
    const { gateway, settled } = await make({ "gateway.pids": 300 });
    assert.ok(recorder.isAfter("gateway-pids", "gateway-container"));
    assert.match(
      String(recorder.get("gateway-pids").inputs.create),
      /docker update --pids-limit 300 phillbot-openclaw-gateway-1$/,
    );
    assert.ok(String(recorder.get("gateway-pids").inputs.create).includes("gateway-container-id"));
    assert.ok(recorder.isAfter("gateway-index", "gateway-pids"));
    assert.equal(settled, await settle(gateway.container.id));
  });

  it("indexes again when a document changes, and requires that a search finds one", async () => {
    await make();
    const { inputs } = recorder.get("gateway-index");
    assert.match(
      String(inputs.create),
      /memory index .*memory search .*refresh-index Hand-off .*\/healthz.*\/readyz.* is-down /s,
    );
    await make({}, { documents: "d2" });
    assert.notEqual(recorder.get("gateway-index").inputs.create, inputs.create);
  });

  it("makes an index anew that does not hold the documents, in an update that changes none, and says so", async () => {
    host.index = { documents: 4, stale: ["handoff.md"] };
    await make();
    const [refreshed] = host.ran.filter(({ argv }) => argv.includes("refresh-index"));
    assert.match(refreshed?.argv.join(" ") ?? "", /memory index --agent main --force .*memory search .*refresh-index Hand-off /s);
    const [warning] = recorder.logs.filter(({ level }) => level === "warn");
    assert.match(warning?.text ?? "", /index does not hold 1 of 4 documents as they are; it is made anew/);
  });

  it("leaves an index alone that holds them, and asks for none in a preview", async () => {
    await make();
    assert.ok(!host.ran.some(({ argv }) => argv.includes("refresh-index")));
    host.ran.splice(0);
    host.index = { documents: 4, stale: ["handoff.md"] };
    await make({}, { preview: true });
    assert.deepEqual(host.ran, []);
  });

  it("has no command that undoes anything, and none that is handed what ran before", async () => {
    await make();
    const commands = recorder.registered.filter(({ type }) => type === "command:local:Command");
    assert.equal(commands.length, 4);
    for (const { name, inputs } of commands) {
      for (const absent of ["delete", "update", "triggers", "environment"]) assert.ok(!(absent in inputs), `${name} ${absent}`);
      assert.equal(inputs.addPreviousOutputInEnv, false, name);
    }
  });

  it("restarts the gateway that is older than one of its files, says why, and only then indexes", async () => {
    host.startedAt = "1970-01-01T00:00:00Z";
    await make();
    assert.ok(host.ran.some(({ argv }) => argv.join(" ").startsWith("docker restart --time 330 phillbot-openclaw-gateway-1")));
    const warnings = recorder.logs.filter(({ level, resource }) => level === "warn" && resource === "gateway");
    assert.match(warnings[0]?.text ?? "", /^The gateway was restarted, because .*was written at/);
  });

  it("restarts the gateway whose start is in the future, since no file looks younger after a clock was set back", async () => {
    host.startedAt = new Date(Date.now() + 3_600_000).toISOString();
    await make();
    assert.ok(host.ran.some(({ argv }) => argv.join(" ").startsWith("docker restart --time 330 phillbot-openclaw-gateway-1")));
    const [warning] = recorder.logs.filter(({ level }) => level === "warn");
    assert.match(warning?.text ?? "", /^The gateway was restarted, because its start at .* in the future by the host's clock/);
  });

  it("restarts nothing where the gateway is younger, and nothing in a preview", async () => {
    await make();
    assert.ok(!host.asked.includes("docker restart"));
    host.ran.splice(0);
    host.startedAt = "1970-01-01T00:00:00Z";
    await make({}, { preview: true });
    assert.deepEqual(host.ran, []);
  });

  it("registers its parts as its own children", async () => {
    await make();
    const parents = new Map(recorder.registered.map(({ name, parent }) => [name, parent]));
    for (const name of ["gateway-config", "gateway-validate", "gateway-container", "gateway-pids", "gateway-index"])
      assert.equal(parents.get(name), "gateway", name);
  });
});
