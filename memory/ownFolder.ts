/** Folders of this user's own in the place for temporary ones, named after their process, so that what a killed one left is swept. */

import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** True only where it is certain that no such process runs here. */
export type HasEnded = (pid: number) => boolean;

/** Makes `<prefix><pid>-…` for this process alone, mode 0700, and removes what ended processes left of the same prefix. */
export async function makeOwnFolder(parent: string, prefix: string, hasEnded: HasEnded = isGone): Promise<string> {
  await sweep(parent, prefix, hasEnded);
  return mkdtemp(join(parent, `${prefix}${process.pid}-`));
}

/** Removes this user's own whose process has ended. What cannot be removed is in nobody's way. */
async function sweep(parent: string, prefix: string, hasEnded: HasEnded): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(name) ?? [];
    if (pid === undefined || !hasEnded(Number(pid))) continue;
    const path = join(parent, name);
    const found = await lstat(path).catch(() => undefined);
    if (found?.isDirectory() && found.uid === process.getuid?.())
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
