/** What was judged to take nothing away may be applied: noted where the program that applies finds it, which can judge nothing itself. */

import { createHash } from "node:crypto";
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Migration, SchemaStep } from "../model/migrations.ts";

/** Notes that a step was judged and may be taken: that very step, by the digests of its files, and no other. */
export async function admit(projectRoot: string, step: SchemaStep): Promise<void> {
  const file = noteOf(projectRoot, step);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, "");
}

/** Whether a step may be taken: where nothing was applied before, there is nobody to take something from. */
export async function isAdmitted(projectRoot: string, step: SchemaStep): Promise<boolean> {
  if (step.applied.length === 0) return true;
  return access(noteOf(projectRoot, step)).then(
    () => true,
    () => false,
  );
}

function noteOf(projectRoot: string, { applied, pending }: SchemaStep): string {
  const lines = (all: readonly Migration[]) => all.map(({ version, sha256 }) => `${version} ${sha256}`).sort();
  const digest = createHash("sha256")
    .update(JSON.stringify([lines(applied), lines(pending)]))
    .digest("hex");
  return join(projectRoot, ".phillbot", "admitted", digest);
}
