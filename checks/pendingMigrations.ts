/** Judges the migrations that a database lacks before any of them is applied: none may take something from the release before. */

import { admit, isAdmitted, withdrawContracts } from "../memory/admission.ts";
import { type DatabaseAccess, withDatabase } from "../memory/database.ts";
import { migrationText, readMigrations } from "../memory/files.ts";
import { readLedger } from "../memory/ledger.ts";
import { type Rehearsed, rehearse } from "../memory/rehearse.ts";
import { type Contract, contractOf, type Needing, refuseContract } from "../model/contractMigration.ts";
import type { Blocker } from "../model/gate.ts";
import { compareMigrations, migrationLabel, type SchemaStep, stepOf } from "../model/migrations.ts";
import { startScratchServer } from "./schemaScratch.ts";

export interface JudgeOptions {
  readonly projectRoot: string;
  /** Who may come back and may need what goes, where a contract names the last release that does. */
  readonly needing: (lastNeededBy: string) => Promise<Needing>;
  readonly signal: AbortSignal;
}

/**
 * The step that an update would take in the database; undefined where it would take none, or may take it: nothing was
 * applied yet, or it was judged before. Throws where the database does not answer; what was noted of a contract is gone then, too.
 */
export async function unjudgedStep(
  { projectRoot, signal }: Pick<JudgeOptions, "projectRoot" | "signal">,
  database: DatabaseAccess,
): Promise<SchemaStep | undefined> {
  await withdrawContracts(projectRoot);
  const tree = readMigrations(projectRoot);
  const step = stepOf(tree, compareMigrations(tree, await withDatabase(database, signal, readLedger)));
  if (step === undefined) return undefined;
  // Whoever else may come back meets a schema that was made anew: what keeps it from that is asked when it does.
  if (step.applied.length === 0) return undefined;
  return !hasContract(projectRoot, step) && (await isAdmitted(projectRoot, step)) ? undefined : step;
}

/** Which releases may come back is another answer each time. */
function hasContract(projectRoot: string, { pending }: SchemaStep): boolean {
  return pending.some((migration) => contractOf(migrationText(projectRoot, migration)) !== undefined);
}

/**
 * What stands in the way of a step; where nothing does, that is noted for the program that applies it. Throws where the
 * copy of the schema could not be made.
 */
export async function refuseStep(step: SchemaStep, options: JudgeOptions): Promise<readonly Blocker[]> {
  const blockers = await judgeStep(step, options);
  if (blockers.length === 0) await admit(options.projectRoot, step, hasContract(options.projectRoot, step));
  return blockers;
}

/** The same without a note, for a step that nobody is about to take. */
export async function judgeStep(
  { applied, pending }: SchemaStep,
  { projectRoot, needing, signal }: JudgeOptions,
): Promise<Blocker[]> {
  const files = pending.map((migration) => {
    const text = migrationText(projectRoot, migration);
    return { ...migration, text, contract: contractOf(text) };
  });
  const refused = await Promise.all(files.map((file) => refuseHead(migrationLabel(file), file.contract, needing)));
  if (refused.some((each) => each.length > 0)) return refused.flat();
  await using server = await startScratchServer(signal);
  const rehearsed = await rehearse(
    {
      ...{ server, projectRoot },
      applied: applied.map((migration) => ({ ...migration, statements: null })),
      pending: files.map((file) => ({ ...file, isContract: file.contract !== undefined })),
    },
    signal,
  );
  return rehearsed.flatMap(blockerOf);
}

/** A contract migration is refused by its head alone: what it takes away is its purpose. */
async function refuseHead(
  label: string,
  contract: Contract | string | undefined,
  needing: JudgeOptions["needing"],
): Promise<readonly Blocker[]> {
  if (contract === undefined) return [];
  if (typeof contract === "string") return [blocker(`\`${label}\` is not applied. ${contract}`)];
  const told = await needing(contract.lastNeededBy);
  const reason = refuseContract(told);
  if (reason === undefined) return [];
  const next = "doubt" in told ? told.remedy : undefined;
  return [blocker(`\`${label}\` is not applied. It takes away what a release needs: ${reason}.`, next)];
}

const lookAtFiles = "npx deck schema check # says the same before it is deployed; docs/builder.md says how a schema changes";
const shown = 5;

function blockerOf(rehearsed: Rehearsed): readonly Blocker[] {
  const { label } = rehearsed;
  if ("failed" in rehearsed) return [blocker(`\`${label}\` fails on a copy of the schema (${rehearsed.failed}).`)];
  const { losses } = rehearsed;
  if (losses.length === 0) return [];
  const more = losses.length > shown ? `; and ${losses.length - shown} more` : "";
  const listed = losses.slice(0, shown).map(({ sentence }) => sentence);
  const reason = `\`${label}\` takes something from the release before it, which could not come back: ${listed.join("; ")}${more}.`;
  return [blocker(`${reason} Expand first: add the new beside the old, and take the old away once no release needs it.`)];
}

function blocker(reason: string, remedy: string = lookAtFiles): Blocker {
  return { check: "schema", reason, remedy };
}
