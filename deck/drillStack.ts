/** The throw-away stack of a drill: a work tree, state, secrets, ports and names of its own, and nothing of it left behind. */

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { fingerprintKeyPath, readFingerprintKey } from "../checks/scan/fingerprint.ts";
import { carriersOf, hasEnded, thisClaimant } from "../host/claimant.ts";
import { docker } from "../host/engine.ts";
import { mustRun } from "../host/ensure.ts";
import type { Host } from "../host/host.ts";
import { openHost } from "../host/open.ts";
import { jsonIn } from "../model/jsonIn.ts";
import { claimantSchema } from "../model/lease.ts";
import { memoryVolume } from "../model/volumeOwner.ts";
import { addTree, dropTree } from "../release/ownTree.ts";
import { imageNames } from "../toolchain/images.ts";
import { devFolders, ensureDevStack } from "./devStack.ts";
import { findPulumi } from "./pulumi.ts";
import { removeHostFolder } from "./removeFiles.ts";
import { DeckError, type World } from "./verb.ts";

/** By this, what works for a drill is known from all else that runs here. */
export const drillVariable = "PHILLBOT_DRILL";

export interface DrillStack {
  /** Absolute path of its work tree, which is a project of its own. */
  readonly root: string;
  readonly stack: string;
  /** Prefix of its containers, its network and its volume. */
  readonly name: string;
}

const drillsOf = (root: string) => join(root, ".phillbot", "drill");
const noteOf = (root: string) => `${root}.json`;
const idShape = /^[0-9a-f]{12}$/;

function drillStackOf(root: string, id: string): DrillStack {
  const stack = `drill-${id}`;
  return { root: join(drillsOf(root), id), stack, name: `phillbot-${stack}` };
}

/** A name and a place for a new one; nothing is made yet. */
export const newDrillStack = (root: string): DrillStack => drillStackOf(root, randomBytes(6).toString("hex"));

