/** Applies this tree's migrations to a database by the Supabase CLI, one deploy at a time. */

import type { Client } from "pg";
import { z } from "zod";
import {
  compareMigrations,
  inState,
  type Migration,
  type MigrationStatus,
  migrationLabel,
  type SchemaStep,
  stepOf,
} from "../model/migrations.ts";
import { type DatabaseAccess, databaseUrl, withDatabase } from "./database.ts";
import { memoryFolder, migrationText, readMigrations } from "./files.ts";
import { type AppliedMigration, ensureDigests, readLedger, recordDigests } from "./ledger.ts";
import { supabaseCli } from "./supabaseCli.ts";

/**
 * - `applied`: what was pending is applied.
 * - `up-to-date`: nothing was pending.
 * - `ahead`: the database holds migrations that this tree does not have; nothing was applied.
 * - `refused`: this tree's file of an applied migration has another content, or nobody judged what is pending; nothing was
 *   applied.
 */
export interface ApplyResult {
  readonly outcome: "applied" | "up-to-date" | "ahead" | "refused";
  /** One sentence for a person. */
  readonly message: string;
  /** Labels of the migrations, oldest first. */
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  readonly ahead: readonly string[];
  readonly edited: readonly string[];
}

export interface ApplyOptions {
  readonly projectRoot: string;
  readonly database: DatabaseAccess;
  /** Whether a step was judged to take nothing from the release before. */
  readonly isAdmitted: (step: SchemaStep) => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** Any number that no other project's advisory lock is likely to have: `phillbot` in ASCII. */
const deployLock = "8100118280402591604";
const lockWaitMs = 60_000;

/**
 * Applies what is pending, under an advisory lock that a second deploy waits for up to a minute. Never reverts, repairs
 * or drops. Throws where the database cannot be reached, the lock cannot be had, or a migration fails.
 */
export async function applyMigrations({ projectRoot, database, isAdmitted, signal }: ApplyOptions): Promise<ApplyResult> {
  const tree = readMigrations(projectRoot);
  return withDatabase(database, signal, async (client) => {
    await takeLock(client);
    const statuses = compareMigrations(tree, await adopt(client, { projectRoot, tree }));
    const settled = settledAlready(statuses);
    if (settled !== undefined) return settled;
    const step = stepOf(tree, statuses);
    if (step === undefined || !(await isAdmitted(step))) return notJudged(inState(statuses, "pending"));
    await ensureDigests(client);
    await recordDigests(client, step.pending);
    await push({ projectRoot, database, signal });
    await assertApplied(client, tree);
    // PostgREST keeps the functions it knows in a cache; a server that does not listen is not disturbed.
    await client.query("notify pgrst, 'reload schema'");
    const applied = step.pending.map(migrationLabel);
    return result("applied", `Applied: ${applied.join(", ")}.`, { applied });
  });
}

/** Held until the connection ends, whatever ends it. */
async function takeLock(client: Client): Promise<void> {
  await client.query(`set lock_timeout = ${lockWaitMs}`);
  await client.query("select pg_advisory_lock($1::bigint)", [deployLock]);
  await client.query("reset lock_timeout");
}

/** The result where there is nothing to push, or where nothing may be. */
function settledAlready(statuses: readonly MigrationStatus[]): ApplyResult | undefined {
  const [pending, ahead] = [inState(statuses, "pending"), inState(statuses, "ahead")];
  const edited = [...inState(statuses, "edited"), ...inState(statuses, "unrecorded")];
  const found = { pending, ahead, edited };
  if (edited.length > 0) {
    const message = `Nothing was applied: the file of an applied migration was edited (${edited.join(", ")}). Restore it from git and add a new migration instead.`;
    return result("refused", message, found);
  }
  if (ahead.length > 0) {
    const left = pending.length > 0 ? ` Not applied because of that: ${pending.join(", ")}.` : "";
    return result("ahead", `The database is ahead of this tree by ${ahead.join(", ")}; nothing was applied.${left}`, found);
  }
  if (pending.length === 0) return result("up-to-date", "The database holds every migration of this tree.", found);
  return undefined;
}

/** As where the database did not answer when the update began. */
function notJudged(pending: readonly string[]): ApplyResult {
  const message = `Nothing was applied: whether ${pending.join(", ")} would take something from the release before was not judged. Run the update again: it judges what is pending before it begins, where the database answers.`;
  return result("refused", message, { pending });
}

function result(outcome: ApplyResult["outcome"], message: string, lists: Partial<ApplyResult>): ApplyResult {
  return { applied: [], pending: [], ahead: [], edited: [], ...lists, outcome, message };
}

/**
 * A migration that was pushed by hand has no digest. Where the recorded statements are this tree's file, its digest is
 * kept now; otherwise it stays unrecorded, which counts as edited.
 */
async function adopt(
  client: Client,
  { projectRoot, tree }: { projectRoot: string; tree: readonly Migration[] },
): Promise<AppliedMigration[]> {
  const ledger = await readLedger(client);
  const unrecorded = new Map(
    ledger.filter(({ sha256 }) => sha256 === null).map(({ version, statements }) => [version, statements]),
  );
  const own = tree.filter((migration) => {
    const statements = unrecorded.get(migration.version);
    return statements != null && bare(statements.join("")) === bare(migrationText(projectRoot, migration));
  });
  if (own.length === 0) return ledger;
  await ensureDigests(client);
  await recordDigests(client, own);
  return readLedger(client);
}

/** Without what the CLI drops where it cuts a file into statements. */
function bare(sql: string): string {
  return sql.replace(/[\s;]+/g, "");
}

const pushed = z.object({ migrations: z.array(z.string()) });

/** The CLI applies each file in a transaction of its own. */
async function push({ projectRoot, database, signal }: Omit<ApplyOptions, "isAdmitted">): Promise<void> {
  await supabaseCli(["db", "push", `--remote=${databaseUrl(database.address)}`, "--yes"], pushed, {
    workdir: memoryFolder(projectRoot),
    databases: [database],
    signal,
    authorityFile: database.address.authorityFile,
    told: pushFailure,
  });
}

/**
 * Where and why a push failed, without what was remembered: details quote rows, and errors of class 22, or that a
 * migration raises itself, quote values.
 */
export function pushFailure(message: string): string {
  const [first = ""] = message.split("\n");
  const state = /\(SQLSTATE (\w{5})\)/.exec(message)?.[1];
  const quoting = state === undefined ? false : /^(22|P0)/.test(state) || !first.includes(state);
  const at = /^At statement: \d+$/m.exec(message)?.[0];
  return [quoting ? `ERROR (SQLSTATE ${state})` : first, at].filter((part) => part !== undefined).join(", ");
}

/** What the CLI says is not taken for what the database holds. */
async function assertApplied(client: Client, tree: readonly Migration[]): Promise<void> {
  const missing = compareMigrations(tree, await readLedger(client)).filter(({ state }) => state !== "applied");
  if (missing.length > 0)
    throw new Error(`The push ended, but the database does not hold ${missing.map(migrationLabel).join(", ")}.`);
}
