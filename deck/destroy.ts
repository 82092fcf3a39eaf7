/** Destroys a development stack by its own state: nothing that the state does not know is touched. */

import { existsSync } from "node:fs";
import { devFolders } from "./devStack.ts";
import { runEngine } from "./engineRun.ts";
import { refuseForeignContainers } from "./foreign.ts";
import { freeLock } from "./freeLock.ts";
import { removeOwnContainers } from "./ownContainers.ts";
import { keptStacks } from "./ownState.ts";
import { holdsSalt } from "./passphrase.ts";
import { findPulumi } from "./pulumi.ts";
import { DeckError, type World } from "./verb.ts";
import { makeWorkFolder } from "./workFolder.ts";

export interface Destroyed {
  /** What was done. */
  readonly sentence: string;
  /** Volumes that were the stack's; Pulumi leaves them, because the memory outlives what it is mounted in. */
  readonly volumes: readonly string[];
  /** True where its state is not this folder's own. */
  readonly isElsewhere: boolean;
}

/**
 * @throws DeckError, with the state kept: code 2 where another folder holds the stack's name, 3 where it could not be destroyed.
 */
export async function destroyStack(stack: string, world: World, hasEngine: boolean): Promise<Destroyed> {
  const { root, environment } = world;
  const { state } = devFolders(root, stack);
  const { path: pulumi, variables } = await findPulumi({
    root,
    stack,
    environment,
    settings: { requireSignOff: false, secrets: {} },
  });
  const isElsewhere = variables.PULUMI_BACKEND_URL !== `file://${state}`;
  const kept = (await keptStacks(state)).find(({ name }) => name === stack);
  if (kept === undefined && !isElsewhere) await refuseStateUnknown(root, stack);
  if (kept === undefined && !isElsewhere)
    return nothing(`Pulumi keeps no stack \`${stack}\` here, so there is nothing to destroy.`);
  const { hasResources, needsEngine, volumes, containers } = isElsewhere || kept === undefined ? unknown : kept;
  if (!existsSync(pulumi)) {
    if (!hasResources) return nothing(`The stack \`${stack}\` holds nothing, so it goes with its state.`);
    throw new DeckError(
      "unknown",
      `The stack \`${stack}\` holds resources, and there is no Pulumi to destroy them with.`,
      "npm start",
    );
  }
  if (needsEngine && !hasEngine) {
    const problem = `The stack \`${stack}\` has containers, and no Docker engine answers: they would come back with the engine, and nobody would know whose they are.`;
    throw new DeckError("unknown", problem, "docker info");
  }
  if (needsEngine) await refuseForeignContainers(`phillbot-${stack}`, root);
  const all = { ...environment, ...variables };
  await freeLock({ root, stack, environment: all }, world.output);
  // One that the state does not know would keep the network from going.
  if (hasEngine && !isElsewhere) await removeOwnContainers(stack, root, containers);
  // What somebody removed by hand would be an error otherwise.
  const args = ["--skip-preview", "--refresh", "--remove", "--stack", stack, "--yes"];
  await using folder = await makeWorkFolder();
  const { output, signal } = world;
  const engine = { command: "destroy", args, folder: folder.path, root, pulumi, environment: all, verbose: false } as const;
  const { exitCode, tellAll } = await runEngine({ ...engine, output, signal });
  if (exitCode === 0)
    return { sentence: `The stack \`${stack}\` is destroyed: its containers and its network.`, volumes, isElsewhere };
  if (!signal.aborted) await tellAll();
  throw new DeckError(
    "unknown",
    `\`pulumi destroy\` ended with ${exitCode ?? "a signal"}; the stack's state and everything that it names is kept.`,
    "npm run down",
  );
}

const unknown = { hasResources: true, needsEngine: true, volumes: [], containers: [] } as const;
const nothing = (sentence: string): Destroyed => ({ sentence, volumes: [], isElsewhere: false });

/**
 * What Pulumi makes, it notes in its state, and a salt in the settings; it takes both away together. So a salt without a state
 * belongs to a state elsewhere, which nobody could read any more without the passphrase.
 */
async function refuseStateUnknown(root: string, stack: string): Promise<void> {
  const { settingsFile, passphraseFile } = devFolders(root, stack);
  if (!existsSync(passphraseFile) || !(await holdsSalt(settingsFile))) return;
  throw new DeckError(
    "unknown",
    `\`${settingsFile}\` holds an encryption salt, so the stack \`${stack}\` has a state, and it is not in this folder; without its passphrase nobody could read it.`,
    `export PULUMI_BACKEND_URL=<url>; npm run down (where its state is lost for good: rm ${settingsFile})`,
  );
}
