/** The `schema` check: the memory's database holds this tree's migrations, and nothing that no migration made. */

import type { DatabaseAccess } from "../memory/database.ts";
import { findDrift } from "../memory/drift.ts";
import type { AppliedMigration } from "../memory/ledger.ts";
import { createScratchDatabase, replay } from "../memory/scratch.ts";
import { type SchemaStatus, schemaStatus } from "../memory/status.ts";
import type { CheckItem, Finding } from "../model/check.ts";
import { inState } from "../model/migrations.ts";
import type { Check, CheckContext, Target } from "./check.ts";
import { databaseRemedy } from "./databaseRemedy.ts";
import { type Ahead, aheadBySigned, aheadOnBranch } from "./schemaAhead.ts";
import { scratchServer } from "./schemaScratch.ts";

export const schemaCheck: Check = {
  id: "schema",
  title: "Every migration of this tree is applied with the same content, and the database is what its migrations make.",
  deadlineMs: 90_000,
  probe: async (target, context) => {
    try {
      const { projectRoot } = target;
      const status = await schemaStatus({ projectRoot, database: databaseOf(target), signal: context.signal });
      const ahead = aheadOf(status);
      const known = target.settings.requireSignOff && ahead.length > 0 ? await readAhead(target, ahead, context) : nothingToKnow;
      const [texts, unknown] = "finding" in known ? [nothingToKnow.texts, []] : [known.texts, known.unknown];
      const compared = status.recorded.length === 0 ? { drift: [] } : await tryToCompare(target, { status, texts }, context);
      if ("failed" in compared) return withoutComparison(judgeSchema({ ...status, unknown }, []), compared.failed);
      const judged = judgeSchema({ ...status, unknown }, compared.drift);
      return judged.status === "pass" && "finding" in known ? known.finding : judged;
    } catch (error) {
      context.signal.throwIfAborted();
      return unreadable(target, error);
    }
  },
};

const readAhead = (target: Target, ahead: readonly AppliedMigration[], context: CheckContext): Promise<Ahead> =>
  target.rollback === undefined ? aheadOnBranch(target, ahead, context) : aheadBySigned(target, ahead, context);

/** Where sign-off is not required, what a database recorded of itself counts. */
const nothingToKnow: Exclude<Ahead, { finding: unknown }> = { texts: new Map(), unknown: [] };

function aheadOf({ migrations, recorded }: SchemaStatus): readonly AppliedMigration[] {
  const versions = new Set(migrations.flatMap(({ version, state }) => (state === "ahead" ? [version] : [])));
  return recorded.filter(({ version }) => versions.has(version));
}

function databaseOf({ settings, secrets }: Pick<Target, "settings" | "secrets">): DatabaseAccess {
  const password = secrets.get("MEMORY_DATABASE_PASSWORD");
  if (password === undefined) throw new Error("The secret `MEMORY_DATABASE_PASSWORD` has no value.");
  return { address: settings.memory.database, password };
}

export function unreadable({ settings }: Pick<Target, "settings">, error: unknown): Finding {
  const { host, port } = settings.memory.database;
  const { code, reason } = reasonOf(error);
  const summary = `The schema of the memory's database at ${host}:${port} could not be judged (${reason}).`;
  return { status: "error", summary, measured: { code }, remedy: databaseRemedy(code ?? undefined) };
}

/** SQLSTATEs whose messages name what is refused, missing, full or ended; those of other kinds quote values and statements. */
const tellingStates = /^(08|28|3D|3F|53|55|57|58|42501|42P01|42703|42883)/;

/** Connection errors have a code and, where several addresses were tried, no message. */
function reasonOf(error: unknown): { code: string | null; reason: string } {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const mute = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !isSystems(code) && !tellingStates.test(code);
  const reason = [code, mute ? "" : message].filter((part) => typeof part === "string" && part !== "").join(": ");
  return { code: typeof code === "string" ? code : null, reason: reason.slice(0, 300) || "unknown error" };
}

/** Such as `EPIPE`: no SQLSTATE begins with an E. */
function isSystems(code: string): boolean {
  return code.startsWith("E");
}

type Compared = { readonly drift: readonly string[] } | { readonly failed: Finding };

/** What was read of the database counts also where the comparison fails. */
async function tryToCompare(target: Target, known: Known, context: CheckContext): Promise<Compared> {
  try {
    return { drift: await compare(target, known, context) };
  } catch (error) {
    context.signal.throwIfAborted();
    return { failed: uncompared(error) };
  }
}

/** Where the comparison itself failed, on this machine or between here and the database. */
export function uncompared(error: unknown): Finding {
  const { code, reason } = reasonOf(error);
  return {
    status: "error",
    summary: `The database could not be compared with what its migrations make (${reason}).`,
    measured: { code },
    remedy: "npx deck schema status # it compares again; it needs Docker on this machine and the image that `npm start` builds",
  };
}