interface Making {
  /** The commit that its work tree begins with. */
  readonly commit: string;
  readonly packages: readonly string[];
  /** Without a secret, and without what leads to another state. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Makes its work tree, settings, secrets and state; nothing of it runs yet. @throws DeckError, GitFailed, Error */
export async function makeDrillStack(
  drill: DrillStack,
  { commit, packages, environment }: Making,
  { root }: World,
): Promise<void> {
  await mkdir(drillsOf(root), { recursive: true, mode: 0o700 });
  // Who is at work on it, so that the next one knows what nobody will clean up any more.
  await writeFile(noteOf(drill.root), JSON.stringify(thisClaimant() ?? null), { mode: 0o600 });
  // Recorded exposures are matched by the clone's own key, which may be yet to be made.
  const key = fingerprintKeyPath(root);
  await readFingerprintKey(key);
  await addTree({ root, packages, shared: ["bin", "pulumi", basename(key)] }, drill.root, commit);
  const images = imageNames(root);
  const host = await openHost({ kind: "local" }, { controlFolder: "" });
  for (const image of [images.telegram, images.rest, images.postgres]) {
    if ((await host.run(docker(host, "image", "inspect", image))).code === 0) continue;
    throw new DeckError(
      "unknown",
      `The image ${image}, which stands in for a hosted service, is not on this machine.`,
      "npm start",
    );
  }
  await ensureDevStack({ projectRoot: drill.root, stack: drill.stack, ownPorts: true, images });
  const { path, variables } = await findPulumi({
    ...drill,
    environment,
    settings: { requireSignOff: false, secrets: {} },
  });
  // Not selected: that would be noted in the folder that all stacks of this clone share.
  await execa(path, ["stack", "init", drill.stack, "--no-select", "--non-interactive"], {
    ...{ cwd: drill.root, env: { ...environment, ...variables }, extendEnv: false, stdin: "ignore", timeout: 120_000 },
  });
}

/** Settings of the gateway's that are the source stack's, but for its port. */
export async function setGateway({ root, stack }: DrillStack, gateway: Readonly<Record<string, unknown>>): Promise<void> {
  const { settingsFile } = devFolders(root, stack);
  const file = parse(await readFile(settingsFile, "utf8")) as { config: Record<string, { port?: unknown } | undefined> };
  const { port } = file.config["phillbot:gateway"] ?? {};
  file.config["phillbot:gateway"] = { ...gateway, port };
  await writeFile(settingsFile, stringify(file));
}

/**
 * Removes what drills left whose process has ended: those that were killed, and those that were kept for a look.
 * @returns those that are at work.
 */
export async function sweepDrills(world: World): Promise<readonly DrillStack[]> {
  const atWork: DrillStack[] = [];
  const names = await readdir(drillsOf(world.root)).catch(() => []);
  const ids = new Set(names.map((name) => name.replace(/\.json$/, "")).filter((name) => idShape.test(name)));
  for (const id of ids) {
    const drill = drillStackOf(world.root, id);
    const owner = claimantSchema.safeParse(jsonIn(await readFile(noteOf(drill.root), "utf8").catch(() => "")));
    // It hands no lease on: what works for it is known by its own variable.
    if (owner.success && !hasEnded(owner.data, "")) {
      atWork.push(drill);
      continue;
    }
    world.output.progress(`Removing what an earlier drill left: ${drill.stack}.`);
    await removeDrillStack(drill, world);
  }
  return atWork;
}

/** How long what works for a drill gets to end by itself, and how long it may take to be gone. */
const [patienceMs, longestMs] = [20_000, 40_000];

/** Where a drill was killed, its update goes on, and an engine that is killed leaves its plugins. @throws DeckError with code 3 */
async function endWork({ stack }: DrillStack): Promise<void> {
  const from = performance.now();
  const asked = new Set<number>();
  for (let left = carriersOf(drillVariable, stack); left.length > 0; left = carriersOf(drillVariable, stack)) {
    const waited = performance.now() - from;
    if (waited > longestMs) throw new DeckError("unknown", `What works for ${stack} does not end.`, `kill -9 ${left.join(" ")}`);
    for (const pid of left) {
      if (waited > patienceMs) send(pid, "SIGKILL");
      else if (!asked.has(pid)) send(pid, "SIGTERM");
      asked.add(pid);
    }
    await sleep(100);
  }
}

function send(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** Removes all of it, by its own name; what is not there is passed over. @throws DeckError with code 3 where something stays. */
export async function removeDrillStack(drill: DrillStack, { root }: Pick<World, "root">): Promise<void> {
  const { name, stack } = drill;
  await endWork(drill);
  const host = await openHost({ kind: "local" }, { controlFolder: "" });
  const ours = () => listed(host, "ps", "--all", "--quiet", "--filter", `name=^/${name}-`);
  // Again: the engine may still be making one for whoever asked last.
  for (let left = await ours(); left.length > 0; left = await ours())
    await mustRun(host, docker(host, "rm", "--force", "--volumes", ...left), { timeoutMs: 120_000 });
  for (const [kind, of] of [
    ["network", name],
    ["volume", memoryVolume(name)],
  ] as const) {
    const found = await listed(host, kind, "ls", "--quiet", "--filter", `name=^${of}$`);
    if (found.length > 0) await mustRun(host, docker(host, kind, "rm", of), { timeoutMs: 60_000 });
  }
  const left = existsSync(drill.root) ? await removeHostFolder(drill.root, stack) : [];
  if (left.length > 0) throw new DeckError("unknown", left.join("\n"));
  await dropTree(root, drill.root);
  await rm(noteOf(drill.root), { force: true });
}

async function listed(host: Host, ...args: readonly string[]): Promise<readonly string[]> {
  const printed = await mustRun(host, docker(host, ...args), { timeoutMs: 60_000 });
  return printed.split("\n").filter((line) => line !== "");
}
