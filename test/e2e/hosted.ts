/** What production does not run itself, played by containers: Supabase, Telegram, the model provider. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { devServicePorts } from "../../model/layout.ts";
import { docker, until } from "./gatewayStack.ts";
import { type MemoryStack, startMemory } from "./memoryStack.ts";

/** The port on which the provider listens in its container. */
export const providerPort = 8080;

export interface Hosted extends AsyncDisposable {
  readonly memory: MemoryStack;
  /** Telegram's Bot API as this machine reaches it. */
  readonly telegram: string;
  /** The provider's API as this machine reaches it. */
  readonly provider: string;
  /** `postgres://` address, without a password, of a database for Pulumi's state. */
  readonly state: string;
  /** A line of a password file for it, in libpq's format. */
  readonly statePassword: string;
  /** Makes Telegram and the provider reachable from a network that does not exist yet, by these names, as soon as it does. */
  joinNetwork(name: string): Promise<void>;
}

export interface HostedSecrets {
  readonly telegramToken: string;
  readonly providerKey: string;
  readonly statePassword: string;
}

/** @param name prefix of the container that is to be removed with the stack of that name. */
export async function startHosted(name: string, image: string, secrets: HostedSecrets): Promise<Hosted> {
  await using starting = new AsyncDisposableStack();
  const memory = starting.use(await startMemory());
  const telegram = await startTelegram(`${name}-telegram-1`, image, { token: secrets.telegramToken, stop: starting });
  const provider = await startProvider(`${name}-provider-1`, image, { key: secrets.providerKey, stop: starting });
  const { port } = memory.access().address;
  await memory.sql(`create role pulumi login password '${secrets.statePassword}'`);
  await memory.sql("create database pulumi owner pulumi");
  const stop = starting.move();
  return {
    memory,
    telegram,
    provider,
    state: `postgres://pulumi@127.0.0.1:${port}/pulumi?sslmode=disable`,
    statePassword: `127.0.0.1:${port}:pulumi:pulumi:${secrets.statePassword}\n`,
    async joinNetwork(network) {
      await until(
        `the network ${network}`,
        async () => {
          await docker("network", "connect", "--alias", "telegram", network, `${name}-telegram-1`);
          return true;
        },
        300_000,
      );
      await docker("network", "connect", "--alias", "provider", network, `${name}-provider-1`);
    },
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}

interface Played {
  readonly name: string;
  readonly image: string;
  /** The port on which it listens in its container. */
  readonly port: number;
  /** The file that it gets, by its name under `/run/phillbot`, and what stands in it. */
  readonly file: { readonly name: string; readonly content: string };
  /** A program for Node in the place of the image's own. */
  readonly program?: string;
}

/** Starts a container that plays a service, and gives its address on this machine. */
async function startPlayed({ name, image, port, file, program }: Played, stop: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "phillbot-played-"));
  stop.defer(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, file.name);
  // Read by the image's own user; the folder above is closed to every other one of this machine.
  await writeFile(path, file.content, { mode: 0o644 });
  const published = ["--publish", `127.0.0.1:0:${port}`];
  const mounted = ["--mount", `type=bind,source=${path},target=/run/phillbot/${file.name},readonly`];
  const run = program === undefined ? [image] : ["--entrypoint", "node", image, "--eval", program];
  await docker("run", "--detach", "--init", "--label", "phillbot.test=hosted", "--name", name, ...published, ...mounted, ...run);
  stop.defer(async () => void (await docker("rm", "--force", name)));
  const address = `http://127.0.0.1:${(await docker("port", name, `${port}/tcp`)).split(":").at(-1)}`;
  await until(name, async () => ((await fetch(`${address}/healthz`)).ok ? true : undefined));
  return address;
}

const startTelegram = (name: string, image: string, options: { readonly token: string; readonly stop: AsyncDisposableStack }) =>
  startPlayed(
    {
      ...{ name, image, port: devServicePorts.telegram },
      file: { name: "telegram.env", content: `TELEGRAM_BOT_TOKEN=${options.token}\n` },
    },
    options.stop,
  );

/** Answers whoever has the key with a list of models, or with the one that is asked for, and everybody else with 401. */
const providerProgram = `
  const key = require("node:fs").readFileSync("/run/phillbot/provider.key", "utf8");
  const models = [{ id: "claude-sonnet-4-6" }];
  require("node:http").createServer((request, response) => {
    const answer = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const { pathname } = new URL(request.url, "http://provider");
    if (pathname === "/healthz") return answer(200, {});
    if (request.headers["x-api-key"] !== key) return answer(401, { type: "error" });
    if (pathname === "/v1/models") return answer(200, { data: models });
    const model = models.find(({ id }) => pathname === "/v1/models/" + id);
    return model === undefined ? answer(404, { type: "error" }) : answer(200, model);
  }).listen(${providerPort});
`;

const startProvider = (name: string, image: string, options: { readonly key: string; readonly stop: AsyncDisposableStack }) =>
  startPlayed(
    { name, image, port: providerPort, file: { name: "provider.key", content: options.key }, program: providerProgram },
    options.stop,
  );
