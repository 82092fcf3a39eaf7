/** A host for tests of checks: this machine's real files, and a Docker engine that says what the test wants. */

import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckContext, Target } from "../../checks/check.ts";
import type { Host, RunOptions, RunResult } from "../../host/host.ts";
import { LocalHost } from "../../host/local.ts";
import type { IndexState } from "../../model/contextState.ts";
import type { Declared } from "../../model/declared.ts";
import { gatePolicySchema } from "../../model/gate.ts";
import { renderGatewayConfig } from "../../model/gatewayConfig.ts";
import { containerSpecText, contentLabels, stackLabels } from "../../model/gatewayContainer.ts";
import { layoutOf, modes } from "../../model/layout.ts";
import { Secret } from "../../model/secret.ts";
import { type Settings, settingsSchema } from "../../model/settings.ts";
import { localSettings } from "../model/settingsSample.ts";

/** What `docker inspect` says, of one container. */
export interface Inspected {
  Id: string;
  Name: string;
  Image: string;
  RestartCount: number;
  State: {
    Status: string;
    OOMKilled: boolean;
    ExitCode: number;
    StartedAt: string;
    Health: { Status: string; FailingStreak: number };
  };
  HostConfig: Record<string, unknown>;
  NetworkSettings: { Networks: Record<string, unknown> };
  Config: { Image: string; Labels: Record<string, string> };
  Mounts: { Type: string; Source: string; Destination: string; RW: boolean }[];
}

/** As the engine says it of a container with the gateway's limits. */
export const confined = Object.freeze({
  Memory: 2048 * 1024 * 1024,
  MemorySwap: 2048 * 1024 * 1024,
  NanoCpus: 0,
  CpuShares: 0,
  CpuQuota: 0,
  CpuPeriod: 0,
  CpusetCpus: "",
  PidsLimit: 512,
  Privileged: false,
  ReadonlyRootfs: true,
  CapAdd: null,
  CapDrop: ["ALL"],
  SecurityOpt: ["no-new-privileges"],
  RestartPolicy: { Name: "unless-stopped", MaximumRetryCount: 0 },
  PortBindings: { "18789/tcp": [{ HostIp: "127.0.0.1", HostPort: "18789" }] },
});

export interface Calls {
  readonly argv: (readonly string[])[];
  readonly stdin: string[];
}

/** As `docker ps` shows it by the format that is asked for. */
function listLine({ Id, Name, Config }: Inspected): string {
  const label = (name: string) => Config.Labels?.[`com.docker.compose.${name}`] ?? "";
  return `${[Id, Name.slice(1), label("project"), label("service")].join("\t")}\n`;
}

export class GatewayHost extends LocalHost {
  /** The engine's containers; undefined where it does not answer. Read at each question. */
  containers: readonly Inspected[] | undefined;
  readonly calls: Calls = { argv: [], stdin: [] };
  /** What the bot's index knows of the documents; undefined where the container cannot be asked. */
  index: IndexState | undefined = { documents: 2, stale: [] };
  /** Called before each answer of the engine, to let the world move on. */
  onInspect: () => void = () => {};

  /** Where the container sees another folder than its mounts say now, by the path inside. */
  readonly seesStill = new Map<string, string>();

