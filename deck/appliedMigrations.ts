/** What the stack's database says is applied, with the text of each as the trees that are here have it. */

import { availableSecrets } from "../host/secretSource.ts";
import { withDatabase } from "../memory/database.ts";
import { migrationText, readMigrations } from "../memory/files.ts";
import { type AppliedMigration, readLedger } from "../memory/ledger.ts";
import type { HistoryEntry } from "../model/history.ts";
import { digestOf } from "../release/records.ts";
import type { TreeMigrations } from "../release/treeMigrations.ts";
import type { Stack } from "./session.ts";
import type { World } from "./verb.ts";

const name = "MEMORY_DATABASE_PASSWORD";
const timeoutMs = 40_000;

/** Every applied migration; where the database does not say, why, without a full stop. */
export async function appliedMigrations(stack: Stack, world: World): Promise<readonly AppliedMigration[] | string> {
  const { settings, environment, root } = stack;
  const found = await availableSecrets(settings.secrets, { env: environment, projectRoot: root, only: name });
  const password = found.get(name);
  if (password === undefined) return `\`${name}\` has no value here`;
  world.output.hide(new Map([[name, password]]));
  const signal = AbortSignal.any([world.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    return await withDatabase({ address: settings.memory.database, password }, signal, readLedger);
  } catch (error) {
    world.signal.throwIfAborted();
    const { code } = error as { code?: unknown };
    return `the database does not answer (${typeof code === "string" ? code : "no connection"})`;
  }
}

/** A migration that a tree holds, and what its file says. */
export interface WithText {
  readonly version: string;
  readonly name: string;
  readonly text: string;
}

/** Those of the work tree; none where it is of a project that has none. */
export function migrationsHere(root: string): readonly WithText[] {
  try {
    return readMigrations(root).map((each) => ({ ...each, text: migrationText(root, each) }));
  } catch {
    return [];
  }
}

/** The trees that were brought up, or begun to be, after an entry of the record, the newest first; undefined stands for those that nobody looked at. */
export function treesAfter(entries: readonly HistoryEntry[], entry: number): readonly (string | undefined)[] {
  const begun = entries.filter(({ number, event }) => number > entry && event === "began");
  return [...new Set(begun.map(({ tree }) => tree).toReversed())];
}

/**
 * What an applied one says: the file with the recorded content where any tree has it; else what the database recorded of it,
 * which is good enough to be refused by. Undefined where nobody knows.
 */
export async function textOfApplied(
  { version, sha256, statements }: AppliedMigration,
  here: readonly WithText[],
  { trees, entries }: { readonly trees: TreeMigrations; readonly entries: readonly HistoryEntry[] },
): Promise<string | undefined> {
  const own = here.find((each) => each.version === version);
  if (own !== undefined && digestOf(own.text) === sha256) return own.text;
  for (const tree of treesAfter(entries, 0)) {
    const found = tree === undefined ? undefined : (await trees.of(tree))?.find((each) => each.version === version);
    const text = found === undefined ? undefined : await trees.text(found);
    if (text !== undefined && digestOf(text) === sha256) return text;
  }
  return statements === null || statements.length === 0 ? undefined : statements.join(";\n");
}
