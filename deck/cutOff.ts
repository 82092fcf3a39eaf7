/** What can no longer come back, because a contract migration took away what it needs: the database never moves backwards. */

import type { AppliedMigration } from "../memory/ledger.ts";
import { contractOf } from "../model/contractMigration.ts";
import type { Deployment } from "../model/deployments.ts";
import type { HistoryEntry } from "../model/history.ts";
import { migrationLabel } from "../model/migrations.ts";
import { forStack } from "../model/operatorCommand.ts";
import { needingOf } from "../release/needing.ts";
import { TreeMigrations } from "../release/treeMigrations.ts";
import { appliedMigrations, migrationsHere, textOfApplied, treesAfter, type WithText } from "./appliedMigrations.ts";
import type { Stack } from "./session.ts";
import { DeckError, type World } from "./verb.ts";

/** Why one cannot come back, or why nobody can say whether it can, without a capital and a full stop. */
export interface CutOff {
  readonly kind: "refused" | "unknown";
  readonly why: string;
  /** What to type where that is not to look at the schema. */
  readonly remedy?: string;
}

/** What a stack's record says ran on it. */
interface Ran {
  readonly stack: Stack;
  readonly entries: readonly HistoryEntry[];
  readonly all: readonly Deployment[];
}

/** Those of `asked` that are cut off, or may be, by their trees. What was made with a contract, or after it, never is. */
export async function cutOffs(asked: readonly Deployment[], ran: Ran, world: World): Promise<ReadonlyMap<string, CutOff>> {
  const trees = new TreeMigrations(ran.stack.root, { signal: world.signal });
  const lacking: Lacking[] = [];
  for (const deployment of asked) {
    const own = new Set(((await trees.of(deployment.tree)) ?? []).map(({ version }) => version));
    lacking.push({ deployment, lacks: ({ version }) => !own.has(version) });
  }
  const applied = await appliedMigrations(ran.stack, world);
  const here = migrationsHere(ran.stack.root);
  const found =
    typeof applied === "string"
      ? await unasked(applied, lacking, { ran, trees, here })
      : await byLedger(applied, lacking, { ran, trees, here });
  const cut = new Map<string, CutOff>();
  // What is known outweighs what is not.
  for (const { tree, ...each } of [
    ...found.filter(({ kind }) => kind === "unknown"),
    ...found.filter(({ kind }) => kind === "refused"),
  ])
    cut.set(tree, each);
  return cut;
}

/** @throws DeckError with code 4 where it is cut off, with code 3 where nobody can say; nothing was touched. */
export async function refuseCutOff(deployment: Deployment, ran: Ran, world: World): Promise<void> {
  const cut = (await cutOffs([deployment], ran, world)).get(deployment.tree);
  if (cut === undefined) return;
  const { stack } = ran.stack;
  if (cut.kind === "refused") {
    const problem = `\`${deployment.name}\` cannot come back: ${cut.why}. The database never moves backwards; nothing was touched.`;
    throw new DeckError("refused", problem, forStack("npx deck release list # which of them still can", stack));
  }
  const problem = `Whether \`${deployment.name}\` can come back cannot be told: ${cut.why}. Nothing was touched.`;
  throw new DeckError("unknown", problem, cut.remedy ?? forStack("npx deck schema status", stack));
}

interface Lacking {
  readonly deployment: Deployment;
  /** Whether its own tree is without a migration. */
  readonly lacks: (migration: { readonly version: string }) => boolean;
}

interface Known {
  readonly ran: Ran;
  readonly trees: TreeMigrations;
  readonly here: readonly WithText[];
}

type Found = CutOff & { readonly tree: string };

/** By what the database has. */
async function byLedger(
  applied: readonly AppliedMigration[],
  lacking: readonly Lacking[],
  known: Known,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const migration of applied) {
    const without = lacking.filter(({ lacks }) => lacks(migration)).map(({ deployment }) => deployment);
    if (without.length === 0) continue;
    const text = await textOfApplied(migration, known.here, { trees: known.trees, entries: known.ran.entries });
    found.push(...(await whoNeeds({ ...migration, text }, without, known)));
  }
  return found;
}

/** Where the database does not say what it has: whatever was brought up since may have applied what it holds. */
async function unasked(silence: string, lacking: readonly Lacking[], known: Known): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const { deployment, lacks } of lacking) {
    const { tree: target } = deployment;
    const files = new Map(known.here.filter(lacks).map((each) => [`${each.version} ${each.text}`, each]));
    for (const tree of treesAfter(known.ran.entries, deployment.entry)) {
      const held = tree === undefined ? undefined : await known.trees.of(tree);
      const which = tree === undefined ? "what was brought up since" : tree.slice(0, 12);
      if (held === undefined) found.push({ tree: target, ...unheld(`${silence}, and this clone does not hold ${which}`) });
      for (const each of (held ?? []).filter(lacks)) {
        const text = await known.trees.text(each);
        files.set(`${each.version} ${text}`, { ...each, text });
      }
    }
    for (const file of files.values())
      for (const needs of await whoNeeds(file, [deployment], known))
        found.push({ ...needs, kind: "unknown", why: `${silence}, and it may have \`${migrationLabel(file)}\`: ${needs.why}` });
  }
  return found;
}

/** What another clone deployed may be had from where both push. */
const unheld = (why: string) => ({ kind: "unknown", why, remedy: "git fetch origin # and once more" }) as const;

const hint = (remedy: string | undefined) => (remedy === undefined ? {} : { remedy });

/** Those that a migration cuts off where it is a contract, and those of which that cannot be told. */
async function whoNeeds(
  migration: { readonly version: string; readonly name: string; readonly text: string | undefined },
  asked: readonly Deployment[],
  { ran }: Known,
): Promise<readonly Found[]> {
  const label = `\`${migrationLabel(migration)}\``;
  const unknown = (why: string) => asked.map(({ tree }) => ({ tree, kind: "unknown", why }) as const);
  if (migration.text === undefined) return unknown(`the database has ${label}, and nobody here knows what it says`);
  const contract = contractOf(migration.text);
  if (contract === undefined) return [];
  if (typeof contract === "string") return unknown(`the database has ${label}. ${contract.replace(/\.$/, "")}`);
  const needing = await needingOf(ran.stack.root, contract.lastNeededBy, { all: ran.all, asked });
  const took = `the contract migration ${label} took away what was last needed by ${contract.lastNeededBy}`;
  if ("doubt" in needing) return unknown(`${took}, and ${needing.doubt}`).map((each) => ({ ...each, ...hint(needing.remedy) }));
  return needing.map(({ tree }) => ({ tree, kind: "refused", why: took }) as const);
}
