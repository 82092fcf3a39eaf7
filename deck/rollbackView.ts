/** What a rollback would change, part by part, before anybody says yes to it. */

import { shortTree } from "../model/rollback.ts";
import { readDifference } from "../release/difference.ts";
import { partLines } from "./releaseDiff.ts";
import type { Older, Ran } from "./rollbackTarget.ts";
import type { World } from "./verb.ts";

export interface WouldChange {
  readonly text: string;
  /** The parts of the release that differ from what was deployed last. */
  readonly subjects: readonly string[];
}

/** Compared with what was deployed last, where that is known here; else with HEAD. */
export async function wouldChange({ kept, deployment }: Older, ran: Ran, { root, signal }: World): Promise<WouldChange> {
  const { current } = ran;
  try {
    const last = ran.kept.find(({ tree }) => tree === current)?.commit;
    const from = last ?? "HEAD";
    const { files } = await readDifference(root, { from, to: kept.commit, signal });
    const subjects = [...new Set(files.map(({ part }) => part).filter((part) => part !== undefined))].toSorted();
    const than = last === undefined ? "HEAD here" : `what was deployed last (${shortTree(current ?? "")})`;
    const head = `\`${deployment.name}\`, whose gate was open at ${deployment.at}, differs from ${than}:`;
    const lines = partLines(subjects, files).map((line) => `  ${line}`);
    return { subjects, text: [head, ...lines, "The memory, its schema too, stays as it is."].join("\n") };
  } catch (error) {
    signal.throwIfAborted();
    // Whoever goes back must not be kept from it by what is only shown.
    return {
      subjects: [],
      text: `What would change cannot be told part by part. ${error instanceof Error ? error.message : ""}`,
    };
  }
}
