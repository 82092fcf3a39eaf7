/** An engine of a test's own, whose machine can lose its power: with ports, containers and images that no other test sees. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { imageNames } from "../../toolchain/images.ts";
import { findProgram } from "../../toolchain/machine.ts";
import { docker, until } from "./gatewayStack.ts";
import { sourceRoot } from "./project.ts";

export interface OwnEngine extends AsyncDisposable {
  /** As `DOCKER_HOST` has it. */
  readonly address: string;
  /** Before a command that is to see the ports that the engine publishes. */
  readonly prefix: readonly string[];
  /** The engine and all that ran on it end at once; what was written stays. */
  losePower(): Promise<void>;
  /** The engine starts as at the machine's boot, and what is to run again by itself does. */
  boot(): Promise<void>;
}

/** Only root starts an engine, and only where one is installed: elsewhere `docker` leads to another machine's. */
export const hasOwnEngine = process.getuid?.() === 0 && findProgram("dockerd") !== undefined;

/**
 * Starts one, with the images of a development stack. A second engine would rewrite the first one's rules of the network, so it
 * has a network of its own: that of a container that does nothing.
 */
export async function startOwnEngine(): Promise<OwnEngine> {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "phillbot-e2e-engine-"));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const { gateway, postgres, rest, telegram } = imageNames(sourceRoot);
  const idle = await docker("run", "--detach", "--network", "none", "--entrypoint", "sleep", gateway, "3600");
  undo.defer(async () => void (await docker("rm", "--force", idle)));
  const pid = await docker("inspect", "--format", "{{.State.Pid}}", idle);
  const prefix = ["nsenter", `--net=/proc/${pid}/ns/net`];
  const address = `unix://${join(folder, "docker.sock")}`;
  const log = openSync(join(folder, "log"), "a");
  undo.defer(() => closeSync(log));
  let engine: ChildProcess | undefined;
  const boot = async () => {
    // As below /run, which lies in memory: what a killed engine left there is gone.
    for (const name of ["run", "run.pid", "docker.sock"]) await rm(join(folder, name), { recursive: true, force: true });
    const places = { "data-root": join(folder, "data"), "exec-root": join(folder, "run"), pidfile: join(folder, "run.pid") };
    const options = Object.entries({ ...places, host: address }).map(([name, value]) => `--${name}=${value}`);
    // No server of names is in reach there; each name would be waited for ten seconds.
    options.push("--dns-opt=timeout:1", "--dns-opt=attempts:1");
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin` };
    const [command = "", ...args] = [...prefix, "dockerd", ...options];
    engine = spawn(command, args, { env, stdio: ["ignore", log, log] });
    await until("the engine to answer", async () => docker("--host", address, "version")).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${(await readFile(join(folder, "log"), "utf8")).slice(-2000)}`);
    });
  };
  const losePower = async () => {
    const isUp = engine !== undefined && engine.exitCode === null && engine.signalCode === null;
    const ended = isUp && engine ? once(engine, "exit") : undefined;
    await until("the end of all that ran", async () => (killBelow(folder) === 0 ? true : undefined));
    await ended;
    await unmountBelow(folder);
  };
  undo.defer(losePower);
  await boot();
  await execa("sh", ["-c", 'docker save "$@" | docker --host "$0" load --quiet', address, gateway, postgres, rest, telegram]);
  const stop = undo.move();
  return { address, prefix, losePower, boot, [Symbol.asyncDispose]: () => stop.disposeAsync() };
}

/** Kills what the engine in `folder` started: its containerd and its shims, which name it, and all below them. @returns how many there were. */
function killBelow(folder: string): number {
  const running = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parents = new Map(running.map((pid) => [pid, parentOf(pid)]));
  const found = new Set(running.filter((pid) => commandOf(pid).includes(`${folder}/`) && pid !== String(process.pid)));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (parent !== undefined && found.has(parent)) found.add(pid);
  }
  for (const pid of found) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  return found.size;
}

function parentOf(pid: string): string | undefined {
  const stat = textOf(pid, "stat");
  const [state = "Z", parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return /[ZX]/.test(state) ? undefined : parent;
}

const commandOf = (pid: string) => (parentOf(pid) === undefined ? "" : textOf(pid, "cmdline").replaceAll("\0", " "));

function textOf(pid: string, file: "stat" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** What a machine without power does not have mounted, at its next boot. */
async function unmountBelow(folder: string): Promise<void> {
  const places = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of places.toReversed()) await execa("umount", ["--lazy", path], { reject: false });
}
