/** The gateway's backups on a stack's record: what is not on record with its digest is never taken for one. */

import { type BackupPlace, createBackup, listBackups, removeBackups } from "../host/backup.ts";
import { allowedSkewMs } from "../host/gateway.ts";
import { clockSkewMs } from "../host/open.ts";
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
  /** Whose it is where the state does not say: of before it did. */
  readonly bot: string;
  /** Why it is made, as the end of "The state was backed up". */
  readonly why: string;
  readonly now: () => Date;
  /** Eight hex digits that no other archive of this second has. */
  readonly random: string;
  readonly retention: Retention;
}

export interface MadeBackup {
  readonly backup: Backup;
  /** What went wrong besides, in a sentence: the backup is made all the same. */
  readonly warning?: string;
}

/**
 * Makes a backup, puts it on record, and removes those that the retention lets go.
 *
 * @returns undefined where there is no state to keep.
 * @throws Error where none was made, or it could not be put on record.
 */
export async function makeBackup(wanted: BackupWanted): Promise<MadeBackup | undefined> {
  const { place, history, about, bot, why, now, random } = wanted;
  // What the record would refuse need not be made.
  await readHistory(history);
  const skewMs = await clockSkewMs(place.host, now);
  const at = new Date(now().getTime() + skewMs);
  const name = backupName(at, random);
  const made = await createBackup(place, name);
  if (made === undefined) return undefined;
  const backup = { name, ...made, bot: made.bot ?? bot, image: place.image };
  const summary = `The state was backed up ${why}: ${name}, ${backup.bytes} bytes.`;
  await record(history, { event: "backup", at: at.toISOString(), ...about, backup, summary });
  // Which of two clocks is wrong cannot be told, and by a wrong one every backup is old.
  if (Math.abs(skewMs) > allowedSkewMs) {
    const warning = `The clocks here and on ${place.host.description} differ by ${Math.round(skewMs / 1000)} s, so no backup was removed for its age or number.`;
    return { backup, warning };
  }
  const kept = await removeExpired(wanted, at).then(
    () => undefined,
    (error: Error) => `Backups that the retention lets go were not removed. ${error.message}`,
  );
  return { backup, ...(kept === undefined ? {} : { warning: kept }) };
}

/** Only what is on record is removed: what else lies there, somebody may have put there to use it. */
async function removeExpired({ place, history, retention }: BackupWanted, at: Date): Promise<void> {
  const there = (await readBackups(place, history)).filter(({ bytes }) => bytes !== undefined);
  const aged = there.map(({ backup: { name, image }, entry }) => ({ name, image, at: new Date(entry.at) }));
  await removeBackups(place, expiredBackups(aged, retention, at));
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
