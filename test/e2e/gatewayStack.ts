/** A gateway with an emulated Telegram on a network of their own, for tests that need no Pulumi: started, steered, removed. */

import { randomBytes, randomInt } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { execute } from "../../host/execute.ts";
import { renderEnvFile } from "../../model/envFile.ts";
import { renderGatewayConfig } from "../../model/gatewayConfig.ts";
import { devServicePorts, gatewayPort, mounts, scratchFolders } from "../../model/layout.ts";
import { Secret } from "../../model/secret.ts";
import { type Settings, settingsSchema } from "../../model/settings.ts";

const uid = 1000;
/** The user that owns the bot in these tests. */
export const owner = "42";

export interface GatewayStack extends AsyncDisposable {
  readonly settings: Settings;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly gateway: string;
  readonly emulator: string;
}

/** Runs docker and gives its output. Throws with what it said on the error stream. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await execute(["docker", ...args], { timeoutMs: 400_000 });
  if (code !== 0) throw new Error(`\`docker ${args.slice(0, 2).join(" ")}\` ended with ${code}: ${stderr.trim()}`);
  return stdout.trim();
}

/** Asks again until `question` gives an answer. Throws what it last threw, or says what it waited for, once the time is up. */
export async function until<T>(what: string, question: () => Promise<T | undefined>, limitMs = 90_000): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const last = await question().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if ("value" in last && last.value !== undefined) return last.value;
    if (Date.now() > end) {
      // In the message, not as its cause: what CI repeats of a failure is the message.
      throw new Error(`Waited ${limitMs} ms for ${what}.${"error" in last ? ` ${last.error}` : ""}`);
    }
    await wait(200);
  }
}

/** The newest local image of a repository. Throws where there is none. */
async function imageOf(repository: string): Promise<string> {
  const tags = await docker("images", repository, "--format", "{{.Repository}}:{{.Tag}}");
  const tag = tags.split("\n")[0];
  if (tag === undefined || tag === "") throw new Error(`There is no image \`${repository}\` here; \`npm start\` builds it.`);
  return tag;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("No port.")),
      );
    });
  });
}

function madeUpSecrets(): ReadonlyMap<string, Secret> {
  const random = () => randomBytes(24).toString("base64url");
  return new Map([
    ["TELEGRAM_BOT_TOKEN", new Secret(`${randomInt(100_000_000, 999_999_999)}:A${randomBytes(17).toString("hex")}`)],
    ["OPENCLAW_GATEWAY_TOKEN", new Secret(random())],
    ["MEMORY_BOT_KEY", new Secret(random())],
  ]);
}

async function makeSettings(name: string, baseFolder: string): Promise<Settings> {
  const [gateway, telegram] = [await freePort(), await freePort()];
  const secret = { from: { env: "UNUSED" }, gateway: true };
  return settingsSchema.parse({
    host: { kind: "local" },
    name,
    baseFolder,
    gateway: { image: await imageOf("phillbot/gateway"), port: gateway },
    telegram: {
      owners: [owner],
      apiRoot: `http://127.0.0.1:${telegram}`,
      gatewayApiRoot: `http://telegram:${devServicePorts.telegram}`,
    },
    memory: { url: "http://127.0.0.1:9", database: { host: "127.0.0.1", tls: "disable" } },
    provider: { name: "none" },
    secrets: { TELEGRAM_BOT_TOKEN: secret, OPENCLAW_GATEWAY_TOKEN: secret, MEMORY_BOT_KEY: { ...secret, gateway: false } },
    devServices: {
      telegramPort: telegram,
      restPort: 9,
      postgresPort: 9,
      images: { telegram: "unused:1", rest: "unused:1", postgres: "unused:1" },
    },
    requireSignOff: false,
  });
}

async function put(path: string, content: string, mode: number): Promise<void> {
  await writeFile(path, content, { mode });
  await chmod(path, mode);
  await chown(path, uid, uid);
}

