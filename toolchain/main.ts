/** Brings what this machine lacks, and says where it is. Run by itself it prints the result as JSON. */

import { mkdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { throughProxy } from "./download.ts";
import { engineHost, engineStep, startedEngine } from "./engine.ts";
import { claimImages, claimsFolder } from "./imageClaims.ts";
import { type Images, imageNames, imageSteps } from "./images.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { lockFile, withLock } from "./lock.ts";
import { Missing } from "./missing.ts";
import { installPackages, missingPackages, type Program } from "./packages.ts";
import { createProgress, duration, type Progress } from "./progress.ts";
import { findCli, pulumiEnv, pulumiSteps } from "./pulumi.ts";
import { allDone, type Lane, runLanes, type Step } from "./steps.ts";

interface PrepareOptions {
  /** The project's root; default: the folder above this file's. */
  readonly project?: string;
  /** Default: a progress of its own on standard error. */
  readonly progress?: Progress;
}

export interface Toolchain {
  /** The Pulumi CLI. */
  readonly pulumi: string;
  /** What a program that uses the CLI or the engine needs on top of its own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly images: Images;
  /** True if the running engine was started by this clone's set-up. */
  readonly startedEngine: boolean;
}

const lockWaitMs = 30 * 60_000;

export async function prepare(options: PrepareOptions = {}): Promise<Toolchain> {
  const layout = layoutOf(options.project ?? resolve(import.meta.dirname, ".."));
  const progress = options.progress ?? createProgress({ terminal: process.stderr });
  const since = Date.now();
  try {
    // Before it is asked what is there: what is claimed, no other clone's `npm run down` takes away any more.
    claimImages(claimsFolder(), { project: layout.project, images: Object.values(imageNames(layout.project)) });
    const lanes = lanesOf(layout);
    if (!(await allDone(lanes))) await bring(lanes, layout, progress);
    progress.say(`✓ Set-up complete (${duration(Date.now() - since)})`);
  } finally {
    progress.close();
  }
  return resultOf(layout);
}

/** Pulumi's lane keeps the processor busy and the engine's the network, so they go side by side. */
function lanesOf(layout: Layout): Lane[] {
  return [[programsStep(layout), engineStep(layout), ...imageSteps(layout)], pulumiSteps(layout)];
}

async function bring(lanes: readonly Lane[], layout: Layout, progress: Progress): Promise<void> {
  const onWait = (owner: { pid: number; project: string }) =>
    progress.say(
      `… Waiting for the set-up of ${owner.project} (process ${owner.pid}), which shares this machine's engine and caches`,
    );
  await withLock({ file: lockFile(), project: layout.project, waitMs: lockWaitMs, onWait }, async () => {
    // Nobody else writes here while the lock is held: what lies here is what an interrupted set-up left.
    rmSync(layout.temporary, { recursive: true, force: true });
    mkdirSync(layout.temporary, { recursive: true });
    await throughProxy(() => runLanes(lanes, progress));
  });
}

/** What the deployment itself runs on this machine. */
const programs: readonly Program[] = ["rsync", "ssh"];

function programsStep(layout: Layout): Step {
  return {
    title: `Install ${programs.join(" and ")}`,
    done: () => missingPackages(programs).length === 0,
    run: (context) => installPackages(programs, layout, context),
  };
}

async function resultOf(layout: Layout): Promise<Toolchain> {
  const host = await engineHost();
  return {
    pulumi: (await findCli(layout)).path,
    env: { ...pulumiEnv(layout), ...(host === undefined ? {} : { DOCKER_HOST: host }) },
    images: imageNames(layout.project),
    startedEngine: startedEngine(layout) !== undefined,
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  try {
    console.log(JSON.stringify(await prepare(), null, 2));
  } catch (error) {
    console.error(
      error instanceof Error ? (error instanceof Missing ? error.message : `${error.name}: ${error.message}`) : String(error),
    );
    process.exitCode = error instanceof Missing ? 2 : 1;
  }
}
