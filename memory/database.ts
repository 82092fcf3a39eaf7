/** Reaching the memory's PostgreSQL itself, for migrations and for judging its schema. The bot never comes this way. */

import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import type { Secret } from "../model/secret.ts";
import type { Settings } from "../model/settings.ts";

/** Where the database is: `settings.memory.database`. */
export type DatabaseAddress = Settings["memory"]["database"] & {
  /** PEM file of the authority that signed the server's certificate; without one, the system's authorities. */
  readonly authorityFile?: string | undefined;
};

export interface DatabaseAccess {
  readonly address: DatabaseAddress;
  readonly password: Secret;
}

/** No statement of the deploy waits longer for a lock, so that a migration never queues the bot's requests behind it. */
const lockTimeoutMs = 4_000;
const [startLimitMs, startPauseMs] = [30_000, 500];

/** The URL that the Supabase CLI is given: without the password, with the limit on lock waits. */
export function databaseUrl(address: DatabaseAddress): string {
  const { host, port, name, user, tls } = address;
  const part = encodeURIComponent;
  const options = `options=${part(`-c lock_timeout=${lockTimeoutMs}`)}`;
  return `postgres://${part(user)}@${host}:${port}/${part(name)}?sslmode=${tls}&${options}`;
}

/**
 * Runs `work` on one connection and ends it, whatever happens. Throws node-postgres' errors, whose `code` is the SQLSTATE
 * or the system's. Waits at most 5 s for the connection, and at most 30 s for a server that is just starting, as after its host
 * was started; an abort ends a statement under way.
 */
export async function withDatabase<T>(
  access: DatabaseAccess,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  let client: Client | undefined;
  const end = () => void client?.end().catch(() => undefined);
  try {
    client = await connect(access, signal);
    signal.addEventListener("abort", end, { once: true });
    signal.throwIfAborted();
    return await work(client);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", end);
    await client?.end().catch(() => undefined);
  }
}

/** `cannot_connect_now`: the server starts or ends. */
const isStarting = (error: unknown) => (error as { code?: unknown }).code === "57P03";

async function connect(access: DatabaseAccess, signal: AbortSignal): Promise<Client> {
  for (const end = performance.now() + startLimitMs; ; ) {
    const client = clientOf(access);
    // A connection lost between two statements is an event; the next statement reports it as well.
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!isStarting(error) || performance.now() > end) throw error;
      await wait(startPauseMs, undefined, { signal });
    }
  }
}

function clientOf({ address, password }: DatabaseAccess): Client {
  const { host, port, name, user, tls } = address;
  return new Client({
    host,
    port,
    user,
    database: name,
    password: password.reveal(),
    ssl: tls === "disable" ? false : authority(address),
    connectionTimeoutMillis: 5_000,
    lock_timeout: lockTimeoutMs,
    application_name: "phillbot",
  });
}

function authority({ host, authorityFile }: DatabaseAddress) {
  const ca = authorityFile === undefined ? {} : { ca: readFileSync(authorityFile, "utf8") };
  return { rejectUnauthorized: true, servername: host, ...ca };
}
