/** The passwords of databases in a 0600 file for one program: gone when that has ended, and at the latest when this process has. */

import { rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseAccess } from "./database.ts";
import { makeOwnFolder } from "./ownFolder.ts";

export interface PasswordFile extends Disposable {
  /** Absolute path, for `PGPASSFILE`. */
  readonly path: string;
}

/** Writes it in a folder of its own; what a killed process left is swept. */
export async function writePasswordFile(databases: readonly DatabaseAccess[], parent: string = tmpdir()): Promise<PasswordFile> {
  const folder = await makeOwnFolder(parent, "phillbot-supabase-");
  const remove = () => {
    process.removeListener("exit", remove);
    rmSync(folder, { recursive: true, force: true });
  };
  // The process may be ended while the program runs, by a check's deadline for one: nothing that waits is done then.
  process.once("exit", remove);
  try {
    const path = join(folder, "pgpass");
    await writeFile(path, databases.map(passwordLine).join(""), { mode: 0o600 });
    return { path, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** libpq's format; it knows its separator and its escape by a backslash before them. */
function passwordLine({ address, password }: DatabaseAccess): string {
  const fields = [address.host, String(address.port), address.name, address.user, password.reveal()];
  return `${fields.map((field) => field.replace(/[\\:]/g, "\\$&")).join(":")}\n`;
}
