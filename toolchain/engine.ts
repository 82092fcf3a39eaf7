/** Finds a Docker engine that answers, or starts one by hand on Debian as root. */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { ask, CommandFailed, logged, tail } from "./command.ts";
import type { Layout } from "./layout.ts";
import { findProgram, isDebianRoot, processName, processStart } from "./machine.ts";
import { Missing, noEngine, refusedByEngine, silentEngine } from "./missing.ts";
import { installPackages } from "./packages.ts";
import type { Step, StepContext } from "./steps.ts";

const defaultHost = "unix:///var/run/docker.sock";
const startLimitMs = 60_000;
const pidFiles = { dockerd: "/var/run/docker.pid", containerd: "/var/run/docker/containerd/containerd.pid" };

/** An engine that this clone started. */
interface StartedEngine {
  readonly pid: number;
  readonly start: string | undefined;
}

/** The engine that `docker` talks to: DOCKER_HOST, else the chosen context, else undefined for the default socket. */
export async function engineHost(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  if (env.DOCKER_HOST) return env.DOCKER_HOST;
  // Only a configured context costs the question: the provider does not know contexts by itself.
  if (!env.DOCKER_CONTEXT && !hasContext(env)) return undefined;
  const host = (await ask(["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]))?.trim();
  return host === undefined || host === "" || host === defaultHost ? undefined : host;
}

function hasContext(env: NodeJS.ProcessEnv): boolean {
  try {
    const file = join(env.DOCKER_CONFIG ?? join(homedir(), ".docker"), "config.json");
    const settings: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof settings === "object" && settings !== null && "currentContext" in settings;
  } catch {
    return false;
  }
}

type EngineState = "answers" | "refuses" | "absent";

async function engineState(): Promise<EngineState> {
  const result = await execa("docker", ["version", "--format", "{{.Server.Version}}"], {
    reject: false,
    stdin: "ignore",
    timeout: 10_000,
  });
  if (!result.failed) return "answers";
  return /permission denied/i.test(result.stderr) ? "refuses" : "absent";
}

export function engineStep(layout: Layout): Step {
  return {
    title: "Start a Docker engine",
    done: async () => findProgram("docker") !== undefined && (await engineState()) === "answers",
    run: async (context) => {
      const host = await engineHost();
      if (findProgram("docker") !== undefined) {
        if ((await engineState()) === "refuses") throw new Missing(refusedByEngine(host ?? defaultHost, userInfo().username));
      }
      if (host !== undefined) throw new Missing(silentEngine(host));
      if (!isDebianRoot()) throw new Missing(noEngine(defaultHost));
      await installPackages(["dockerd", "docker"], layout, context);
      await startEngine(layout, context);
    },
  };
}

async function startEngine(layout: Layout, context: StepContext): Promise<void> {
  // The package's own service may be up by now, or on its way.
  if (existsSync("/run/systemd/system")) {
    await logged(["systemctl", "start", "docker"], { log: join(layout.log, "engine.log"), signal: context.signal });
    return waitForEngine(context.signal, "/var/log/journal", () => true);
  }
  const log = join(layout.run, "dockerd.log");
  if (ownerOf(pidFiles.dockerd, "dockerd") !== undefined) return waitForEngine(context.signal, log, () => true);
  clearStale();
  mkdirSync(layout.run, { recursive: true });
  const output = openSync(log, "a");
  const engine = spawn(findProgram("dockerd") ?? "dockerd", [], {
    detached: true,
    stdio: ["ignore", output, output],
    cwd: "/",
    // containerd and iptables lie in sbin.
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin` },
  });
  await new Promise((resolve, reject) => engine.once("spawn", resolve).once("error", reject));
  engine.unref();
  const { pid } = engine;
  if (pid === undefined) throw new CommandFailed("dockerd did not start.");
  const started: StartedEngine = { pid, start: processStart(pid) };
  writeFileSync(recordFile(layout), JSON.stringify(started));
  await waitForEngine(context.signal, log, () => engine.exitCode === null && engine.signalCode === null);
}

/** An engine that was killed leaves its pid behind, which by now may be anybody's; a new one would refuse to start. */
function clearStale(): void {
  for (const [name, file] of Object.entries(pidFiles)) {
    if (existsSync(file) && ownerOf(file, name) === undefined) rmSync(file, { force: true });
  }
}

function ownerOf(pidFile: string, program: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, "utf8").trim());
    return processName(pid) === program ? pid : undefined;
  } catch {
    return undefined;
  }
}

async function waitForEngine(signal: AbortSignal, log: string, isAlive: () => boolean): Promise<void> {
  const deadline = Date.now() + startLimitMs;
  while ((await engineState()) !== "answers") {
    signal.throwIfAborted();
    if (!isAlive()) throw new CommandFailed(`dockerd ended before it answered.\n${tail(log)}\nThe whole log: ${log}`);
    if (Date.now() > deadline) {
      throw new CommandFailed(
        `The Docker engine did not answer within ${startLimitMs / 1000} s.\n${tail(log)}\nThe whole log: ${log}`,
      );
    }
    await sleep(200);
  }
}

function recordFile(layout: Layout): string {
  return join(layout.run, "engine.json");
}

/** The engine that this clone's set-up started, if it still runs. */
export function startedEngine(layout: Layout): StartedEngine | undefined {
  try {
    const engine = JSON.parse(readFileSync(recordFile(layout), "utf8")) as StartedEngine;
    return processName(engine.pid) === "dockerd" && processStart(engine.pid) === engine.start ? engine : undefined;
  } catch {
    return undefined;
  }
}
