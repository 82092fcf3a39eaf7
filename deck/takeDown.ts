/** Takes back what `npm start` made, part by part: what is not there is passed over, and what stays is said. */

import { existsSync } from "node:fs";
import { openHost } from "../host/open.ts";
import { layoutOf } from "../model/layout.ts";
import type { HeldLease } from "../release/lease.ts";
import { ask } from "../toolchain/command.ts";
import { destroyStack } from "./destroy.ts";
import { devFolders } from "./devStack.ts";
import { sweepDrills } from "./drillStack.ts";
import { LeaseUntold, waitForLease } from "./lease.ts";
import { removeOwnContainers } from "./ownContainers.ts";
import { dataLeft, removeMemory } from "./ownData.ts";
import { removeFiles, removeHostFolder } from "./removeFiles.ts";
import { readSignOff } from "./stackSettings.ts";
import { DeckError, type World } from "./verb.ts";

interface KeptImage {
  readonly name: string;
  readonly why: string;
}

/** What set-up takes back itself. */
export interface SetUp {
  readonly removeImages: (
    project: string,
  ) => Promise<{ readonly removed: readonly string[]; readonly kept: readonly KeptImage[] }>;
  readonly stopEngine: (root: string) => Promise<{ readonly outcome: string; readonly sentence: string }>;
  readonly packagesLeft: (root: string) => string | undefined;
}

/**
 * @returns a sentence for each thing that stays on the machine.
 * @throws DeckError: code 2 where the stack is not one that `npm start` made or its name is another folder's, 3 where what
 * it holds could not be destroyed. What is needed to try again is kept then.
 */
export async function takeDown(stack: string, world: World, setUp: SetUp): Promise<readonly string[]> {
  const { root, output } = world;
  if (existsSync(devFolders(root, stack).settingsFile) && (await readSignOff(root, stack)))
    throw new DeckError("usage", `The stack \`${stack}\` requires sign-off, so \`npm start\` did not make it.`);
  const hasEngine = (await ask(["docker", "version", "--format", "{{.Server.Version}}"])) !== undefined;
  // Without its folder no update has begun, and without an engine none is at work on a container.
  await using lease = hasEngine && existsSync(devFolders(root, stack).baseFolder) ? await leaseOf(stack, world) : undefined;
  if (hasEngine) await removeDrills(world);
  const signal = lease === undefined ? world.signal : AbortSignal.any([world.signal, lease.signal]);
  const { sentence, volumes, isElsewhere } = await destroyStack(stack, { ...world, signal }, hasEngine);
  output.progress(sentence);
  if (!hasEngine) output.progress("No Docker engine answers, so no container and no image is removed.");
  else output.progress(await removeContainers(stack, root));
  const foreign: string[] = [];
  for (const volume of volumes) {
    const { isRemoved, sentence } = await removeMemory(volume, root);
    if (isRemoved) output.progress(sentence);
    else foreign.push(sentence);
  }
  const data = [...foreign, ...(hasEngine ? await dataLeft(stack, root) : [])];
  const packages = setUp.packagesLeft(root);
  const lost = await lease?.whyLost();
  if (lost !== undefined) throw new DeckError("unknown", `${lost} Nothing more is removed.`, "npm run down");
  // It goes with its folder.
  await lease?.stop();
  // Before the images: one of them may have to do it.
  const hostFolder = await removeHostFolder(root, stack);
  const images = await setUp.removeImages(root);
  output.progress(`Images removed: ${images.removed.join(", ") || "none"}.`);
  const engine = await setUp.stopEngine(root);
  output.progress(engine.sentence);
  const goesOn = engine.outcome !== "stopped" && engine.outcome !== "not ours";
  const files = await removeFiles(root, stack, { run: goesOn, state: isElsewhere });
  output.progress("The generated settings and secrets are removed.");
  return [
    ...data,
    ...hostFolder,
    ...files,
    ...imagesLeft(images.kept),
    ...(hasEngine ? [] : ["Images stay, if there are any: no Docker engine answers."]),
    ...(packages === undefined ? [] : [packages]),
    "The project's packages stay: rm -r node_modules",
  ];
}

/** Their containers are on the images that go, and their work trees in the folder that goes. */
async function removeDrills(world: World): Promise<void> {
  const [drill] = await sweepDrills(world);
  if (drill === undefined) return;
  throw new DeckError(
    "unknown",
    `A drill is at work on \`${drill.stack}\`: nothing is removed.`,
    "npm run down # once it has ended; Ctrl-C ends it cleanly",
  );
}

/**
 * @returns undefined where the host cannot keep one: on a full disk, this is what makes room.
 * @throws DeckError with code 3 where somebody else is at work on the stack, with nothing touched.
 */
async function leaseOf(stack: string, world: World): Promise<HeldLease | undefined> {
  const host = await openHost({ kind: "local" }, { controlFolder: "" });
  const path = layoutOf({ baseFolder: devFolders(world.root, stack).baseFolder, contextFolder: "" }).lease;
  const wanted = { purpose: "npm run down" };
  try {
    return (await waitForLease({ place: { host, path }, root: world.root, stack }, world, wanted)).lease;
  } catch (error) {
    if (!(error instanceof LeaseUntold)) throw error;
    world.output.progress(`${error.message.split("\n", 1)[0]} It is taken down without it.`);
    return undefined;
  }
}

function imagesLeft(kept: readonly KeptImage[]): string[] {
  if (kept.length === 0) return [];
  const each = kept.map(({ name, why }) => `${name} (${why})`).join(", ");
  return [`Images stay: ${each}. Once nobody needs them: docker image rm ${kept.map(({ name }) => name).join(" ")}`];
}

async function removeContainers(stack: string, root: string): Promise<string> {
  const names = await removeOwnContainers(stack, root, []);
  return names.length === 0 ? "No container of this folder is left." : `Removed what no stack knows: ${names.join(", ")}.`;
}
