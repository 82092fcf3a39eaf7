/** Looks on a host whether the volume with a development stack's memory is this clone's, before anything is touched there. */

import { existsSync } from "node:fs";
import { type FoundVolume, foreignOwner, memoryVolume, parseVolume } from "../model/volumeOwner.ts";
import { docker } from "./engine.ts";
import { mustRun } from "./ensure.ts";
import type { Host } from "./host.ts";

const timeoutMs = 30_000;

/** @returns undefined where there is none of that name. @throws Error where the engine could not tell. */
export async function findVolume(host: Host, name: string): Promise<FoundVolume | undefined> {
  const listed = await mustRun(host, docker(host, "volume", "ls", "--quiet", "--filter", `name=^${name}$`), { timeoutMs });
  if (listed.trim() === "") return undefined;
  return parseVolume(await mustRun(host, docker(host, "volume", "inspect", name), { timeoutMs }));
}

interface Asking {
  /** The stack's prefix of names. */
  readonly name: string;
  readonly projectRoot: string;
  /** Says that this clone's stack was here before; no other's may lie there. */
  readonly ownerFile: string;
}

/**
 * Why this clone's stack must not use the volume, as a sentence with the remedy; undefined where it may.
 * @throws Error where the host could not tell.
 */
export async function refuseForeignVolume(host: Host, { name, projectRoot, ownerFile }: Asking): Promise<string | undefined> {
  const volume = memoryVolume(name);
  const found = await findVolume(host, volume);
  if (found === undefined) return undefined;
  const isKnown = (await host.run(["test", "-f", ownerFile], { timeoutMs })).code === 0;
  const owner = foreignOwner(found, { folder: projectRoot, isKnown, isThere: existsSync });
  if (owner === undefined) return undefined;
  return `The volume \`${volume}\`, made ${found.createdAt} by ${owner}, holds a bot's memory that is not this folder's.
  \`npm run down\` in that folder, or, where nobody needs that memory: docker volume rm ${volume}`;
}
