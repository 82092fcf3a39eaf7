/** Whether a drill can go back from its candidate at all: nothing goes back across a contract that what runs still needs. */

import { contractOf } from "../model/contractMigration.ts";
import { migrationLabel } from "../model/migrations.ts";
import { needingOf } from "../release/needing.ts";
import { TreeMigrations } from "../release/treeMigrations.ts";
import type { Source } from "./drillSource.ts";
import { DeckError, type World } from "./verb.ts";

/**
 * As the throw-away stack will judge it, on which nothing but what runs ever ran before: by git.
 * @throws DeckError with nothing started: code 4 where what runs needs what a contract of the candidate takes away, code 3 where
 * that cannot be told.
 */
export async function refuseUncrossable({ running, candidate }: Source, { root, signal }: World): Promise<void> {
  const { name, tree } = running.named;
  const trees = new TreeMigrations(root, { signal });
  const own = new Set(((await trees.of(tree)) ?? []).map(({ version }) => version));
  const only = { name, tree, base: running.content.base, first: 1 };
  for (const migration of ((await trees.of(candidate.named.tree)) ?? []).filter(({ version }) => !own.has(version))) {
    const contract = contractOf(await trees.text(migration));
    // A head that is wrong is refused by the candidate's own update.
    if (contract === undefined || typeof contract === "string") continue;
    const label = `\`${migrationLabel(migration)}\``;
    const needing = await needingOf(root, contract.lastNeededBy, { all: [only], asked: [only], signal });
    if ("doubt" in needing) {
      const problem = `Whether a drill can go back across the contract migration ${label} cannot be told: ${needing.doubt}. Nothing was started.`;
      throw new DeckError("unknown", problem, needing.remedy);
    }
    if (needing.length === 0) continue;
    const why = `\`${name}\`, which runs, is no newer than ${contract.lastNeededBy}, the last that needs what it takes away`;
    const problem = `A drill cannot go back across the contract migration ${label}: ${why}. No update applies it while that may come back. Nothing was started.`;
    const file = `memory/supabase/migrations/${migrationLabel(migration)}.sql`;
    throw new DeckError(
      "refused",
      problem,
      `git stash push --include-untracked -- ${file} # release without it first; put it into a release after that one`,
    );
  }
}
