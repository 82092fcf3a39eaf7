/** Starts and stops the container that plays the production host: sshd on a loopback port, claw, and this machine's engine. */

import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { SshSettings } from "../../host/ssh-options.ts";

const run = promisify(execFile);
const socket = "/var/run/docker.sock";
const label = "phillbot.test=phill";
const context = new URL("../../images/phill/", import.meta.url).pathname;
/** Debian bookworm's docker client speaks up to this version. */
const oldClientApi = 1.41;

export interface PhillOptions {
  /** Absolute path on this machine, made by the caller: phill sees it at the same path, as claw's, because the engine is shared. */
  readonly baseFolder: string;
  /** A small tmpfs below `baseFolder`, which the engine sees as well; `size` as mount has it, such as `64k`. */
  readonly tmpfs?: { readonly path: string; readonly size: string };
  /** The engine's socket on this machine; default `/var/run/docker.sock`. */
  readonly engineSocket?: string;
  /** Joins the machine's own network: what the engine publishes on loopback is on phill's loopback then, as on a real host. */
  readonly sharesLoopback?: boolean;
}

export interface Phill {
  /** The `host` part of a stack's settings. */
  readonly settings: SshSettings;
  readonly container: string;
  /** Stops sshd and everything in it, as a host that goes down; `stop` is still due. */
  kill(): Promise<void>;
  /** Removes the container, the tmpfs, the keys and what lies in `baseFolder`. */
  stop(): Promise<void>;
}

/** Builds the image where it is missing, starts a container of it and waits until it takes connections. */
export async function startPhill(options: PhillOptions): Promise<Phill> {
  const image = await buildPhill();
  const keys = mkdtempSync(join(tmpdir(), "phill-keys-"));
  const undo: (() => Promise<void>)[] = [async () => rmSync(keys, { recursive: true, force: true })];
  const stop = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    await makeKeys(keys);
    undo.push(() => emptyFolder(image, options.baseFolder));
    if (options.tmpfs !== undefined) {
      const { path, size } = options.tmpfs;
      await onMachine(image, ["mount", "-t", "tmpfs", "-o", `size=${size},mode=0777`, "phill", path]);
      undo.push(() => onMachine(image, ["umount", path]));
    }
    const ownPort = options.sharesLoopback === true ? await freePort() : undefined;
    const container = (await docker(runArguments(image, keys, { ...options, ownPort }))).trim();
    undo.push(async () => void (await docker(["rm", "--force", "--volumes", container])));
    await untilHealthy(container);
    const port = ownPort ?? Number((await docker(["port", container, "22/tcp"])).trim().split(":").at(-1));
    const hostKey = readFileSync(join(keys, "host.pub"), "utf8").split(" ").slice(0, 2).join(" ");
    const settings: SshSettings = {
      kind: "ssh",
      address: "127.0.0.1",
      user: "claw",
      port,
      hostKey,
      identityFile: join(keys, "claw"),
    };
    return { settings, container, kill: async () => void (await docker(["kill", container])), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** An image named for its recipe and base, so that a change of either builds anew. */
async function buildPhill(): Promise<string> {
  const local = "phillbot/base:bookworm";
  const minimum = Number((await docker(["version", "--format", "{{.Server.MinAPIVersion}}"])).trim());
  const base = minimum > oldClientApi ? [] : ["--build-arg", `BASE=${local}`];
  const tag = `phillbot/phill:${base.length === 0 ? "trixie" : "bookworm"}`;
  await docker(["build", "--quiet", ...base, "--tag", tag, context]);
  return tag;
}

async function makeKeys(folder: string): Promise<void> {
  for (const name of ["host", "claw"]) {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(folder, name)]);
  }
  writeFileSync(join(folder, "authorized_keys"), readFileSync(join(folder, "claw.pub")));
  // Its parent stays closed: the engine mounts single files out of it.
  chmodSync(folder, 0o700);
}

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

function runArguments(
  image: string,
  keys: string,
  { baseFolder, engineSocket = socket, ownPort }: PhillOptions & { readonly ownPort: number | undefined },
): string[] {
  const mount = (source: string, target: string, more = "") => ["--mount", `type=bind,source=${source},target=${target}${more}`];
  const reached =
    ownPort === undefined ? ["--publish", "127.0.0.1:0:22"] : ["--network", "host", "--env", `LOOPBACK_PORT=${ownPort}`];
  return [
    ...["run", "--detach", "--label", label, "--hostname", "phill", ...reached],
    ...["--env", `BASE_FOLDER=${baseFolder}`],
    ...mount(join(keys, "host"), "/etc/phill/host_key", ",readonly"),
    ...mount(join(keys, "authorized_keys"), "/etc/phill/authorized_keys", ",readonly"),
    ...mount(engineSocket, socket),
    ...mount(baseFolder, baseFolder),
    image,
  ];
}

async function untilHealthy(container: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const state = (await docker(["inspect", "--format", "{{.State.Status}} {{.State.Health.Status}}", container])).trim();
    if (state === "running healthy") return;
    if (Date.now() > deadline || state.startsWith("exited"))
      throw new Error(`phill did not start: ${state}\n${await docker(["logs", container])}`);
    await pause(200);
  }
}

/** Mounts for the machine itself, so that the engine and every container see it: directly as root, else in the machine's own mount namespace. */
export async function onMachine(image: string, argv: readonly string[]): Promise<void> {
  const [file = "", ...args] = argv;
  if (process.getuid?.() === 0) {
    await run(file, args);
    return;
  }
  const enter = ["--privileged", "--pid=host", "--entrypoint", "nsenter", image, "--target", "1", "--mount", "--"];
  await docker(["run", "--rm", "--label", label, ...enter, ...argv]);
}

/** What the host's users left has their uids: only root may remove it. */
async function emptyFolder(image: string, folder: string): Promise<void> {
  const mount = ["--mount", `type=bind,source=${folder},target=/base`];
  const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const script = `find /base -mindepth 1 -delete; chown ${owner} /base`;
  await docker(["run", "--rm", "--label", label, ...mount, "--entrypoint", "sh", image, "-c", script]);
}

async function docker(argv: readonly string[]): Promise<string> {
  return (await run("docker", [...argv], { timeout: 600_000, maxBuffer: 16 * 1024 * 1024 })).stdout;
}
