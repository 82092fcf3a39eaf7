/** A folder for one run of Pulumi, which nobody else may enter; those of runs that were killed are swept. */

import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { makeOwnFolder } from "../memory/ownFolder.ts";
import { hasEnded } from "../toolchain/machine.ts";

export interface WorkFolder extends AsyncDisposable {
  /** Absolute path. */
  readonly path: string;
}

/** Makes one, named after this process; goes when disposed. */
export async function makeWorkFolder(parent: string = tmpdir()): Promise<WorkFolder> {
  const path = await makeOwnFolder(parent, "phillbot-update-", hasEnded);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
