/** The measurement of a backup: what it adds to a replacement of the gateway's container, which waits for nothing else of it. */

import { randomBytes } from "node:crypto";
import { routeTo } from "../../checks/hostFiles.ts";
import type { Session } from "../../deck/session.ts";
import { backupPlace, createBackup } from "../../host/backup.ts";
import { backupName } from "../../model/backup.ts";
import { inTurns, type Line, timed } from "./measure.ts";

/** A backup of the state of the running gateway. */
export async function measureBackup({ target }: Session, rounds: number, say: (line: string) => void): Promise<Line> {
  const { host, settings, declared } = target;
  const place = backupPlace(settings, { host, via: await routeTo(target), image: declared.gateway.imageId });
  let bytes = 0;
  const backup = timed(async () => {
    const made = await createBackup(place, backupName(new Date(), randomBytes(4).toString("hex")));
    if (made === undefined) throw new Error("There is no state to keep.");
    bytes = made.bytes;
  });
  const times = await inTurns(rounds, { backup }, say);
  return { what: "what a backup adds to a replacement", value: times.backup, goal: 5, unit: "s", from: `${bytes} bytes` };
}
