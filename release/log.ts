/** Reads commits field by field, and the paths that each changes, whatever this clone is set to and whatever stands in their words. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GitFailed, type GitOptions, git, gitAnswer, gitText } from "./repository.ts";

/** Settings of this clone that would leave commits out, take others for them, read or print them otherwise, give people other addresses, or merge otherwise. */
export const plain = [
  "core.commitGraph=false",
  "i18n.logOutputEncoding=UTF-8",
  "log.showSignature=false",
  "mailmap.file=",
  "mailmap.blob=",
  "merge.renames=true",
  "merge.directoryRenames=conflict",
  "merge.renameLimit=7000",
  "merge.renormalize=false",
  "merge.default=text",
  "core.attributesFile=/dev/null",
  "trailer.separators=:",
].flatMap((set) => ["-c", set]);

export interface LogAsked extends GitOptions {
  /** Placeholders of `git log --format`; none of them may give a NUL. */
  readonly fields: readonly string[];
  /** Revisions as git takes them, such as `a..b` and `^c`. */
  readonly which: readonly string[];
  /** More of `-c <setting>`. */
  readonly settings?: readonly string[];
}

/** A row a commit, oldest first. NUL stands between fields: all else can stand in a commit's own words, and would pass for git's. */
export async function readLog(
  folder: string,
  { fields, which, settings = [], ...options }: LogAsked,
): Promise<readonly (readonly string[])[]> {
  const format = `--format=${fields.join("%x00")}`;
  const shape = ["log", "-z", "--no-patch", "--reverse", "--topo-order", format];
  const listed = await git(folder, [...plain, ...settings, ...shape, "--end-of-options", ...which, "--"], options);
  const words = listed.toString("utf8").split("\0");
  if (words.length % fields.length !== 1) throw new Error("`git log` gave another form.");
  return Array.from({ length: (words.length - 1) / fields.length }, (_, index) =>
    words.slice(index * fields.length, (index + 1) * fields.length),
  );
}

/** Also where the two are one commit. */
export async function isAncestor(folder: string, older: string, newer: string, options: GitOptions = {}): Promise<boolean> {
  return (await gitAnswer(folder, [...plain, "merge-base", "--is-ancestor", older, newer], options)) !== undefined;
}

// A submodule is a path as any other, whatever `.gitmodules` says of it.
const exactly = ["--name-only", "--no-renames", "--ignore-submodules=none", "-z"];

/** Paths by which two commits differ. */
export async function pathsBetween(
  folder: string,
  older: string,
  newer: string,
  options: GitOptions,
): Promise<readonly string[]> {
  return pathsOf(await git(folder, [...plain, "diff-tree", "-r", ...exactly, older, newer, "--"], options));
}

export interface CommitNamed {
  readonly id: string;
  readonly parents: readonly string[];
}

/**
 * What each commit changes itself; of a first commit, everything. Of a merge that is what differs from every parent, and what
 * differs from the merge that git makes of them: taking one side's file where git would have taken the other's is a change. Where
 * git asks which to take, every answer is one, also that which it leaves there while it asks.
 */
export async function pathsChanged(
  folder: string,
  commits: readonly CommitNamed[],
  options: GitOptions,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const own = await ownPaths(
    folder,
    commits.map(({ id }) => id),
    options,
  );
  const changed = new Map<string, readonly string[]>();
  for (const { id, parents } of commits) {
    const paths = own.get(id) ?? [];
    const more = parents.length < 2 ? [] : await remerged(folder, { id, parents }, options);
    changed.set(id, more.length === 0 ? paths : [...new Set([...paths, ...more])]);
  }
  return changed;
}

/**
 * Paths that each commit changes itself, folders among them where asked for; of a merge, what differs from every parent. All
 * at once: each commit's id, then for each path a field that begins with a colon, and the path; so a path cannot pass for an id.
 */
export async function ownPaths(
  folder: string,
  commits: readonly string[],
  { folders = false, ...options }: GitOptions & { readonly folders?: boolean },
): Promise<ReadonlyMap<string, readonly string[]>> {
  const own = new Map<string, string[]>();
  if (commits.length === 0) return own;
  const asked = new Set(commits);
  // Of a commit that changes nothing it says the id as well: what it does not know, it leaves out without a word.
  const shape = ["--always", "--root", "-r", "-c", "--raw", "--no-renames", "--ignore-submodules=none", "-z"];
  if (folders) shape.push("-t");
  const stdin = commits.map((id) => `${id}\n`).join("");
  const fields = (await git(folder, [...plain, "diff-tree", "--stdin", ...shape], { ...options, stdin }))
    .toString("utf8")
    .split("\0");
  let paths: string[] | undefined;
  for (let at = 0; at < fields.length - 1; at += 1) {
    const field = fields[at] ?? "";
    if (field.startsWith(":") && paths !== undefined) {
      at += 1;
      paths.push(fields[at] ?? "");
    } else if (asked.has(field)) {
      paths = own.get(field) ?? [];
      own.set(field, paths);
    } else throw new Error("`git diff-tree` gave another form.");
  }
  const unknown = commits.find((id) => !own.has(id));
  if (unknown !== undefined) throw new GitFailed(["diff-tree"], undefined, `${unknown} is no commit that is here`);
  return own;
}

/** Where git cannot make the merge again (it is older than 2.35, or there are more than two parents), all that the merge may have touched. */
async function remerged(folder: string, { id, parents }: CommitNamed, options: GitOptions): Promise<readonly string[]> {
  if (parents.length === 2)
    try {
      const shown = ["show", "--format=", "--remerge-diff", ...exactly, id, "--"];
      const changed = pathsOf(await git(folder, [...plain, ...shown], options));
      return [...changed, ...(await conflicted(folder, parents, options))];
    } catch (error) {
      if (!(error instanceof GitFailed) || error.code === undefined) throw error;
    }
  const each = await Promise.all(parents.map((parent) => pathsBetween(folder, parent, id, options)));
  return each.flat();
}

/** Paths at which git stops to ask when it merges these; none where it is older than 2.38, which cannot tell. */
async function conflicted(folder: string, parents: readonly string[], options: GitOptions): Promise<readonly string[]> {
  const scratch = await mkdtemp(join(tmpdir(), "phillbot-merge-"));
  try {
    const real = await gitText(folder, ["rev-parse", "--path-format=absolute", "--git-path", "objects"], options);
    const shape = ["--write-tree", "--name-only", "-z", "--no-messages", "--allow-unrelated-histories"];
    const own = { ...options, scratch: { folder: scratch, real }, code: 1 };
    const listed = await git(folder, [...plain, "merge-tree", ...shape, ...parents], own);
    // The first is the tree that it made.
    return pathsOf(listed).slice(1);
  } catch (error) {
    if (error instanceof GitFailed && error.code === 129) return [];
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const pathsOf = (listed: Buffer): readonly string[] => [
  ...new Set(
    listed
      .toString("utf8")
      .split("\0")
      .filter((path) => path !== ""),
  ),
];
