/** Which older release comes back, and all that must hold before anything is touched: it is known, signed, whole, and of this very stack. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { availableSecrets, secretEnvNames } from "../host/secretSource.ts";
import { beforeCurrent, type Deployment, type Deployments, deploymentsIn, deploymentsNamed } from "../model/deployments.ts";
import type { HistoryEntry } from "../model/history.ts";
import { forStack } from "../model/operatorCommand.ts";
import { movedSince, withToday } from "../model/rollback.ts";
import { type Settings, settingsSchema } from "../model/settings.ts";
import { formatFaults } from "../model/settingsFault.ts";
import { parseSettings } from "../model/settingsParse.ts";
import { historyPlaceOf, readHistory } from "../release/history.ts";
import { type Kept, keep, keptFault, keptTree, readKept } from "../release/kept.ts";
import { settingsAt } from "../release/manifest.ts";
import { type Cleared, mayDeploy, refusalLines } from "../release/mayDeploy.ts";
import { gitAnswer } from "../release/repository.ts";
import { refuseCutOff } from "./cutOff.ts";
import { imageOf } from "./keptImage.ts";
import { refuseForeign } from "./lease.ts";
import { asRecordFault } from "./recordFault.ts";
import { openStack, type Stack, withHost } from "./session.ts";
import { readRawSettings } from "./stackSettings.ts";
import { type Call, DeckError, type World } from "./verb.ts";

/** What a stack's record says, and what of it is kept here. */
export interface Ran extends Deployments {
  readonly stack: Stack;
  readonly entries: readonly HistoryEntry[];
  readonly kept: readonly Kept[];
}

/** @throws DeckError with code 1 where the record does not hold, with code 3 where it cannot be read; HostUnreachable */
export async function readRan(call: Call, world: World): Promise<Ran> {
  const stack = await openStack(call, world);
  const { entries } = await withHost(stack, async (host) => {
    await refuseForeign(host, stack);
    return readHistory(historyPlaceOf(host, stack));
  }).catch((error: unknown) => asRecordFault(error, call.stack));
  return { stack, entries, ...deploymentsIn(entries), kept: await readKept(stack) };
}

/** @throws DeckError with code 4 for one that never ran behind an open gate here, with code 2 where the word names several. */
export function deploymentNamed(ran: Ran, word: string): Deployment {
  const [found, ...others] = deploymentsNamed(ran, word);
  const list = forStack("npx deck release list", ran.stack.stack);
  if (found === undefined) {
    const problem = `Nothing that ran on \`${ran.stack.stack}\` behind an open gate is called ${JSON.stringify(word.slice(0, 100))}; nothing was touched.`;
    throw new DeckError("refused", problem, list);
  }
  if (others.length > 0) throw new DeckError("usage", `${JSON.stringify(word.slice(0, 100))} may mean several.`, list);
  return found;
}

/** @throws DeckError with code 4 where nothing ran before what is there. */
export function deploymentBefore(ran: Ran): Deployment {
  const found = beforeCurrent(ran);
  if (found !== undefined) return found;
  const problem = `Nothing else ran on \`${ran.stack.stack}\` behind an open gate before, so there is nothing to go back to; nothing was touched.`;
  throw new DeckError("refused", problem, forStack("npx deck history", ran.stack.stack));
}

/** An older release, ready to be brought up. */
export interface Older {
  readonly deployment: Deployment;
  readonly kept: Kept;
  readonly stack: Stack & Required<Pick<Stack, "rollback">>;
  /** What is handed to its program. */
  readonly today: Readonly<Record<string, unknown>>;
  /** What the engine reads in place of the tree's own file: its settings, and by which key today's state is closed. */
  readonly stackFile: string;
  readonly signOff: Cleared;
}

/**
 * @throws DeckError with nothing touched: code 4 where nobody signed it, it was revoked, or the schema went on without it; code 3
 * where that cannot be told; code 2 where it cannot come back here, or is not ready and `make` is false.
 */
export async function openOlder(
  deployment: Deployment,
  ran: Ran,
  { world, make }: { readonly world: World; readonly make: boolean },
): Promise<Older> {
  const { stack, kept: all } = ran;
  await refuseCutOff(deployment, ran, world);
  const place = { root: stack.root, stack: stack.stack };
  const kept = await bring(deployment, { stack, all, make }, world);
  const folder = keptTree(place, kept.tree);
  const [raw, today] = await Promise.all([readRawSettings(folder, stack.stack), readRawSettings(stack.root, stack.stack)]);
  const moved = movedSince(raw, today);
  const named = `\`${deployment.name}\``;
  if (moved.length > 0) {
    const problem = `${named} was deployed to another stack than \`Pulumi.${stack.stack}.yaml\` describes today: ${moved.join(", ")}. Nothing was touched.`;
    const file = `Pulumi.${stack.stack}.yaml`;
    throw new DeckError("usage", problem, `git diff --no-index ${join(folder, file)} ${file}`);
  }
  // What has gone from the settings since is the older program's to know.
  const known = Object.fromEntries(Object.entries(raw).filter(([key]) => key in settingsSchema.shape));
  const parsed = parseSettings(withToday(known, today), stack.stack);
  if (!parsed.ok) throw new DeckError("usage", `The settings of ${named} cannot be used today.\n${formatFaults(parsed.faults)}`);
  const signOff = await mayDeploy(folder, { stack: stack.stack, raw, now: world.now(), signal: world.signal, isRollback: true });
  if (signOff.kind === "refused")
    throw new DeckError(signOff.code === 4 ? "refused" : "unknown", refusalLines(signOff).join("\n"), signOff.remedy);
  await refuseOtherImage(kept, { ...stack, settings: parsed.settings });
  const rollback = { name: deployment.name, tree: kept.tree, folder };
  world.output.hide(await availableSecrets(stack.settings.secrets, { env: stack.environment, projectRoot: stack.root }));
  return {
    ...{ deployment, kept, today, signOff },
    stack: { ...stack, environment: withoutNewer(stack, parsed.settings), settings: parsed.settings, rollback },
    stackFile: await todaysFile(stack, folder),
  };
}

