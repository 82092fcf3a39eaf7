/** The scratch PostgreSQL of the `schema` check: the development stack's own, else a container of this machine's engine. */

import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { docker as dockerOn, purposeLabel } from "../host/engine.ts";
import type { RunOptions, RunResult } from "../host/host.ts";
import { LocalHost } from "../host/local.ts";
import { type DatabaseAccess, withDatabase } from "../memory/database.ts";
import { makeOwnFolder } from "../memory/ownFolder.ts";
import type { ScratchServer } from "../memory/scratch.ts";
import { Secret } from "../model/secret.ts";
import type { Target } from "./check.ts";

/** Development stacks have a server of their own; nothing of a hosted project is ever written to. */
export async function scratchServer(
  target: Pick<Target, "settings">,
  database: DatabaseAccess,
  signal: AbortSignal,
): Promise<ScratchServer> {
  const { devServices } = target.settings;
  if (devServices === undefined) return startScratchServer(signal);
  const address = { ...database.address, host: "127.0.0.1", port: devServices.postgresPort };
  return { access: { ...database, address }, passing: false, [Symbol.asyncDispose]: async () => {} };
}

/** A server of its own in a container of this machine's engine: nothing that is done to it reaches any other. */
export async function startScratchServer(signal: AbortSignal): Promise<ScratchServer> {
  return startContainer(await newestImage(signal), signal);
}

const repository = "phillbot/postgres";

async function newestImage(signal: AbortSignal): Promise<string> {
  const listed = await docker(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository], signal);
  const [newest] = listed.split("\n");
  if (newest) return newest;
  throw new Error(`There is no image \`${repository}\` on this machine to compare the schema with; \`npm start\` builds it.`);
}

/** The container ends by itself, should this process not live to remove it. */
const lifetimeSeconds = 300;

/** Starts a throw-away PostgreSQL of `image` on a free port of the loopback; disposing removes it by its id. */
async function startContainer(image: string, signal: AbortSignal): Promise<ScratchServer> {
  const stop = new AsyncDisposableStack();
  const { password, path } = stop.use(await writeScratchPassword());
  try {
    const id = await docker(runArguments(image, path), signal);
    stop.defer(async () => void (await ask(["rm", "--force", "--volumes", id], { timeoutMs: 20_000 })));
    const published = await docker(["port", id, "5432/tcp"], signal);
    const port = Number(published.split("\n")[0]?.split(":").at(-1));
    const access: DatabaseAccess = {
      address: { host: "127.0.0.1", port, name: "postgres", user: "postgres", tls: "disable" },
      password,
    };
    await untilReady(access, signal);
    return { access, passing: true, [Symbol.asyncDispose]: () => stop.disposeAsync() };
  } catch (error) {
    await stop.disposeAsync();
    throw error;
  }
}

/** A new password, and the file of its owner alone that holds it until it is disposed of. */
interface ScratchPassword extends AsyncDisposable {
  readonly password: Secret;
  readonly path: string;
}

/** Writes it in a folder of its own; what a killed process left is swept. */
export async function writeScratchPassword(parent: string = tmpdir()): Promise<ScratchPassword> {
  const password = new Secret(randomBytes(24).toString("hex"));
  const folder = await makeOwnFolder(parent, "phillbot-scratch-");
  const path = join(folder, "password");
  await writeFile(path, password.reveal(), { mode: 0o600 });
  return { password, path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** Durability is worth nothing here, so that the server starts and works faster. */
function runArguments(image: string, passwordFile: string): string[] {
  const container = ["run", "--detach", "--rm", "--publish", "127.0.0.1::5432", "--label", `${purposeLabel}=scratch`];
  const files = ["--volume", `${passwordFile}:/run/secrets/postgres_password:ro`];
  const bounded = ["--entrypoint", "timeout", image, String(lifetimeSeconds), "entrypoint.sh"];
  return [...container, ...files, ...bounded, "-c", "fsync=off", "-c", "full_page_writes=off"];
}

/** A server that is starting refuses connections, or accepts none yet; the deadline bounds the wait. */
async function untilReady(access: DatabaseAccess, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await withDatabase(access, signal, async (client) => void (await client.query("select 1")));
    } catch {
      signal.throwIfAborted();
      await delay(100, undefined, { signal });
    }
  }
}

/** The operator's own engine may be elsewhere than by default, and a process of ours inherits no variable that says so. */
function ask(args: readonly string[], options: RunOptions): Promise<RunResult> {
  const here = new LocalHost(process.env.DOCKER_HOST);
  return here.run(dockerOn(here, ...args), options);
}

async function docker(args: readonly string[], signal: AbortSignal): Promise<string> {
  const { code, stdout, stderr } = await ask(args, { signal, timeoutMs: 60_000 });
  if (code === 0) return stdout.trim();
  throw new Error(`\`docker ${args[0]}\` ended with code ${code}: ${stderr.trim().slice(0, 200)}`);
}