async function writeFolders(settings: Settings, secrets: ReadonlyMap<string, Secret>) {
  const folder = (name: string) => join(settings.baseFolder, name);
  await chmod(settings.baseFolder, 0o755);
  for (const name of ["state", "config", "context", "telegram"]) {
    await mkdir(folder(name), { mode: 0o700 });
    await chown(folder(name), uid, uid);
  }
  const only = (...names: string[]) => renderEnvFile(new Map([...secrets].filter(([name]) => names.includes(name)))).reveal();
  await put(join(folder("state"), ".env"), only("TELEGRAM_BOT_TOKEN", "OPENCLAW_GATEWAY_TOKEN"), 0o600);
  await put(join(folder("telegram"), "telegram.env"), only("TELEGRAM_BOT_TOKEN"), 0o600);
  await put(join(folder("config"), "openclaw.json"), renderGatewayConfig(settings), 0o444);
  return folder;
}

/** Starts both containers; the gateway still boots when this returns. Its image must be there; the emulator's is built. */
export async function startGatewayStack(): Promise<GatewayStack> {
  const name = `phillbot-e2e-${randomBytes(4).toString("hex")}`;
  const baseFolder = await mkdtemp(join(tmpdir(), `${name}-`));
  const settings = await makeSettings(name, baseFolder);
  const secrets = madeUpSecrets();
  const [gateway, emulator] = [`${name}-openclaw-gateway-1`, `${name}-telegram-1`];
  const remove = async () => {
    await docker("rm", "--force", "--volumes", gateway, emulator);
    await docker("network", "rm", name).catch(() => undefined);
    await rm(baseFolder, { recursive: true, force: true });
  };
  try {
    const folder = await writeFolders(settings, secrets);
    const image = await docker(
      "build",
      "--quiet",
      "--build-arg",
      `BASE=${await imageOf("phillbot/base:node24")}`,
      "images/telegram",
    );
    await docker("network", "create", name);
    const hardened = [
      "--init",
      "--cap-drop",
      "ALL",
      "--security-opt",
      "no-new-privileges",
      "--network",
      name,
      "--user",
      `${uid}:${uid}`,
    ];
    const publish = (host: number, inside: number) => ["--publish", `127.0.0.1:${host}:${inside}`];
    const bind = (source: string, target: string) => ["--volume", `${folder(source)}:${target}`];
    await docker(
      ...["run", "--detach", "--name", emulator, "--network-alias", "telegram", ...hardened],
      ...[
        ...publish(settings.devServices?.telegramPort ?? 0, devServicePorts.telegram),
        ...bind("telegram", "/run/phillbot:ro"),
        image,
      ],
    );
    const environment = {
      HOME: "/home/node",
      OPENCLAW_STATE_DIR: mounts.state,
      OPENCLAW_CONFIG_PATH: mounts.configFile,
      OPENCLAW_CONFIG_READONLY: "1",
      OPENCLAW_NO_AUTO_UPDATE: "1",
      NODE_OPTIONS: "--max-old-space-size=1536",
    };
    await docker(
      ...[
        "run",
        "--detach",
        "--name",
        gateway,
        "--memory",
        "2g",
        "--pids-limit",
        "512",
        "--restart",
        "unless-stopped",
        "--read-only",
        ...Object.entries(scratchFolders({ uid, gid: uid })).flatMap(([path, options]) => ["--tmpfs", `${path}:${options}`]),
        ...hardened,
      ],
      ...Object.entries(environment).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      ...[
        ...publish(settings.gateway.port, gatewayPort),
        ...bind("state", mounts.state),
        ...bind("config", `${mounts.config}:ro`),
      ],
      ...[...bind("context", `${mounts.context}:ro`), settings.gateway.image],
    );
  } catch (error) {
    await remove();
    throw error;
  }
  return { settings, secrets, gateway, emulator, [Symbol.asyncDispose]: remove };
}
