/** What changed from one commit to another, for somebody who is to say whether it is good: files by the part of the release, and commits. */

import { type Part, partOf } from "../model/releaseManifest.ts";
import { commitsSince } from "./changes.ts";
import { readLog } from "./log.ts";
import { withObjects } from "./objects.ts";
import type { CommittedEntry, GitOptions } from "./repository.ts";

export interface ChangedFile {
  readonly path: string;
  readonly how: "added" | "changed" | "removed";
  /** Undefined for what is no part of a release, because it is read as it is when the gate runs. */
  readonly part: Part | undefined;
}

export interface Difference {
  readonly files: readonly ChangedFile[];
  /** What only the second holds, oldest first. */
  readonly commits: readonly { readonly id: string; readonly author: string; readonly subject: string }[];
  /** How many commits only the first holds: what they did is taken back. */
  readonly lost: number;
}

/** @throws GitFailed where one of them is no commit that is here. */
export function readDifference(
  folder: string,
  { from, to, ...options }: GitOptions & { readonly from: string; readonly to: string },
): Promise<Difference> {
  return withObjects(folder, options, async (objects) => {
    const fields = ["%H", "%an", "%s"];
    const [before, after, rows, lost] = await Promise.all([
      objects.files(from),
      objects.files(to),
      readLog(folder, { ...options, fields, which: [`${from}..${to}`] }),
      commitsSince(folder, { ...options, from: to, to: from }),
    ]);
    const commits = rows.map(([id = "", author = "", subject = ""]) => ({ id, author, subject }));
    return { files: changedFiles(before, after), commits, lost: [...lost].filter((id) => id !== "").length };
  });
}

function changedFiles(before: readonly CommittedEntry[], after: readonly CommittedEntry[]): readonly ChangedFile[] {
  const [old, now] = [before, after].map((entries) => new Map(entries.map((entry) => [entry.path, entry])));
  const paths = [...new Set([...before, ...after].map(({ path }) => path))].toSorted();
  return paths.flatMap((path) => {
    const [one, other] = [old?.get(path), now?.get(path)];
    if (one?.object === other?.object && one?.mode === other?.mode) return [];
    const how = one === undefined ? "added" : other === undefined ? "removed" : "changed";
    return [{ path, how, part: partOf(path) }];
  });
}
