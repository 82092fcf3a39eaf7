/** Compares the work tree with the commit by content: what git's own status says of it can be switched off by git's settings. */

import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { lstat, readdir, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { withObjects } from "./objects.ts";
import { type CommittedEntry, documentsFolder, GitFailed, type GitOptions, git, gitText } from "./repository.ts";

/** A path at which the work tree is not what the commit holds, or at which no commit could hold what is deployed. */
export interface Stray {
  readonly path: string;
  readonly how: "changed" | "missing" | "not committed" | "a link" | "a submodule" | "at another commit";
}

export interface WorkTreeOptions extends GitOptions {
  /** The stack whose settings file is deployed from. */
  readonly stack?: string;
}

/** Git looks at another folder than the one that is deployed from. */
export class OtherWorkTree extends Error {
  override readonly name = "OtherWorkTree";
  readonly remedy = "git config --show-origin --get-regexp '^core\\.(worktree|bare)$' # then unset what it shows";

  constructor(folder: string, top: string | undefined) {
    super(`Git's work tree is ${top ?? "none"}, wanted is ${folder}: what changes here does not show there.`);
  }
}

/** What lies in them is deployed as it lies there, whatever git ignores. */
export const deployedFolders = [documentsFolder, "memory/supabase", "operations"];
/** What the Supabase CLI keeps for itself; none of it reaches a database. */
export const scratchFolders = new Set(["memory/supabase/.temp", "memory/supabase/.branches"]);

/**
 * Every difference between the files of a folder and HEAD: committed files by their bytes and executable bits, files that
 * git does not know and does not ignore, and, where files are deployed from or by which Node would load others, ignored ones
 * as well.
 * @throws OtherWorkTree where git's work tree is not this folder.
 */
export async function uncommitted(folder: string, { stack, ...options }: WorkTreeOptions = {}): Promise<Stray[]> {
  return differences(folder, stack === undefined ? deployedFolders : [...deployedFolders, `Pulumi.${stack}.yaml`], options);
}

async function differences(folder: string, deployed: readonly string[], options: GitOptions): Promise<Stray[]> {
  const proven = refuseOtherWorkTree(folder, options);
  const inHead = withObjects(folder, options, (objects) => objects.files("HEAD"));
  const reading = Promise.all([
    inHead,
    knownPaths(folder, options),
    Promise.all(deployed.map((path) => filesBelow(folder, path))),
    inHead.then((files) => changed(folder, { entries: files, deployed }, options)),
  ]);
  // Side by side with it, but nothing is said of another folder.
  for (const each of [inHead, reading]) each.catch(() => undefined);
  await proven;
  const [entries, known, lying, others] = await reading;
  const inCommit = new Set(entries.map(({ path }) => path));
  const added = [...lying.flat(), ...known].filter((path) => !inCommit.has(path));
  const strays: Stray[] = [...others, ...(await present(folder, added)).map((path) => ({ path, how: "not committed" as const }))];
  return [...new Map(strays.map((stray) => [stray.path, stray])).values()];
}

async function refuseOtherWorkTree(folder: string, options: GitOptions): Promise<void> {
  // The name may end in white space.
  const top = await git(folder, ["rev-parse", "--show-toplevel"], options).then(
    (bytes) => bytes.toString("utf8").replace(/\n$/, ""),
    (error) => {
      if (error instanceof GitFailed) return undefined;
      throw error;
    },
  );
  const wanted = await realpath(folder);
  if (top === undefined || (await realpath(top).catch(() => top)) !== wanted) throw new OtherWorkTree(wanted, top);
}

/** What is in the index, which HEAD need not hold, and what git neither knows nor ignores. */
async function knownPaths(folder: string, options: GitOptions): Promise<string[]> {
  const plain = ["-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"];
  return terminated(await git(folder, [...plain, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], options));
}

function terminated(bytes: Buffer): string[] {
  return bytes.toString("utf8").split("\0").slice(0, -1);
}

/** Paths of all that lies below a path, or of what is there instead of a folder. Links are not followed. */
async function filesBelow(folder: string, path: string): Promise<string[]> {
  if (scratchFolders.has(path)) return [];
  const found = await look(join(folder, path));
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  const names = await readdir(join(folder, path));
  return (await Promise.all(names.map((name) => filesBelow(folder, `${path}/${name}`)))).flat();
}

async function look(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

async function present(folder: string, paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => look(join(folder, path))));
  return paths.filter((_, index) => found[index] !== undefined);
}

