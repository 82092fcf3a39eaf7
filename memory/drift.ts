/** What in a database is not as its migrations made it, found by the Supabase CLI and told by name only. */

import { z } from "zod";
import { type DatabaseAccess, databaseUrl } from "./database.ts";
import { memoryFolder } from "./files.ts";
import { SupabaseCliError, supabaseCli } from "./supabaseCli.ts";

export interface DriftOptions {
  readonly projectRoot: string;
  /** As it should be. */
  readonly from: DatabaseAccess;
  /** As it is. */
  readonly to: DatabaseAccess;
  /** The role that owns what migrations made there. */
  readonly owner: string;
  readonly signal: AbortSignal;
}

/** What the bot's role can reach; other schemas of a hosted project are the platform's. */
const schemas = "memory,public";
const diffAnswer = z.object({ diff: z.string() });

/**
 * One line for each change that would lead from `from` to `to`, such as `ALTER TABLE memory.items ADD COLUMN rogue`;
 * none where they are equal. Lines hold names, never values. Throws where the comparison itself failed.
 */
export async function findDrift({ projectRoot, from, to, owner, signal }: DriftOptions): Promise<string[]> {
  const urls = ["--from", databaseUrl(from.address), "--to", databaseUrl(to.address)];
  try {
    const { diff } = await supabaseCli(["db", "diff", "--schema", schemas, ...urls], diffAnswer, {
      workdir: memoryFolder(projectRoot),
      databases: [from, to],
      signal,
      authorityFile: to.address.authorityFile,
      told: strangerIn,
    });
    return driftLines(diff, owner);
  } catch (error) {
    if (!(error instanceof SupabaseCliError) || error.told === undefined) throw error;
    return [`What depends on ${error.told}, which no migration makes; nothing else was compared`];
  }
}

/**
 * What the comparison ended at, such as `function:elsewhere.t()`: something of the memory's schemas needs what lies in
 * none of them, which is a difference. The message quotes the whole statement before it, so that only its end is read,
 * and only as a name of plain letters.
 */
export function strangerIn(message: string): string | undefined {
  const end =
    /(?:" consumes|, which depends on) ([a-z]+:[\w.]{1,120}(?:\([\w ,.[\]]{0,120}\))?)(?:, which neither exists on the target| — neither produced by this plan)[^"']*$/;
  return end.exec(message)?.[1];
}

/** The statements of a diff that matter here, each as one line of names. */
export function driftLines(diff: string, owner: string): string[] {
  const all = splitStatements(diff);
  const empty = emptyGrants(all, owner);
  const statements = all.filter(
    (statement) => !/^SET /i.test(statement) && !platforms(statement) && !empty.has(bareNames(statement)),
  );
  return [...new Set(statements.map(headOf))];
}

/** All that an owner has of a table before PostgreSQL 17, in the order of a comparison; MAINTAIN came then. */
const ownersRights = "DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE";
const withMaintain = ownersRights.replace("REFERENCES", "MAINTAIN, REFERENCES");

/**
 * Pairs of statements that give nothing: to a table's owner what a newer server gives owners by itself, and to a role of
 * somebody's own the use of the schema `public`, which everybody has.
 */
function emptyGrants(statements: readonly string[], owner: string): ReadonlySet<string> {
  const all = new Set(statements.map(bareNames));
  const pairs = [...all].flatMap((grant) => {
    const [, rights, on, to] = /^GRANT ([A-Z, ]+) ON (TABLE \S+|SCHEMA public) TO (\S+)$/.exec(grant) ?? [];
    const empty =
      on === "SCHEMA public" ? rights === "USAGE" && !to?.startsWith("memory_") : rights === withMaintain && to === owner;
    const revoke = `REVOKE ALL ON ${on} FROM ${to}`;
    return empty && all.has(revoke) ? [grant, revoke] : [];
  });
  return new Set(pairs);
}

function bareNames(statement: string): string {
  return statement.replaceAll('"', "");
}

/**
 * Differences between a hosted project and a plain PostgreSQL that are the platform's own: what future objects would be
 * granted (each object's own grants are compared), and the administrators' rights on the schema `public`.
 */
function platforms(statement: string): boolean {
  if (/^ALTER DEFAULT PRIVILEGES\b.* IN SCHEMA "?public"?\b/is.test(statement)) return true;
  return /^(GRANT|REVOKE)\b[^;]* ON SCHEMA "?public"? (TO|FROM) "?(postgres|supabase_admin)"?$/i.test(statement);
}

/** Statement by statement; semicolons within quotes, dollar quotes and comments end nothing. */
export function splitStatements(sql: string): string[] {
  const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]*)\$[\s\S]*?\$\1\$|--[^\n]*|;|[^'"$;-]+|./g;
  const statements: string[] = [];
  let current = "";
  for (const [piece] of sql.matchAll(token)) {
    if (piece !== ";") current += piece;
    else {
      statements.push(current.trim());
      current = "";
    }
  }
  return [...statements, current.trim()].filter((statement) => statement !== "");
}

const headLength = 160;

/** The start of a statement, up to where a definition or a value begins: those may hold what is nobody's business. */
export function headOf(statement: string): string {
  const line = statement.replace(/\s+/g, " ").replaceAll('"', "");
  const head = /^(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) /i.test(line)
    ? line
    : line.split(/'|\$| \(| (?:AS|DEFAULT|USING|WITH|CHECK|RETURNS|GENERATED) /i)[0];
  return (head ?? "").trim().slice(0, headLength);
}