  #outside(path: string): string {
    return (
      this.seesStill.get(path) ?? this.containers?.[0]?.Mounts.find(({ Destination }) => Destination === path)?.Source ?? path
    );
  }

  override async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    this.calls.argv.push(argv);
    if (options.stdin !== undefined) this.calls.stdin.push(String(options.stdin));
    if (argv[0] !== "docker") return super.run(argv, options);
    if (this.containers === undefined) return { code: 1, stdout: "", stderr: "Cannot connect to the Docker daemon.\n" };
    if (argv.includes("ps")) return { code: 0, stdout: this.containers.map(listLine).join(""), stderr: "" };
    if (argv.includes("--eval"))
      return this.index === undefined
        ? { code: 1, stdout: "", stderr: "Container is not running.\n" }
        : { code: 0, stdout: JSON.stringify(this.index), stderr: "" };
    if (argv.includes("exec"))
      return super.run(["stat", "-L", "-c", "%d:%i", ...argv.slice(-3).map((path) => this.#outside(path))]);
    this.onInspect();
    return { code: 0, stdout: JSON.stringify(this.containers), stderr: "" };
  }
}

/** A stack as declared, with its files in a folder of its own; the caller removes it. */
export function declaredStack(): {
  readonly folder: string;
  readonly host: GatewayHost;
  readonly target: Target;
  readonly container: Inspected;
  readonly remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), "phillbot-checks-"));
  for (const below of ["state", "config", "docs", "Documentation"]) mkdirSync(join(folder, below));
  for (const [below, mode] of [
    ["state", modes.state],
    ["config", modes.config],
    ["docs", modes.context],
  ] as const)
    chmodSync(join(folder, below), mode);
  const settings = settingsIn(folder);
  const config = renderGatewayConfig(settings);
  const labels = { ...stackLabels(settings, { stack: "test", projectRoot: folder }), ...contentLabels(sha256(config), "f1") };
  const spec = sha256(containerSpecText({ settings, layout: layoutOf(settings), labels }));
  const container = inspected(folder, { ...labels, "phillbot.spec": spec });
  const host = new GatewayHost();
  host.containers = [container];
  const declared: Declared = {
    gateway: {
      name: container.Name.slice(1),
      id: container.Id,
      image: "openclaw:1",
      imageId: container.Image,
      spec,
      port: 18_789,
      memoryMb: 2048,
      pids: 512,
      network: "bot",
      composeProject: "bot",
    },
    config: { path: join(folder, "config/openclaw.json"), sha256: sha256(config) },
    envFile: { path: join(folder, "state/.env"), uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    context: { folder: join(folder, "docs"), manifest: join(folder, "context.sha256"), sha256: "", files: 0 },
    plugin: null,
  };
  writeFileSync(declared.config.path, config, { mode: modes.configFile });
  const target = targetOf(host, { declared, settings }, folder);
  return { folder, host, container, target, remove: () => rmSync(folder, { recursive: true }) };
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Settings that give what the stack declares. */
function settingsIn(folder: string): Settings {
  const { gateway, ...rest } = localSettings();
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const made = { ...(gateway as object), image: "openclaw:1" };
  const secret = (gateway: boolean) => ({ from: { env: "NONE" }, gateway });
  const secrets = { BOT: secret(true), OTHER: secret(true), DATABASE: secret(false) };
  const raw = { ...rest, name: "bot", baseFolder: folder, contextFolder: "docs", gateway: made, secrets };
  const settings = settingsSchema.parse(raw);
  // Tests may run as root, which no gateway may.
  return { ...settings, gateway: { ...settings.gateway, uid, gid } };
}

function targetOf(
  host: Host,
  { declared, settings }: { readonly declared: Declared; readonly settings: Settings },
  folder: string,
): Target {
  return {
    stack: "test",
    settings,
    host,
    declared,
    secrets: new Map(["BOT", "OTHER", "DATABASE"].map((name) => [name, new Secret(`value of ${name}`)])),
    projectRoot: folder,
    evidenceFolder: folder,
  };
}

export function context(signal = AbortSignal.timeout(30_000)): CheckContext & { readonly lines: string[] } {
  const lines: string[] = [];
  const policy = gatePolicySchema.parse({ version: 1 });
  return { signal, now: () => new Date(), policy, progress: (line) => lines.push(line), lines };
}

function inspected(folder: string, labels: Readonly<Record<string, string>>): Inspected {
  const bind = (source: string, destination: string) => ({
    Type: "bind",
    Source: join(folder, source),
    Destination: destination,
    RW: false,
  });
  return {
    Id: "a".repeat(64),
    Name: "/bot-openclaw-gateway-1",
    Image: `sha256:${"b".repeat(64)}`,
    RestartCount: 0,
    State: {
      Status: "running",
      OOMKilled: false,
      ExitCode: 0,
      // After all that a test writes, and not further in the future than clocks may differ.
      StartedAt: new Date(Date.now() + 20_000).toISOString(),
      Health: { Status: "healthy", FailingStreak: 0 },
    },
    HostConfig: confined,
    NetworkSettings: { Networks: { bot: {} } },
    Config: {
      Image: "openclaw:1",
      Labels: {
        ...labels,
        "com.docker.compose.project": "bot",
        "com.docker.compose.service": "openclaw-gateway",
      },
    },
    Mounts: [bind("state", "/home/node/.openclaw"), bind("config", "/etc/openclaw"), bind("docs", "/home/node/phillbot-context")],
  };
}
