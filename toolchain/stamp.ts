/** Remembers what a finished thing was made from, so that a changed recipe is made again. */

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Layout } from "./layout.ts";

/** A digest of every file's path, execute bit and content in a folder, and of the given words. */
export function recipeDigest(folder: string, ...words: readonly string[]): string {
  const hash = createHash("sha256");
  for (const word of words) hash.update(`word ${word}\0`);
  for (const file of filesIn(folder)) {
    hash.update(`file ${relative(folder, file)} ${(statSync(file).mode & 0o100) === 0 ? "-" : "x"}\0`);
    hash.update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules")
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

export function readStamp(layout: Layout, name: string): string | undefined {
  try {
    return readFileSync(join(layout.stamps, name), "utf8").trim();
  } catch {
    return undefined;
  }
}

export function writeStamp(layout: Layout, name: string, recipe: string): void {
  mkdirSync(layout.stamps, { recursive: true });
  const file = join(layout.stamps, name);
  writeFileSync(`${file}.new`, `${recipe}\n`);
  renameSync(`${file}.new`, file);
}
