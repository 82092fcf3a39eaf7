/** Scans names, which can hold a secret as well as a content can: of files, of every commit's files, of branches and tags. */

import { createHash } from "node:crypto";
import type { ExposurePlace } from "../../model/exposures.ts";
import { ownPaths } from "../../release/log.ts";
import { git } from "../../release/repository.ts";
import type { Scanner } from "./scanner.ts";

/**
 * Scans names all at once, and one by one only where something was found, to say in which.
 * @param prefixOf what to show before a name, such as the commit that brought it in.
 * @returns true where no secret stands in them.
 */
export async function scanNames(
  scanner: Scanner,
  names: Iterable<string>,
  { place, prefixOf = () => "" }: { place: ExposurePlace; prefixOf?: (name: string) => string },
): Promise<boolean> {
  const all = [...new Set(names)];
  const together = all.join("\n");
  const known = `names ${createHash("sha256").update(together).digest("hex")}`;
  if (together === "" || scanner.isClean(known)) return true;
  const before = scanner.findings.length;
  if ((await scanner.text(together, { place, path: "names" })) === 0) {
    scanner.markClean(known);
    return true;
  }
  const inAny = scanner.findings.splice(before);
  for (const name of all) {
    const from = scanner.findings.length;
    await scanner.text(name, { place, path: `the name of ${name}` });
    for (const [index, finding] of scanner.findings.entries()) {
      if (index < from) continue;
      scanner.findings[index] = { ...finding, location: `${prefixOf(name)}${finding.location.replace(/:\d+$/, "")}` };
    }
  }
  // What no name holds alone may be an accident of their order; it is for a person to say so.
  const found = new Set(scanner.findings.slice(before).map(({ fingerprint }) => fingerprint));
  scanner.findings.push(...inAny.filter(({ fingerprint }) => !found.has(fingerprint)));
  return false;
}

export interface RepositoryNames {
  /** The paths of HEAD, of the index and of the work tree. */
  readonly tree: readonly string[];
  /** The paths that git gives with the objects of the range; of two names of one content it gives one. */
  readonly objects: readonly string[];
  /** The commits of the range. */
  readonly commits: readonly string[];
  /** The refs that are scanned. */
  readonly refs: readonly string[];
}

/** A rotation closes what history alone names, and the name of a branch or a tag, which whoever fetched it keeps. */
export async function scanRepositoryNames(
  scanner: Scanner,
  folder: string,
  { tree, objects, commits, refs }: RepositoryNames,
): Promise<void> {
  const isTreeClean = await scanNames(scanner, tree, { place: "tree" });
  const reached = git(
    folder,
    ["for-each-ref", "--format=%(refname)", "--merged=HEAD", "refs/heads", "refs/tags"],
    bounded(scanner),
  );
  await scanNames(scanner, [...refs, ...lines(await reached)], { place: "history" });
  // What these commits named once is what they name always, and reading it takes longer than all else that is known to be clean.
  const known = `names of commits ${createHash("sha256").update(commits.join("\n")).digest("hex")}`;
  if (scanner.isClean(known)) return;
  const inTree = new Set(tree);
  const brought = await namesOfCommits(scanner, folder, commits);
  const past = [...objects, ...brought.keys()].filter((name) => !inTree.has(name));
  const prefixOf = (name: string) => `${brought.get(name)?.slice(0, 10) ?? "history"}:`;
  const isPastClean = await scanNames(scanner, past, { place: "history", prefixOf });
  // A name that the tree has as well was left out: it may be history's alone the next time.
  if (isTreeClean && isPastClean) scanner.markClean(known);
}

/** Each path that a commit added or changed, folders included, with the first such commit; of a merge, what no parent has as it is. */
async function namesOfCommits(scanner: Scanner, folder: string, commits: readonly string[]): Promise<Map<string, string>> {
  const own = await ownPaths(folder, commits, { folders: true, ...bounded(scanner) });
  // The commits come newest first, so the last to name a path is the first that brought it in.
  return new Map(commits.flatMap((id) => (own.get(id) ?? []).map((path): [string, string] => [path, id])));
}

function lines(output: Buffer): string[] {
  return output
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}

function bounded({ signal }: Scanner) {
  return signal === undefined ? {} : { signal };
}
