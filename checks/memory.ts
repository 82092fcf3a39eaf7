/** The `memory` check: the bot can use its memory, nobody without rights can, and it is the one whose schema is judged. */

import { randomUUID } from "node:crypto";
import { itemBySql } from "../memory/bySql.ts";
import { type MemoryClient, type MemoryFailure, type MemoryResult, memoryClient } from "../memory/client.ts";
import type { Finding } from "../model/check.ts";
import type { Check, Target } from "./check.ts";
import { databaseRemedy } from "./databaseRemedy.ts";

export const memoryCheck: Check = {
  id: "memory",
  title:
    "As the bot's own role a canary is written, read back, found and removed, in the very database that is migrated; a role without rights is refused.",
  // A server that has just started reads the schema first, which on a busy host takes longer than any answer after it.
  deadlineMs: 30_000,
  probe: async (target, { signal }) => {
    const bot = clientFor(target, "MEMORY_BOT_KEY");
    const stranger = clientFor(target, "MEMORY_PUBLISHABLE_KEY");
    const [canary, same, refusal] = await Promise.all([
      probeCanary(bot, signal),
      probeSameDatabase(bot, bySql(target), signal),
      probeRefusal(stranger, signal),
    ]);
    const measured = { ...canary.measured, ...same.measured, ...refusal.measured };
    const worst = [canary, same, refusal].find(({ status }) => status !== "pass");
    if (worst !== undefined) return { ...worst, measured };
    return { status: "pass", measured, summary: `${canary.summary} ${same.summary} ${refusal.summary}` };
  },
};

function bySql({ settings, secrets, stack }: Target): BySql {
  const password = secrets.get("MEMORY_DATABASE_PASSWORD");
  if (password === undefined) throw new Error("The secret `MEMORY_DATABASE_PASSWORD` has no value.");
  const { url, database: address } = settings.memory;
  return {
    between: `\`memory.url\` (${new URL(url).host}) and \`memory.database\` (${address.host}:${address.port}/${address.name})`,
    remedy: `eval "$(npx deck env --stack ${stack})" && pulumi config get --stack ${stack} phillbot:memory # both must be of one Supabase project`,
    read: (wanted, signal) => itemBySql({ address, password }, wanted, signal),
  };
}

function clientFor({ settings, secrets }: Target, secret: "MEMORY_BOT_KEY" | "MEMORY_PUBLISHABLE_KEY"): MemoryClient {
  const key = secrets.get(secret);
  const publishable = secrets.get("MEMORY_PUBLISHABLE_KEY");
  if (key === undefined || publishable === undefined)
    throw new Error(`The secret \`${key === undefined ? secret : "MEMORY_PUBLISHABLE_KEY"}\` has no value.`);
  return memoryClient({ url: settings.memory.url, key, publishable });
}

/** One round trip writes, reads and removes; its time is the network's and the database's. */
export async function probeCanary(bot: MemoryClient, signal: AbortSignal): Promise<Finding> {
  const started = performance.now();
  const answer = await bot.probe(randomUUID(), signal);
  const roundTripMs = Math.round(performance.now() - started);
  if (answer.ok) {
    return {
      status: "pass",
      summary: `A canary was written, read back and removed in ${roundTripMs} ms.`,
      measured: { roundTripMs },
    };
  }
  const { code, status } = answer.failure;
  return { ...explain(answer.failure), measured: { roundTripMs, canary: { code, status } } };
}

/** The memory's database, reached as the migrations reach it. */
export interface BySql {
  /** Both ways to the memory, as a sentence names them. */
  readonly between: string;
  /** The command that shows both. */
  readonly remedy: string;
  readonly read: (wanted: Parameters<typeof itemBySql>[1], signal: AbortSignal) => Promise<string | undefined>;
}

/** Leaves as much of the check's deadline as the removal may take. */
const writeAndReadMs = 20_000;
const removeMs = 8_000;

/**
 * The schema of one database says nothing of another: what the bot remembers must lie where the migrations go. A
 * transaction cannot span both ways, so here the canary is really there for a moment, and is removed whatever happens.
 */
