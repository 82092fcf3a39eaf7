/** Reads what the bot remembers as the database itself holds it. */

import { type DatabaseAccess, withDatabase } from "./database.ts";

export interface Wanted {
  readonly key: string;
  /** Whether it was written; the connection is opened meanwhile. */
  readonly written: Promise<boolean>;
}

/** The value under `key` in `memory.items`; undefined where there is none. Throws node-postgres' errors. */
export function itemBySql(database: DatabaseAccess, { key, written }: Wanted, signal: AbortSignal): Promise<string | undefined> {
  return withDatabase(database, signal, async (client) => {
    // Rows that a policy hides would look like another database: without row security they are an error instead.
    await client.query("begin isolation level read committed read only; set local row_security = off");
    if (!(await written)) return undefined;
    const { rows } = await client.query<{ value: string }>("select value from only memory.items where key = $1", [key]);
    return rows[0]?.value;
  });
}