/** The older program has no use for a secret that only today's settings name, and would hand it to all that it starts. */
function withoutNewer({ environment, settings }: Stack, older: Settings): Stack["environment"] {
  const known = new Set(secretEnvNames(older.secrets));
  const newer = secretEnvNames(settings.secrets).filter((name) => !known.has(name));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !newer.includes(name)));
}

/** True where it lies here whole. */
export async function isReady({ tree }: Deployment, { stack, kept }: Pick<Ran, "stack" | "kept">): Promise<boolean> {
  const isKept = kept.some((each) => each.tree === tree);
  return isKept && (await keptFault({ root: stack.root, stack: stack.stack }, { tree })) === undefined;
}

interface There {
  readonly stack: Stack;
  readonly all: readonly Kept[];
  /** True where it may be made; the lease is held then. */
  readonly make: boolean;
}

/** What is kept, whole; what is not there, or not whole, is made anew of the commit where that is here. */
async function bring({ name, tree, commit }: Deployment, { stack, all, make }: There, world: World): Promise<Kept> {
  const place = { root: stack.root, stack: stack.stack };
  const kept = all.find((each) => each.tree === tree);
  const fault = kept === undefined ? undefined : await keptFault(place, kept);
  if (kept !== undefined && fault === undefined) return kept;
  const from = kept?.commit ?? commit;
  const isHere =
    from !== undefined && (await gitAnswer(stack.root, ["rev-parse", "--verify", "--quiet", `${from}^{tree}`])) === tree;
  if (!isHere || from === undefined) {
    const problem = `\`${name}\` is not kept here, and no commit of this clone holds what was deployed; nothing was touched.`;
    throw new DeckError("usage", problem, forStack("npx deck release list", stack.stack));
  }
  if (!make) {
    const problem = `\`${name}\` is not ready here. ${fault ?? "It is not kept here."} A rollback makes it ready from its commit.`;
    throw new DeckError("usage", problem, forStack(`npx deck rollback ${name}`, stack.stack));
  }
  world.output.progress(
    fault === undefined
      ? `\`${name}\` is not kept here; making it ready from its commit.`
      : `${fault} Making it anew from its commit.`,
  );
  try {
    const image = kept?.image ?? (await imageAt(stack, from));
    await keep(place, { tree, commit: from }, image, true);
    return { tree, commit: from, image };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new DeckError(
      "unknown",
      `\`${name}\` could not be made ready; nothing was touched. ${error.message.split("\n", 1)[0]}`,
    );
  }
}

/** Of one that was deployed from elsewhere, the host alone can say what its image is. */
async function imageAt(stack: Stack, commit: string): Promise<Kept["image"]> {
  const settings = await settingsAt(stack.root, { commit, stack: stack.stack });
  const image = await withHost(stack, (host) => imageOf(host, settings));
  if (image === undefined) throw new Error("Its image is not on the host.");
  return image;
}

/** A name may have moved to another image since: that one was never gated. @throws DeckError with code 2 */
async function refuseOtherImage({ image }: Kept, stack: Stack): Promise<void> {
  const found = await withHost(stack, (host) => imageOf(host, stack.settings));
  if (found?.id === image.id) return;
  const problem =
    found === undefined
      ? `The image ${image.name} is not on the host any more; nothing was touched.`
      : `${image.name} is another image on the host than it was then (${image.id.slice(0, 19)}); nothing was touched.`;
  throw new DeckError("usage", problem, `docker pull ${image.name} # on the host; an image that was built here: npm start`);
}

/** The older settings below today's salt and key: by those the state is closed, whatever was used then. */
async function todaysFile({ root, stack }: Stack, folder: string): Promise<string> {
  const file = `Pulumi.${stack}.yaml`;
  const [own, older] = await Promise.all([root, folder].map(async (at) => parse(await readFile(join(at, file), "utf8"))));
  const { config: _config, ...closed } = (own ?? {}) as Record<string, unknown>;
  return stringify({ ...closed, config: (older as { config?: unknown } | null)?.config ?? {} });
}
