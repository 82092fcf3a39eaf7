/** The source folder of a sync, read and judged on the operator's machine. */

import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { type Manifest, parseManifest, refuseName } from "../model/manifest.ts";
import { execute } from "./execute.ts";

/**
 * The files that a sync of `from` makes, links inside it followed, and their digests. Throws as `listSource` does, and
 * where a file cannot be read.
 */
export async function readSource(from: string): Promise<Manifest> {
  return digests(from, await listSource(from));
}

/**
 * The relative paths of those files. Throws once with every fault: nothing to sync, a link that leaves the folder, leads
 * nowhere or into itself, a name or a kind of file that cannot be synced.
 */
export async function listSource(from: string): Promise<string[]> {
  const faults: string[] = [];
  const root = await realpath(from);
  const files = await walk({ root, folder: root, inside: [root], shown: "" }, faults);
  if (files.length === 0 && faults.length === 0)
    faults.push("It holds no file; an empty source would delete every document on the host.");
  if (faults.length > 0) throw new Error(`${from} cannot be synced. ${faults.join(" ")}`);
  return files;
}

interface Place {
  readonly root: string;
  readonly folder: string;
  /** Real paths of the folders above, to find a link that leads back into one. */
  readonly inside: readonly string[];
  /** Path relative to the source, as the host will have it. */
  readonly shown: string;
}

/** Relative paths of all files below a folder; what cannot be synced goes to `faults`. */
async function walk(place: Place, faults: string[]): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(place.folder, { withFileTypes: true })) {
    const shown = place.shown === "" ? entry.name : `${place.shown}/${entry.name}`;
    const path = join(place.folder, entry.name);
    const fault = refuseName(shown) ?? (entry.isSymbolicLink() ? await refuseLink(path, shown, place) : undefined);
    if (fault !== undefined) {
      faults.push(fault);
      continue;
    }
    const found = entry.isSymbolicLink() ? await stat(path) : entry;
    if (found.isDirectory()) {
      const real = await realpath(path);
      files.push(...(await walk({ ...place, folder: path, inside: [...place.inside, real], shown }, faults)));
    } else if (found.isFile()) files.push(shown);
    else faults.push(`${shown} is neither a file nor a folder.`);
  }
  return files;
}

async function refuseLink(path: string, shown: string, place: Place): Promise<string | undefined> {
  const target = await realpath(path).catch(() => undefined);
  if (target === undefined) return `The link ${shown} leads nowhere.`;
  const below = relative(place.root, target);
  if (below === ".." || below.startsWith(`..${sep}`)) return `The link ${shown} leaves the folder.`;
  return place.inside.includes(target) ? `The link ${shown} leads back into its own folder.` : undefined;
}

/** By sha256sum, as on the host: ten thousand small files take it a fraction of what they take Node. */
async function digests(root: string, files: readonly string[]): Promise<Manifest> {
  const argv = ["sh", "-c", 'cd -- "$1" && exec xargs -0 sha256sum --', "digest", root];
  const listed = await execute(argv, { stdin: files.map((file) => `${file}\0`).join(""), timeoutMs: 600_000 });
  if (listed.code !== 0)
    throw new Error(`${root} could not be read (exit ${listed.code ?? "none"}, wanted 0): ${listed.stderr.trim()}`);
  return parseManifest(listed.stdout);
}
