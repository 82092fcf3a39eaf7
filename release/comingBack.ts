/** Which of what ran may still come back, as far as this machine knows: a migration may take nothing away that one of them needs. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Needing } from "../model/contractMigration.ts";
import { type Deployment, type Deployments, deploymentsIn, treesToKeep } from "../model/deployments.ts";
import { verifyHistory } from "../model/history.ts";
import { forStack } from "../model/operatorCommand.ts";
import { historyFolderOf } from "./history.ts";
import { type KeptPlace, readKept } from "./kept.ts";
import { needingOf } from "./needing.ts";
import { digestOf } from "./records.ts";

interface Place extends KeptPlace {
  readonly evidenceFolder: string;
}

interface ComingBack extends Pick<Deployments, "all"> {
  readonly mayComeBack: readonly Deployment[];
}

/**
 * By the verified copy of the stack's record, since the host is not reached yet where this is asked. What another machine
 * deployed since is missing in it; nothing older is.
 *
 * @param keep how many are kept besides the one that runs.
 * @returns undefined where there is no copy, or it does not hold.
 */
export async function comingBack(place: Place, keep: number): Promise<ComingBack | undefined> {
  const text = await readFile(join(historyFolderOf(place.evidenceFolder), "copy.jsonl"), "utf8").catch(() => undefined);
  const read = text === undefined ? undefined : verifyHistory(text, "", digestOf);
  if (!read?.ok) return undefined;
  const ran = deploymentsIn(read.entries);
  const kept = new Set([...treesToKeep(ran, keep), ...(await readKept(place)).map(({ tree }) => tree)]);
  return { all: ran.all, mayComeBack: ran.all.filter(({ tree }) => kept.has(tree)) };
}

/** Who of them may need what goes after the last release that does, by its own word. */
export async function comingBackInNeed(place: Place, keep: number, lastNeededBy: string): Promise<Needing> {
  const known = await comingBack(place, keep);
  const remedy = forStack("npx deck history", place.stack);
  if (known === undefined)
    return {
      doubt: `which releases may come back cannot be told, ${lastNeededBy} perhaps among them: no copy of the stack's record is here, or it does not hold`,
      remedy: `${remedy} # brings it here, or says what is wrong with it`,
    };
  const asked = { all: known.all, asked: known.mayComeBack };
  const found = await needingOf(place.root, lastNeededBy, asked);
  return "doubt" in found ? found : found.map(({ name }) => name);
}