interface Commit {
  readonly entries: readonly CommittedEntry[];
  readonly deployed: readonly string[];
}

async function changed(folder: string, { entries, deployed }: Commit, options: GitOptions): Promise<Stray[]> {
  const folders = [...new Set(entries.flatMap(({ path }) => foldersAbove(path)))];
  const replaced = await Promise.all(
    folders.map(async (path): Promise<Stray[]> => {
      const found = await look(join(folder, path));
      return found === undefined || found.isDirectory() ? [] : [{ path, how: "changed" }];
    }),
  );
  const loaded = await alsoLoaded(folder, folders, entries);
  const files: CommittedEntry[] = [];
  const others = await Promise.all(
    entries.map(async (entry): Promise<Stray[]> => {
      const { path, mode } = entry;
      const touches = (place: string) => `${path}/`.startsWith(`${place}/`) || place.startsWith(`${path}/`);
      if (mode === "160000") {
        return deployed.some(touches) ? [{ path, how: "a submodule" }] : submodule(folder, entry, options);
      }
      if (mode === "120000" && deployed.some(touches)) return [{ path, how: "a link" }];
      const found = await look(join(folder, path));
      if (found === undefined) return [{ path, how: "missing" }];
      if (mode === "120000") return (await sameLink(folder, entry, found)) ? [] : [{ path, how: "changed" }];
      if (!found.isFile() || (found.mode & 0o100) !== (mode === "100755" ? 0o100 : 0)) return [{ path, how: "changed" }];
      files.push(entry);
      return [];
    }),
  );
  return [...replaced.flat(), ...loaded, ...others.flat(), ...(await otherBytes(folder, files, options))];
}

/**
 * What Node takes into account for a program that lies in these folders, before it comes to the packages at the top: other
 * packages, and a `package.json` that names the folder itself as one. Git may ignore both.
 */
async function alsoLoaded(folder: string, folders: readonly string[], entries: readonly CommittedEntry[]): Promise<Stray[]> {
  const inCommit = new Set(entries.map(({ path }) => path));
  const places = folders.flatMap((path) => [`${path}/node_modules`, `${path}/package.json`]);
  const lying = (await present(folder, places)).filter((path) => !inCommit.has(path));
  // What a commit holds of such a folder need not be all that lies there.
  const paths = await Promise.all(lying.map(async (path) => (folders.includes(path) ? filesBelow(folder, path) : [path])));
  return paths.flat().flatMap((path) => (inCommit.has(path) ? [] : [{ path, how: "not committed" as const }]));
}

function foldersAbove(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

async function sameLink(folder: string, { path, object }: CommittedEntry, found: Stats): Promise<boolean> {
  if (!found.isSymbolicLink()) return false;
  const target = await readlink(join(folder, path), { encoding: "buffer" });
  const hash = createHash(object.length === 40 ? "sha1" : "sha256");
  return hash.update(`blob ${target.length}\0`).update(target).digest("hex") === object;
}

/** Hashed by git: ten thousand small files take it a fraction of what they take Node. */
async function otherBytes(folder: string, files: readonly CommittedEntry[], options: GitOptions): Promise<Stray[]> {
  // Quoted as git unquotes it, since a name may hold a line's end.
  const quoted = files.map(({ path }) => `"${path.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"\n`);
  const stdin = quoted.join("");
  const hashed = await gitText(folder, ["hash-object", "--no-filters", "--stdin-paths"], { ...options, stdin });
  const objects = hashed.split("\n");
  return files.flatMap(({ path, object }, index) => (objects[index] === object ? [] : [{ path, how: "changed" as const }]));
}

/** One that was never fetched is an empty folder. Of any other, commit and content count, whatever it is set to ignore. */
async function submodule(folder: string, { path, object }: CommittedEntry, options: GitOptions): Promise<Stray[]> {
  const inner = join(folder, path);
  const found = await look(inner);
  if (found === undefined) return [{ path, how: "missing" }];
  if (!found.isDirectory()) return [{ path, how: "changed" }];
  if ((await readdir(inner)).length === 0) return [];
  const strays = await differences(inner, [], options);
  if ((await gitText(inner, ["rev-parse", "HEAD"], options)) !== object) return [{ path, how: "at another commit" }];
  return strays.map((stray) => ({ ...stray, path: `${path}/${stray.path}` }));
}
