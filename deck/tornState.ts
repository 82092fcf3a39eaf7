/** Mends a state in a folder that a killed update left torn: Pulumi writes what a stack holds at once, but not what it notes beside it. */

import { readdir, readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { jsonIn } from "../model/jsonIn.ts";
import { backendFolder } from "./backend.ts";

interface InFolder {
  readonly root: string;
  readonly stack: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Removes notes about the stack's file, such as its digest, that are cut off: Pulumi would not read the file for them. It needs
 * none, so this harms nobody, not even an update that is at work. Another kind of backend has no such files.
 */
export async function mendTornState({ root, stack, environment }: InFolder): Promise<void> {
  const state = backendFolder(environment.PULUMI_BACKEND_URL ?? "", { root, home: homedir() });
  if (state === undefined) return;
  const folder = join(state, ".pulumi", "stacks", "phillbot");
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(`${stack}.json`) && each.endsWith(".attrs"))) {
    const text = await readFile(join(folder, name), "utf8").catch(() => undefined);
    if (text !== undefined && jsonIn(text) === undefined) await rm(join(folder, name), { force: true });
  }
}
