/** The stage of the rehearsal: a host that plays phill, a registry, hosted services, and an operator who has a stack like `prod` ready to go up. */

import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Secret } from "../../model/secret.ts";
import { imageNames } from "../../toolchain/images.ts";
import { docker } from "./gatewayStack.ts";
import { type Hosted, providerPort, startHosted } from "./hosted.ts";
import { makeOperator, type Operator, productionSecrets } from "./operator.ts";
import { type Phill, startPhill } from "./phill.ts";
import { removeContainers, sourceRoot } from "./project.ts";
import { type Registry, startRegistry } from "./registry.ts";

export interface Rehearsal extends AsyncDisposable {
  readonly phill: Phill;
  readonly registry: Registry;
  readonly hosted: Hosted;
  readonly operator: Operator;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Prefix of every container of the stack, and its network's name. */
  readonly name: string;
  /** Absolute path of the stack's folder, the same on phill and here. */
  readonly baseFolder: string;
  /** Runs a command on phill as root, beside the operator's way; a user's name makes it that user's. */
  onPhill(argv: readonly string[], user?: string): Promise<string>;
}

/** Starts everything; nothing of the stack is there yet, and its settings are complete. */
export async function startRehearsal(): Promise<Rehearsal> {
  const name = `phillbot-e2e-${randomBytes(4).toString("hex")}`;
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  starting.defer(() => rm(folder, { recursive: true, force: true }));
  const baseFolder = join(folder, "phill");
  const state = join(baseFolder, "state");
  await mkdir(state, { recursive: true });
  const images = imageNames(sourceRoot);
  const [own, statePassword] = [productionSecrets(), randomBytes(16).toString("hex")];
  const value = (secret: string) => own.get(secret)?.reveal() ?? "";
  const hosted = starting.use(
    await startHosted(name, images.telegram, {
      telegramToken: value("TELEGRAM_BOT_TOKEN"),
      providerKey: value("ANTHROPIC_API_KEY"),
      statePassword,
    }),
  );
  const secrets = new Map([...own, ...hosted.memory.target.secrets]);
  const registry = starting.use(await startRegistry(images.gateway, images.debian));
  const phill = await startPhill({ baseFolder, tmpfs: { path: state, size: "64m" }, sharesLoopback: true });
  starting.defer(() => phill.stop());
  // Before phill's folder is emptied: what runs on it has its files open.
  starting.defer(() => removeContainers(name));
  const operator = await makeOperator({
    folder,
    stack: `prod-${name.slice("phillbot-".length)}`,
    secrets,
    state: hosted.state,
    statePassword: hosted.statePassword,
  });
  await operator.configure(await settingsOf({ name, baseFolder, phill, registry, hosted }));
  const stop = starting.move();
  return {
    ...{ phill, registry, hosted, operator, secrets, name, baseFolder },
    onPhill: (argv, user = "root") => docker("exec", "--user", user, phill.container, ...argv),
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}

/** What only the owner has, and where the hosted services are played; all else is as `Pulumi.prod.yaml` has it. */
async function settingsOf({ name, baseFolder, phill, registry, hosted }: Parts) {
  const { url, database } = hosted.memory.target.settings.memory;
  const { host, port, tls } = database;
  return {
    name,
    baseFolder,
    host: phill.settings,
    "gateway.image": registry.image,
    "gateway.digest": registry.digest,
    "gateway.port": await freePort(),
    telegram: { owners: ["42"], apiRoot: hosted.telegram, gatewayApiRoot: "http://telegram:8081" },
    memory: { url, database: { host, port, tls } },
    "provider.apiRoot": hosted.provider,
    "provider.gatewayApiRoot": `http://provider:${providerPort}`,
    rehearsal: "true",
  };
}

type Parts = Pick<Rehearsal, "name" | "baseFolder" | "phill" | "registry" | "hosted">;

/** A port of this machine's loopback that nothing listens on at this moment. */
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
