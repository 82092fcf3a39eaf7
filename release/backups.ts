/** The gateway's backups on a stack's record: what is not on record with its digest is never taken for one. */

import { type BackupPlace, createBackup, listBackups, removeBackups } from "../host/backup.ts";
import { type Backup, backupName, expiredBackups, type Retention } from "../model/backup.ts";
import type { HistoryDraft, HistoryEntry } from "../model/history.ts";
import type { Secret } from "../model/secret.ts";
import { type HistoryPlace, readHistory, record } from "./history.ts";
import { digestOf } from "./records.ts";

/** Says which bot a token is of, in a record that many may read: the number in front of it stays when a token is replaced. */
export function botOf(token: Secret): string {
  return digestOf(`phillbot bot ${token.reveal().split(":", 1)[0]}`);
}

export interface BackupWanted {
  readonly place: BackupPlace;
  readonly history: HistoryPlace;
  /** What the entry says of who made it, and on which tree. */
  readonly about: Pick<HistoryDraft, "stack" | "who" | "commit" | "release">;
  readonly bot: string;
  /** Why it is made, as the end of "The state was backed up". */
  readonly why: string;
  readonly at: Date;
  /** Eight hex digits that no other archive of this second has. */
  readonly random: string;
  readonly retention: Retention;
}

/**
 * Makes a backup, puts it on record, and removes those that the retention lets go.
 *
 * @returns undefined where there is no state to keep.
 * @throws Error where none was made, or it could not be put on record.
 */
export async function makeBackup(wanted: BackupWanted): Promise<Backup | undefined> {
  const { place, history, about, bot, why, at, random } = wanted;
  const name = backupName(at, random);
  const made = await createBackup(place, name);
  if (made === undefined) return undefined;
  const backup = { name, ...made, bot };
  const summary = `The state was backed up ${why}: ${name}, ${backup.bytes} bytes.`;
  await record(history, { event: "backup", at: at.toISOString(), ...about, backup, summary });
  await removeExpired(wanted);
  return backup;
}

/** Only what is on record is removed: what else lies there, somebody may have put there to use it. */
async function removeExpired({ place, history, retention, at }: BackupWanted): Promise<void> {
  const there = (await readBackups(place, history)).filter(({ bytes }) => bytes !== undefined);
  const names = there.map(({ backup }) => backup.name);
  await removeBackups(place, expiredBackups(names, retention, at));
}

export interface KnownBackup {
  readonly backup: Backup;
  /** The entry that says so. */
  readonly entry: HistoryEntry;
  /** Of what lies there under its name; undefined where nothing does. */
  readonly bytes: number | undefined;
}

/** The backups that are on record, newest first. @throws HistoryBroken */
export async function readBackups(
  place: Pick<BackupPlace, "host" | "layout" | "via">,
  history: HistoryPlace,
): Promise<readonly KnownBackup[]> {
  const [{ entries }, sizes] = await Promise.all([readHistory(history), listBackups(place)]);
  return entries
    .flatMap((entry) => {
      const { event, backup } = entry;
      return event === "backup" && backup !== undefined ? [{ backup, entry, bytes: sizes.get(backup.name) }] : [];
    })
    .toReversed();
}
