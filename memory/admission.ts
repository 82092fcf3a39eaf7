/** What was judged to take nothing away may be applied: noted where the program that applies finds it, which can judge nothing itself. */

import { createHash } from "node:crypto";
import { access, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Migration, SchemaStep } from "../model/migrations.ts";

/**
 * Notes that a step was judged and may be taken: that very step, by the digests of its files, and no other.
 * @param hasContract true where it may be taken now and on this stack, and another time perhaps not.
 */
export async function admit(projectRoot: string, step: SchemaStep, hasContract: boolean): Promise<void> {
  await mkdir(folderOf(projectRoot), { recursive: true });
  await writeFile(noteOf(projectRoot, step, hasContract), "");
}

/** Takes back what was noted of contracts: whoever is about to judge judges them anew, and where that fails, nobody has. */
export async function withdrawContracts(projectRoot: string): Promise<void> {
  const names = await readdir(folderOf(projectRoot)).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(ofContract)))
    await rm(join(folderOf(projectRoot), name), { force: true });
}

/** Whether a step may be taken: where nothing was applied before, there is nobody to take something from. */
export async function isAdmitted(projectRoot: string, step: SchemaStep): Promise<boolean> {
  if (step.applied.length === 0) return true;
  const noted = (hasContract: boolean) =>
    access(noteOf(projectRoot, step, hasContract)).then(
      () => true,
      () => false,
    );
  return (await noted(false)) || noted(true);
}

const folderOf = (projectRoot: string) => join(projectRoot, ".phillbot", "admitted");
const ofContract = "contract-";

function noteOf(projectRoot: string, { applied, pending }: SchemaStep, hasContract: boolean): string {
  const lines = (all: readonly Migration[]) => all.map(({ version, sha256 }) => `${version} ${sha256}`).sort();
  const digest = createHash("sha256")
    .update(JSON.stringify([lines(applied), lines(pending)]))
    .digest("hex");
  return join(folderOf(projectRoot), `${hasContract ? ofContract : ""}${digest}`);
}
