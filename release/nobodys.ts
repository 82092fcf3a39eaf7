/** Tells which records of moves are nobody's: whoever may push can put them there, so that they are no finding about the project. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { signersEver } from "../model/signers.ts";
import { open } from "./envelope.ts";
import type { ModesOptions, ModesRead, RefusedMove } from "./modes.ts";
import { readRecords } from "./records.ts";

/**
 * Of what counts for nothing, what no key that ever was on record signed, and what this machine never saw hold. A key that has
 * expired, or was revoked since, is somebody's: what it signed may have counted elsewhere.
 */
export async function nobodysOf(
  folder: string,
  { refused }: ModesRead,
  { trust, seen, now, signal, objects }: ModesOptions,
): Promise<ReadonlySet<RefusedMove>> {
  const unseen = refused.filter(({ digest }) => seen.firstSeen(digest) === undefined);
  if (unseen.length === 0) return new Set();
  const records = await readRecords(folder, { ...(signal && { signal }), ...(objects && { objects }) });
  const contents = new Map(records.map(({ digest, content }) => [digest, content]));
  const lists = await mkdtemp(join(tmpdir(), "phillbot-trust-"));
  try {
    const ever = { allowedSigners: join(lists, "ever"), revoked: join(lists, "none") };
    await writeFile(ever.allowedSigners, signersEver(trust.roles), { mode: 0o600 });
    await writeFile(ever.revoked, "", { mode: 0o600 });
    const judged = await Promise.all(
      unseen.map(async (each) => {
        const how = { kind: "mode", schema: z.unknown(), trust: ever, at: now } as const;
        return (await open(contents.get(each.digest) ?? "", how)).ok ? [] : [each];
      }),
    );
    return new Set(judged.flat());
  } finally {
    await rm(lists, { recursive: true, force: true });
  }
}