/** What was found stands beside what was not; nothing found is no pass then. */
export function withoutComparison(judged: Finding, failed: Finding): Finding {
  if (judged.status !== "fail") return failed;
  const { drift: _drift, driftCount: _count, ...measured } = judged.measured;
  return {
    ...judged,
    summary: `${judged.summary} ${failed.summary}`,
    measured: { ...measured, comparison: failed.measured.code },
  };
}

interface Known {
  readonly status: Pick<SchemaStatus, "recorded" | "roles">;
  readonly texts: ReadonlyMap<string, string>;
}

/** Replays the applied migrations into a scratch database on our side, and compares the two. */
async function compare(target: Target, { status, texts }: Known, { signal, progress }: CheckContext): Promise<string[]> {
  const { recorded, roles } = status;
  const { projectRoot } = target;
  const database = databaseOf(target);
  progress("Replaying the recorded migrations in a scratch database.");
  await using server = await scratchServer(target, database, signal);
  await using scratch = await createScratchDatabase(server, signal);
  const missing = await replay({ scratch, projectRoot, migrations: recorded, texts, roles: roles.names }, signal);
  progress("Comparing the two databases.");
  // Awaited here, or the scratch database would be dropped under the comparison.
  return [...missing, ...(await findDrift({ projectRoot, from: scratch.access, to: database, owner: roles.owner, signal }))];
}

const listed = "npx deck schema status # it lists each, and the SQL that takes it back where one statement does";

/** The kinds of fault, gravest first: what they are called, and the command to type next. */
const faults = {
  edited: { title: "Migrations edited after they were applied", remedy: "git log -p -- memory/supabase/migrations" },
  unrecorded: {
    title: "Migrations applied by other means with another content",
    remedy: "git log -p -- memory/supabase/migrations",
  },
  unknown: { title: "Migrations applied that the default branch does not hold", remedy: "npx deck schema status" },
  pending: { title: "Migrations not applied", remedy: "npx deck up" },
  drift: { title: "Differences from what the migrations make", remedy: "npx deck schema status" },
  role: { title: "Rights, members or settings too many of the memory's roles", remedy: listed },
  reach: { title: "What reaches into the memory from elsewhere", remedy: listed },
  kept: { title: "What may lose what is remembered, or not find it again", remedy: listed },
} as const;

/** Evidence names the first ones and counts the rest. */
const shown = 20;
const shownInSummary = 3;

/** From what was seen to the finding; `drift` holds one line for each difference. */
export function judgeSchema(
  {
    migrations,
    unknown,
    roleFaults,
    reachFaults,
    keptFaults,
  }: Omit<SchemaStatus, "recorded" | "roles"> & { readonly unknown: readonly string[] },
  drift: readonly string[],
): Finding {
  const applied = inState(migrations, "applied");
  const ahead = inState(migrations, "ahead");
  const found: Record<keyof typeof faults, readonly string[]> = {
    edited: inState(migrations, "edited"),
    unrecorded: inState(migrations, "unrecorded"),
    unknown,
    pending: inState(migrations, "pending"),
    drift,
    role: roleFaults,
    reach: reachFaults,
    kept: keptFaults,
  };
  const measured = { applied, ahead, ...found, drift: drift.slice(0, shown), driftCount: drift.length };
  const kinds = (Object.keys(faults) as (keyof typeof faults)[]).filter((kind) => found[kind].length > 0);
  const beyond = ahead.length > 0 ? ` The database is ahead of this tree by ${ahead.join(", ")}.` : "";
  const [gravest] = kinds;
  if (gravest !== undefined) {
    const summary = `${kinds.map((kind) => sentence(kind, found[kind])).join(" ")}${beyond}`;
    return {
      status: "fail",
      summary,
      measured,
      items: kinds.flatMap((kind) => itemsOf(kind, found[kind])),
      remedy: faults[gravest].remedy,
    };
  }
  if (applied.length === 0) return { status: "error", summary: "No migration was compared.", measured };
  return {
    status: "pass",
    summary: `${applied.length === 1 ? "The one migration of this tree is" : `All ${applied.length} migrations of this tree are`} applied unchanged, with no drift.${beyond}`,
    measured,
  };
}

function sentence(kind: keyof typeof faults, names: readonly string[]): string {
  const listed = names.slice(0, shownInSummary).map((name) => `\`${name}\``);
  const more = names.length > shownInSummary ? ` and ${names.length - shownInSummary} more` : "";
  return `${faults[kind].title}: ${names.length}, allowed 0 (${listed.join(", ")}${more}).`;
}

function itemsOf(kind: keyof typeof faults, names: readonly string[]): CheckItem[] {
  return names
    .slice(0, shown)
    .map((name) => ({ id: `${kind}:${name}`, summary: `${faults[kind].title}: ${name}.`, waivable: false }));
}
