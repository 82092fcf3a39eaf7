/** The bot's way to its memory: five functions over REST, as its own role. */

import { createClient } from "@supabase/supabase-js";
import { z } from "zod";
import type { Secret } from "../model/secret.ts";

/** One remembered fact. Times are ISO 8601, UTC. */
interface MemoryItem {
  readonly key: string;
  readonly value: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/**
 * - `refused`: the role may not (SQLSTATE 42501).
 * - `unauthorized`: the key itself is not accepted.
 * - `read-only`: the database takes no writes (25006).
 * - `missing`: there is no such function: the migrations are not applied.
 * - `invalid`: an argument is too long or empty; nothing was sent.
 * - `aborted`: the signal ended the call.
 * - `unreachable`: nobody answered, or the REST server has no database behind it.
 * - `broken`: answered with anything else.
 */
export type MemoryFailureKind =
  | "refused"
  | "unauthorized"
  | "read-only"
  | "missing"
  | "invalid"
  | "aborted"
  | "unreachable"
  | "broken";

export interface MemoryFailure {
  readonly kind: MemoryFailureKind;
  /** SQLSTATE or PostgREST's own code, empty where the answer had none. */
  readonly code: string;
  /** HTTP status, 0 without an answer. */
  readonly status: number;
  readonly message: string;
}

export type MemoryResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: MemoryFailure };

/** Every call is bounded by its signal, sent once, and returns its failure instead of throwing. */
export interface MemoryClient {
  /** Keeps `value` under `key`, replacing what was there. */
  remember(key: string, value: string, signal: AbortSignal): Promise<MemoryResult<MemoryItem>>;
  /** The item under `key`, or null. */
  recall(key: string, signal: AbortSignal): Promise<MemoryResult<MemoryItem | null>>;
  /** Items that hold all words of `query`, best first; `limit` is 1 to 100. */
  search(query: string, limit: number, signal: AbortSignal): Promise<MemoryResult<MemoryItem[]>>;
  /** True where there was something to forget. */
  forget(key: string, signal: AbortSignal): Promise<MemoryResult<boolean>>;
  /** Writes, reads back and removes a canary in one round trip; the value is `nonce` again. */
  probe(nonce: string, signal: AbortSignal): Promise<MemoryResult<string>>;
}

/** What the database accepts, in characters; the migration has the same numbers. */
export const memoryLimits = { key: 200, value: 16_000, query: 500, rows: 100 } as const;

// PostgREST and its stand-in write timestamps differently; both are what `Date` reads.
const time = z.string().transform((text, context) => {
  const date = new Date(text);
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  context.issues.push({ code: "custom", input: text, message: "not a time" });
  return z.NEVER;
});
const item = z
  .object({ key: z.string(), value: z.string(), created_at: time, updated_at: time })
  .transform((row): MemoryItem => ({ key: row.key, value: row.value, createdAt: row.created_at, updatedAt: row.updated_at }));

export interface MemoryAddress {
  /** The Supabase project's. */
  readonly url: string;
  /** A key that the project gave, or a JWT that was signed for a role of its own. */
  readonly key: Secret;
  /** A key that the project gave, for anybody to know: a project takes no other as `apikey`, so a JWT needs it beside it. */
  readonly publishable?: Secret;
}

/** A client that speaks as the role of `key`. */
export function memoryClient({ url, key, publishable }: MemoryAddress): MemoryClient {
  const signed = publishable !== undefined && isJwt(key.reveal());
  const supabase = createClient(url, (signed ? publishable : key).reveal(), {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { headers: signed ? { Authorization: `Bearer ${key.reveal()}` } : {} },
  });

  // Always POST: a HEAD request on something missing would look like success.
  async function call<T>(
    name: string,
    args: object,
    { answer, signal }: { answer: z.ZodType<T>; signal: AbortSignal },
  ): Promise<MemoryResult<T>> {
    const { data, error, status } = await supabase.rpc(name, args).abortSignal(signal);
    if (error !== null) {
      const kind = signal.aborted ? "aborted" : failureKind(error.code ?? "", status);
      return failed({ kind, code: error.code ?? "", status, message: error.message });
    }
    const parsed = answer.safeParse(data);
    if (parsed.success) return { ok: true, value: parsed.data };
    return failed({ kind: "broken", code: "", status, message: `The answer of ${name} has not the form wanted.` });
  }

  return {
    remember: async (key, value, signal) =>
      tooLong("key", key) ??
      tooLong("value", value) ??
      first(await call("memory_remember", { p_key: key, p_value: value }, { answer: z.array(item).length(1), signal })),
    recall: async (key, signal) =>
      tooLong("key", key) ?? orNull(await call("memory_recall", { p_key: key }, { answer: z.array(item).max(1), signal })),
    search: async (query, limit, signal) =>
      tooLong("query", query) ??
      call("memory_search", { p_query: query, p_limit: limit }, { answer: z.array(item).max(memoryLimits.rows), signal }),
    forget: async (key, signal) => tooLong("key", key) ?? call("memory_forget", { p_key: key }, { answer: z.boolean(), signal }),
    probe: (nonce, signal) => call("memory_probe", { p_nonce: nonce }, { answer: z.literal(nonce), signal }),
  };
}

/** A project's newer keys are none: they are taken as `Authorization` only where `apikey` is the same. */
function isJwt(key: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(key);
}

/** What a failed answer means, by its codes alone. */
export function failureKind(code: string, status: number): MemoryFailureKind {
  if (code === "42501") return "refused";
  if (code === "25006") return "read-only";
  if (code === "PGRST202" || code === "42883") return "missing";
  if (status === 401 || status === 403) return "unauthorized";
  return status === 0 || lostDatabase.has(code) ? "unreachable" : "broken";
}

/** PostgREST's codes for a database that it cannot connect to, has lost, or waits for. */
const lostDatabase = new Set(["PGRST000", "PGRST001", "PGRST002", "PGRST003"]);

function tooLong(name: "key" | "value" | "query", text: string): { ok: false; failure: MemoryFailure } | undefined {
  const [length, allowed] = [[...text].length, memoryLimits[name]];
  if (length >= 1 && length <= allowed) return undefined;
  return failed({
    kind: "invalid",
    code: "",
    status: 0,
    message: `The ${name} has ${length} characters; 1 to ${allowed} are allowed.`,
  });
}

function failed(failure: MemoryFailure): { ok: false; failure: MemoryFailure } {
  return { ok: false, failure };
}

function first(result: MemoryResult<MemoryItem[]>): MemoryResult<MemoryItem> {
  const found = orNull(result);
  if (!found.ok) return found;
  if (found.value !== null) return { ok: true, value: found.value };
  return failed({ kind: "broken", code: "", status: 200, message: "Nothing was remembered." });
}

function orNull(result: MemoryResult<MemoryItem[]>): MemoryResult<MemoryItem | null> {
  return result.ok ? { ok: true, value: result.value[0] ?? null } : result;
}