export async function probeSameDatabase(bot: MemoryClient, sql: BySql, signal: AbortSignal): Promise<Finding> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(writeAndReadMs)]);
  const words = canaryWords(randomUUID());
  // Told with a capital and sought without: a database may not know it for the same letter.
  const [key, value] = [`memory_probe:sql:${randomUUID()}`, words.join(" ").replace("ö", "Ö")];
  const writing = bot.remember(key, value, bounded);
  const [written, found, read] = await Promise.all([
    writing,
    writing.then(({ ok }) => (ok ? Promise.all(words.map((word) => bot.search(word, 1, bounded))) : [])),
    sql.read({ key, written: writing.then(({ ok }) => ok) }, bounded).then(
      (found) => ({ found }),
      (error: unknown) => ({ error }),
    ),
  ]);
  const removed = mayBeThere(written) ? await bot.forget(key, AbortSignal.timeout(removeMs)) : undefined;
  if (!written.ok) return { ...explain(written.failure), measured: { bySql: "nothing was written" } };
  const same = judgeSame(sql, value, read);
  const finding = same.status === "pass" ? judgeFound({ same, key, words, found }) : same;
  if (finding.status !== "pass" || removed === undefined) return finding;
  if (!removed.ok) return { ...explain(removed.failure), measured: { ...finding.measured, notRemoved: key } };
  return removed.value ? finding : { ...finding, status: "error", summary: "The memory does not find again what it wrote." };
}

/**
 * The same nonce as words of three kinds, of each of which PostgreSQL may be told apart not to take notice: of plain
 * letters, of others, and with digits. A letter comes first, or digits would be read as a number.
 */
function canaryWords(nonce: string): readonly string[] {
  const letters = nonce.replace(/[^0-9a-f]/g, "").replace(/[0-9]/g, (digit) => String.fromCharCode(103 + Number(digit)));
  return [`canary${letters}`, `kanarienvögel${letters}`, `canary1${letters}`];
}

interface Found {
  readonly same: Finding;
  readonly key: string;
  readonly words: readonly string[];
  /** What a search for each of the words gave. */
  readonly found: readonly MemoryResult<readonly { readonly key: string }[]>[];
}

/** What cannot be found by its words is lost to a bot that does not know its key. */
function judgeFound({ same, key, words, found }: Found): Finding {
  const answers = words.map((_, n) => found[n]);
  const failed = answers.find((answer) => answer?.ok === false);
  if (failed?.ok === false) return { ...explain(failed.failure), measured: { ...same.measured, search: failed.failure.code } };
  const hits = answers.filter((answer) => answer?.ok && answer.value.some((item) => item.key === key)).length;
  const measured = { ...same.measured, search: `${hits} of ${words.length}` };
  if (hits === words.length) return { ...same, measured };
  return {
    status: "fail",
    summary: `The memory does not find what it was told: of ${words.length} words of a canary, memory_search found it by ${hits}.`,
    measured,
    remedy: "npx deck schema status # it tells where the search of the database is not as PostgreSQL ships it",
  };
}

/** Only the database's own refusal (an SQLSTATE) proves that nothing was written. */
function mayBeThere(written: MemoryResult<unknown>): boolean {
  return written.ok || !/^[0-9A-Z]{5}$/.test(written.failure.code);
}

/** SQLSTATEs of a database in which there is no table `memory.items`. */
const noTable = new Set<unknown>(["42P01", "3F000"]);

function judgeSame(sql: Omit<BySql, "read">, value: string, read: { found: string | undefined } | { error: unknown }): Finding {
  const { between, remedy } = sql;
  const other = `${between} lead to different databases: what the bot remembered is not in \`memory.items\` of the second.`;
  if ("found" in read) {
    if (read.found !== value) return { status: "fail", summary: other, measured: { bySql: "absent" }, remedy };
    return { status: "pass", summary: "It was in the database that is migrated.", measured: { bySql: "found" } };
  }
  const { code, message } = read.error as { code?: unknown; message?: unknown };
  const measured = { bySql: typeof code === "string" ? code : "error" };
  if (noTable.has(code)) return { status: "fail", summary: other, measured, remedy };
  const reason = [code, message].filter((part) => typeof part === "string" && part !== "").join(": ");
  const summary = `Whether ${between} lead to one database could not be told (${reason.slice(0, 300) || "unknown error"}).`;
  return { status: "error", summary, measured, remedy: databaseRemedy(code) };
}

