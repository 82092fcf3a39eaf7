/** Uses a schema as the bot of the release before does: by its functions, with its rights. */

import type { Client } from "pg";
import type { Loss } from "../model/migrationLosses.ts";

/** Two, because what one row may have a second may not. */
const items = [
  ["rehearsal one", "was remembered before"],
  ["rehearsal two", "was remembered before"],
] as const;

/** Remembers something as the bot. False where the schema has nothing to remember by yet. */
export async function rememberAsBot(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regprocedure('public.memory_probe(text)') is not null as there",
  );
  if (rows[0]?.there !== true) return false;
  await asBot(client, async () => {
    for (const item of items) await client.query("select from public.memory_remember($1, $2)", [...item]);
  });
  return true;
}

/** What the bot can no longer do; undefined where it writes, finds, reads and forgets as before, and has what it was told. */
export async function botFault(client: Client): Promise<Loss | undefined> {
  try {
    return await asBot(client, async () => {
      for (const [key, value] of items) {
        const recalled = await client.query<{ value: string }>("select value from public.memory_recall($1)", [key]);
        if (recalled.rows[0]?.value !== value) return loss("what was remembered is not recalled");
      }
      const found = await client.query("select from public.memory_search('remembered')");
      if (found.rows.length < items.length) return loss("what was remembered is not found");
      await client.query("select public.memory_probe('rehearsal')");
      return undefined;
    });
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (typeof code !== "string") throw error;
    return loss(`the bot's functions fail (${code}: ${String(message).slice(0, 200)})`);
  }
}

/** As the REST server: logged in as `authenticator`, a member of the role that the key names. */
async function asBot<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query("begin");
  try {
    await client.query("set local session authorization authenticator");
    await client.query("set local role memory_bot");
    const done = await work();
    await client.query("commit");
    return done;
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

function loss(sentence: string): Loss {
  return { id: "bot", sentence };
}
