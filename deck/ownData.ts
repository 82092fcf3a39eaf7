/** Volumes and networks of a development stack, which say by a label which clone made them: another clone's are left alone. */

import { existsSync } from "node:fs";
import { folderLabel, foreignOwner, memoryVolume, parseVolume } from "../model/volumeOwner.ts";
import { docker } from "./ownContainers.ts";

/**
 * Removes a volume that the stack's state knows, unless another clone made it. It is still there, because Pulumi is told to
 * leave it; gone already where an older state knew no better.
 */
export async function removeMemory(volume: string, root: string): Promise<{ isRemoved: boolean; sentence: string }> {
  const listed = await docker("volume", "ls", "--quiet", "--filter", `name=^${volume}$`);
  const found = listed.length === 0 ? undefined : parseVolume((await docker("volume", "inspect", volume)).join("\n"));
  const owner = found && foreignOwner(found, { folder: root, isKnown: true, isThere: existsSync });
  if (owner !== undefined) return { isRemoved: false, sentence: `The volume ${volume} stays, because ${owner} made it.` };
  await docker("volume", "rm", "--force", volume);
  return { isRemoved: true, sentence: `The bot's memory is removed: the volume ${volume}.` };
}

/** What this clone made and no state knew: how to remove it. Of what carries no label nobody can say whose it is, so nothing is. */
export async function dataLeft(stack: string, root: string): Promise<string[]> {
  const name = `phillbot-${stack}`;
  const label = ["--filter", `label=${folderLabel}=${root}`, "--format", "{{.Name}}"];
  const volumes = await docker("volume", "ls", "--filter", `name=^${memoryVolume(name)}$`, ...label);
  const networks = await docker("network", "ls", "--filter", `name=^${name}$`, ...label);
  return [
    ...volumes.map((volume) => `A volume stays that the stack did not know: docker volume rm ${volume}`),
    ...networks.map((network) => `A network stays that the stack did not know: docker network rm ${network}`),
  ];
}
