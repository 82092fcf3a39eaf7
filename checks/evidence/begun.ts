/** When the last update began to touch things: a verdict of before that says nothing of what is there now. */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

const file = "update-begun";

/** Written before the first resource; an update that is killed on its way leaves nothing else behind on this machine. */
export async function markBegun(evidenceFolder: string, at: Date): Promise<void> {
  await mkdir(evidenceFolder, { recursive: true, mode: 0o700 });
  const path = join(evidenceFolder, file);
  await writeFile(`${path}.new`, `${at.toISOString()}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** @returns undefined where no update was begun from here; an invalid date, which no verdict is later than, where the file was spoilt. */
export async function lastBegun(evidenceFolder: string): Promise<Date | undefined> {
  const text = await readFile(join(evidenceFolder, file), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : new Date(text.trim());
}
