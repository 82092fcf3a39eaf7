/** Which image the settings name, and what the host's engine has under that name. */

import { imageIdOf } from "../host/engine.ts";
import type { Host } from "../host/host.ts";
import { imageNameOf } from "../model/gatewayContainer.ts";
import type { Settings } from "../model/settings.ts";
import type { Kept } from "../release/kept.ts";

/** @returns undefined where the host has none of that name. @throws HostUnreachable */
export async function imageOf(host: Host, { gateway }: Pick<Settings, "gateway">): Promise<Kept["image"] | undefined> {
  const name = imageNameOf(gateway);
  const id = await imageIdOf(host, name);
  return id === undefined ? undefined : { name, id };
}
