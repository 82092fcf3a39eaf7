/** Whose the volume with a development stack's memory is: an engine hands any clone the volume of a name that is there. */

import { z } from "zod";

/** By which a container, a network or a volume of a development stack says which clone made it. */
export const folderLabel = "phillbot.folder";

/** The volume with a development stack's memory. */
export function memoryVolume(name: string): string {
  return `${name}-postgres`;
}

const volume = z.object({ CreatedAt: z.string().default("an unknown day"), Labels: z.record(z.string(), z.string()).nullish() });

export interface FoundVolume {
  readonly createdAt: string;
  /** The clone that made it; absent on one from before volumes were labelled. */
  readonly folder: string | undefined;
}

/** Reads what `docker volume inspect` prints of one volume. @throws ZodError, SyntaxError */
export function parseVolume(text: string): FoundVolume {
  const [{ CreatedAt, Labels }] = z.tuple([volume]).parse(JSON.parse(text));
  return { createdAt: CreatedAt, folder: Labels?.[folderLabel] };
}

export interface Claim {
  /** The clone that asks. */
  readonly folder: string;
  /** True where what this clone keeps of the stack knows the volume. */
  readonly isKnown: boolean;
  /** Whether there is such a folder on this machine. */
  readonly isThere: (folder: string) => boolean;
}

/** Whose it is where it is not the asking clone's; undefined where it is. A clone that was moved finds its old folder gone. */
export function foreignOwner({ folder }: FoundVolume, claim: Claim): string | undefined {
  if (folder === claim.folder) return undefined;
  if (claim.isKnown && (folder === undefined || !claim.isThere(folder))) return undefined;
  return folder ?? "nobody known";
}
