/** Scans files on this machine: the work tree's, the documents, earlier evidence. */

import type { Dirent, Stats } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ExposurePlace } from "../../model/exposures.ts";
import { redact } from "../../model/redact.ts";
import type { Secret } from "../../model/secret.ts";
import { scanNames } from "./names.ts";
import { largestBytes, type Scanner } from "./scanner.ts";
import { scanText, textOf } from "./text.ts";

/** A secret in a file, without its value. */
export interface FileFinding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly kind: string;
  readonly inUse: boolean;
  /** One sentence with the file and the line in it. */
  readonly summary: string;
}

/**
 * Every secret in these files, by absolute path; the values in use are looked for in every form.
 * @throws Error where a file cannot be read: what was not read is not free of secrets.
 */
export async function findSecretsInFiles(files: readonly string[], secrets: ReadonlyMap<string, Secret>): Promise<FileFinding[]> {
  const findings: FileFinding[] = [];
  for (const path of files) {
    const file = redact(path, secrets);
    for (const { line, kind, title, inUse } of await scanText(textOf(await readFile(path)), secrets)) {
      const summary = `${title[0]?.toUpperCase()}${title.slice(1)} stands in \`${file}:${line}\`.`;
      findings.push({ file, line, kind, inUse, summary });
    }
  }
  return findings;
}

/** The bytes of a file, or of a link's own target; undefined for a folder, and for what is gone meanwhile. */
export async function readContent(path: string): Promise<{ readonly bytes: Buffer } | "too large" | undefined> {
  const stats = await lstat(path).catch(gone<Stats>);
  if (stats === undefined || stats.isDirectory()) return undefined;
  if (stats.isSymbolicLink()) return { bytes: Buffer.from(await readlink(path)) };
  if (!stats.isFile()) return undefined;
  if (stats.size > largestBytes) return "too large";
  const bytes = await readFile(path).catch(gone<Buffer>);
  return bytes === undefined ? undefined : { bytes };
}

function gone<T>(error: NodeJS.ErrnoException): T | undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}

/** Scans every file below a folder and its name, whether git knows it or not; a folder that is not there holds none. */
export async function scanFolder(
  scanner: Scanner,
  folder: string,
  named: { readonly place: ExposurePlace; readonly root: string },
): Promise<void> {
  const paths = await filesBelow(folder);
  const names = paths.map((path) => relative(named.root, path));
  await scanNames(scanner, names, { place: named.place });
  for (const path of paths) {
    const shown = relative(named.root, path);
    const content = await readContent(path);
    if (content === "too large") scanner.refuseLarge(shown);
    else if (content !== undefined) await scanner.bytes(content.bytes, { place: named.place, path: shown });
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(gone<Dirent[]>);
  return (entries ?? [])
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
