/** Takes back what set-up brought; whoever calls asks the questions. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { startedEngine } from "./engine.ts";
import { claimsFolder, madeImages, otherClaimant, releaseImages } from "./imageClaims.ts";
import { imageNames, listImages } from "./images.ts";
import { layoutOf } from "./layout.ts";
import { processStart } from "./machine.ts";
import { installedBySetUp } from "./packages.ts";

/** What happened to the engine, and one sentence that says so. */
interface EngineOutcome {
  readonly outcome: "stopped" | "not ours" | "in use" | "still running";
  readonly sentence: string;
}

const stopLimitMs = 60_000;

/** Stops the engine if this clone's set-up started it and nobody else's containers run on it. */
export async function stopEngine(project: string): Promise<EngineOutcome> {
  const engine = startedEngine(layoutOf(project));
  if (engine === undefined)
    return { outcome: "not ours", sentence: "The Docker engine was not started by this set-up, so it goes on." };
  const running = await runningContainers();
  if (running.length > 0) {
    const names = running.join(", ");
    return { outcome: "in use", sentence: `The Docker engine goes on, because containers still run on it: ${names}.` };
  }
  process.kill(engine.pid, "SIGTERM");
  const deadline = Date.now() + stopLimitMs;
  while (processStart(engine.pid) === engine.start) {
    if (Date.now() > deadline) {
      return {
        outcome: "still running",
        sentence: `The Docker engine, process ${engine.pid}, was told to stop and has not yet.`,
      };
    }
    await sleep(100);
  }
  rmSync(join(layoutOf(project).run, "engine.json"), { force: true });
  return { outcome: "stopped", sentence: "The Docker engine that set-up had started is stopped." };
}

/** By name. Asked when one's own are gone, so whatever is left belongs to somebody else. */
async function runningContainers(): Promise<string[]> {
  const result = await execa("docker", ["ps", "--format", "{{.Names}}"], { stdin: "ignore", timeout: 10_000 });
  return result.stdout.split("\n").filter(Boolean);
}

interface RemovedImages {
  readonly removed: readonly string[];
  /** Images of this clone's recipes that are left, and why. */
  readonly kept: readonly { readonly name: string; readonly why: string }[];
}

/**
 * Removes the images that this clone's set-up pulled or built, as far as nobody needs them: no container, running or not, and
 * no other clone that is set up. Whoever else made one is not known, and neither is who uses it.
 *
 * @param claims where the clones of this user say what they use.
 */
export async function removeImages(project: string, claims: string = claimsFolder()): Promise<RemovedImages> {
  const layout = layoutOf(project);
  const made: ReadonlySet<string> = new Set(madeImages(layout));
  const ours: ReadonlySet<string> = new Set([...Object.values(imageNames(project)), ...made]);
  const removed: string[] = [];
  const kept: { name: string; why: string }[] = [];
  // What is built on a base goes before the base.
  const names = [...(await listImages())]
    .filter((name) => ours.has(name))
    .sort((a, b) => Number(a.includes("/base:")) - Number(b.includes("/base:")));
  for (const name of names) {
    const claimant = otherClaimant(claims, layout.project, name);
    if (!made.has(name)) kept.push({ name, why: "not made by this folder's set-up" });
    else if (claimant !== undefined) kept.push({ name, why: `used by ${claimant}` });
    else if (await hasContainers(name)) kept.push({ name, why: "used by a container" });
    else if (await remove(name)) removed.push(name);
    else kept.push({ name, why: "kept by the engine" });
  }
  releaseImages(claims, layout.project);
  return { removed, kept };
}

/** Running or not, whoever's. @throws Error where the engine could not tell. */
async function hasContainers(image: string): Promise<boolean> {
  const argv = ["ps", "--all", "--quiet", "--filter", `ancestor=${image}`];
  return (await execa("docker", argv, { stdin: "ignore", timeout: 10_000 })).stdout !== "";
}

async function remove(image: string): Promise<boolean> {
  const { failed } = await execa("docker", ["image", "rm", image], { reject: false, stdin: "ignore", timeout: 60_000 });
  return !failed;
}

/** Names the Debian packages that stay on the machine, or undefined when set-up installed none. */
export function packagesLeft(project: string): string | undefined {
  const packages = installedBySetUp(layoutOf(project));
  if (packages.length === 0) return undefined;
  return `Debian packages that set-up installed stay: ${packages.join(", ")}. Remove them with \`apt-get remove ${packages.join(" ")}\`.`;
}
