/** The migration files of this tree, with their digests. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Migration, migrationLabel, parseMigrationFile } from "../model/migrations.ts";

/** The folder that the Supabase CLI takes as its `--workdir`. */
export function memoryFolder(projectRoot: string): string {
  return join(projectRoot, "memory");
}

/**
 * Reads and digests every migration of the tree, oldest first. Throws where there is none, where a file's name is not
 * `<14 digits>_<name>.sql`, or where two files share a version: the Supabase CLI would skip or mix them up.
 */
export function readMigrations(projectRoot: string): Migration[] {
  const folder = join(memoryFolder(projectRoot), "supabase", "migrations");
  const migrations = readdirSync(folder)
    .sort()
    .map((file) => {
      const parsed = parseMigrationFile(file);
      if (parsed === undefined)
        throw new Error(`The migration file \`${file}\` is not named \`<14 digits>_<lower_case_name>.sql\`.`);
      return {
        ...parsed,
        sha256: createHash("sha256")
          .update(readFileSync(join(folder, file)))
          .digest("hex"),
      };
    });
  const twice = migrations.find((migration, index) => migrations[index + 1]?.version === migration.version);
  if (twice !== undefined)
    throw new Error(`Two migration files share the version ${twice.version}; one is ${migrationLabel(twice)}.`);
  if (migrations.length === 0) throw new Error(`There is no migration in ${folder}.`);
  return migrations;
}

/** The text of one migration's file. */
export function migrationText(projectRoot: string, migration: Pick<Migration, "version" | "name">): string {
  return readFileSync(join(memoryFolder(projectRoot), "supabase", "migrations", `${migrationLabel(migration)}.sql`), "utf8");
}
