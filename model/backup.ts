/** Backups of the gateway's state: how an archive is called, what is known of it, and which of them are kept. */

import { z } from "zod";
import { sha256 } from "./sha256.ts";

/** When it was made, and what tells two of one second apart. It becomes part of a path on the host, so nothing else may pass. */
const namePattern = /^(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\dZ)-[0-9a-f]{8}\.tar\.gz$/;

/** @param random eight hex digits. */
export function backupName(at: Date, random: string): string {
  const name = `${at.toISOString().slice(0, 19).replaceAll(":", "-")}Z-${random}.tar.gz`;
  if (!namePattern.test(name)) throw new Error(`${JSON.stringify(random)} is not eight hex digits.`);
  return name;
}

export const isBackupName = (text: string): boolean => namePattern.test(text);

/** What is on record of an archive. */
export const backupSchema = z.strictObject({
  name: z.string().regex(namePattern),
  sha256,
  /** Its size. */
  bytes: z.int().min(1),
  /** Says, by a digest, of which bot it is: a state that another bot gets answers the wrong people. */
  bot: sha256,
});

export type Backup = z.output<typeof backupSchema>;

/** When an archive of that name was made. */
function madeAt(name: string): Date {
  const [, day, hours, minutes, seconds] = namePattern.exec(name) ?? [];
  if (day === undefined) throw new Error(`${JSON.stringify(name)} is no backup's name.`);
  return new Date(`${day}${hours}:${minutes}:${seconds}`);
}

export interface Retention {
  /** How many are kept. */
  readonly keep: number;
  /** How old they may become. */
  readonly days: number;
}

const dayMs = 86_400_000;

/** The names of those that may go: all but the newest `keep`, and of these what is older than `days`. The newest one stays, however old. */
export function expiredBackups(names: readonly string[], { keep, days }: Retention, now: Date): readonly string[] {
  const newestFirst = [...names].sort((a, b) => madeAt(b).getTime() - madeAt(a).getTime() || (a < b ? 1 : -1));
  return newestFirst.filter(
    (name, index) => index >= keep || (index > 0 && now.getTime() - madeAt(name).getTime() > days * dayMs),
  );
}