/** What a failed probe means. What no row names was not measured, so it is an error. */
function explain(failure: MemoryFailure): Omit<Finding, "measured"> {
  const { kind, code, status, message } = failure;
  const retry = { remedy: "npx deck up # it starts what is stopped; else look at the database's own log" };
  switch (kind) {
    case "refused":
      return {
        status: "fail",
        summary: `The bot's role lacks a right that its memory needs (${code}: ${message}).`,
        remedy: "npx deck schema status",
      };
    case "read-only":
      return { status: "fail", summary: `The memory's database is read-only (${code}: ${message}).`, ...retry };
    case "unauthorized":
      return {
        status: "fail",
        summary: `The memory does not accept the bot's key \`MEMORY_BOT_KEY\` (HTTP ${status}).`,
        remedy: "npx deck up # it starts what is stopped; a key that is a JWT may have expired: sign another, as README says",
      };
    case "missing":
      return {
        status: "fail",
        summary: `The memory's functions are not there (${code}): the migrations are not applied, or the REST server has not seen them yet.`,
        remedy: "npx deck schema status",
      };
    case "aborted":
      return { status: "error", summary: "The memory did not answer before the deadline.", ...retry };
    case "unreachable":
      return { status: "error", summary: `The memory could not be reached (${message}).`, ...retry };
    case "invalid":
    case "broken":
      return {
        status: "error",
        summary: `The memory answered with an error (HTTP ${status}, ${code || "no code"}: ${message}).`,
        ...retry,
      };
    default:
      return kind satisfies never;
  }
}

/** Calls that would harm nothing, were they allowed: unknown keys, and a value that the table does not take. */
const harmless: Readonly<
  Record<string, (stranger: MemoryClient, key: string, signal: AbortSignal) => Promise<MemoryResult<unknown>>>
> = {
  memory_recall: (stranger, key, signal) => stranger.recall(key, signal),
  memory_search: (stranger, key, signal) => stranger.search(key, 1, signal),
  memory_forget: (stranger, key, signal) => stranger.forget(key, signal),
  memory_probe: (stranger, key, signal) => stranger.probe(key, signal),
};

/** Only "permission denied" from the database itself proves that a key without rights has none. */
export async function probeRefusal(stranger: MemoryClient, signal: AbortSignal): Promise<Finding> {
  const key = randomUUID();
  const calls = Object.entries(harmless);
  const answers = await Promise.all(calls.map(async ([name, call]) => ({ name, answer: await call(stranger, key, signal) })));
  const measured = {
    stranger: Object.fromEntries(answers.map(({ name, answer }) => [name, answer.ok ? "allowed" : answer.failure.code])),
  };
  const allowed = answers.filter(({ answer }) => answer.ok).map(({ name }) => name);
  if (allowed.length > 0) {
    return {
      status: "fail",
      summary: `The key \`MEMORY_PUBLISHABLE_KEY\` may call ${allowed.join(", ")}; it must be refused everywhere.`,
      measured,
      remedy: "npx deck schema status",
    };
  }
  const unclear = answers.find(({ answer }) => !answer.ok && answer.failure.kind !== "refused");
  if (unclear === undefined || unclear.answer.ok) {
    return { status: "pass", summary: "A role without rights is refused.", measured };
  }
  const { kind, status, code } = unclear.answer.failure;
  const about = `${unclear.name}: HTTP ${status}, ${code || kind}`;
  if (kind === "unauthorized") {
    const summary = `The key \`MEMORY_PUBLISHABLE_KEY\` is not accepted at all (${about}), so whether its role has rights was not seen.`;
    return {
      status: "inconclusive",
      summary,
      measured,
      remedy: "npx deck up # it starts what is stopped; else look at the database's own log",
    };
  }
  return {
    status: "error",
    summary: `Whether a role without rights is refused could not be told (${about}).`,
    measured,
    remedy: "npx deck up # it starts what is stopped; else look at the database's own log",
  };
}
