/** Which of what ran may still come back, as far as this machine knows: a migration may take nothing away that one of them needs. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ComingBack } from "../model/contractMigration.ts";
import { deploymentsIn, treesToKeep } from "../model/deployments.ts";
import { verifyHistory } from "../model/history.ts";
import { historyFolderOf } from "./history.ts";
import { type KeptPlace, readKept } from "./kept.ts";
import { digestOf } from "./records.ts";

/**
 * By the verified copy of the stack's record, since the host is not reached yet where this is asked. What another machine
 * deployed since is missing in it; nothing older is.
 *
 * @param keep how many are kept besides the one that runs.
 * @returns oldest first; undefined where there is no copy, or it does not hold.
 */
export async function comingBack(
  place: KeptPlace & { readonly evidenceFolder: string },
  keep: number,
): Promise<readonly ComingBack[] | undefined> {
  const text = await readFile(join(historyFolderOf(place.evidenceFolder), "copy.jsonl"), "utf8").catch(() => undefined);
  const read = text === undefined ? undefined : verifyHistory(text, "", digestOf);
  if (!read?.ok) return undefined;
  const ran = deploymentsIn(read.entries);
  const kept = new Set([...treesToKeep(ran, keep), ...(await readKept(place)).map(({ tree }) => tree)]);
  return ran.all
    .toSorted((one, other) => one.entry - other.entry)
    .map(({ name, tree }) => ({ id: name, mayComeBack: kept.has(tree) }));
}
