/** Backups of the gateway's state: how an archive is called, what is known of it, and which of them are kept. */

import { z } from "zod";
import { sha256 } from "./sha256.ts";

/** When it was made, and what tells two of one second apart. It becomes part of a path on the host, so nothing else may pass. */
const namePattern = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-[0-9a-f]{8}\.tar\.gz$/;

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
  /** The engine's id of the image that read the state, which is the one that wrote it where a container was there. Absent where nobody knows. */
  image: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
});

export type Backup = z.output<typeof backupSchema>;

export interface Retention {
  /** How many are kept. */
  readonly keep: number;
  /** How old they may become. */
  readonly days: number;
}

/** An archive, as old as its entry on record says. */
export interface Aged {
  readonly name: string;
  readonly image: string | undefined;
  readonly at: Date;
}

const dayMs = 86_400_000;

/**
 * The names of those that may go: all but the newest `keep` and the newest of each image, since no newer one leads back to what
 * that image can read; and of these, what is older than `days`. The newest one stays, however old.
 *
 * @param newestFirst in the record's order: a clock that was wrong must not make an old one the newest.
 */
export function expiredBackups(newestFirst: readonly Aged[], { keep, days }: Retention, now: Date): readonly string[] {
  const isNewestOfImage = ({ image }: Aged, index: number) => newestFirst.findIndex((other) => other.image === image) === index;
  const isKept = (backup: Aged, index: number) =>
    (index < keep || isNewestOfImage(backup, index)) && now.getTime() - backup.at.getTime() <= days * dayMs;
  return newestFirst.filter((backup, index) => index > 0 && !isKept(backup, index)).map(({ name }) => name);
}
