/** Which image the settings name, and what the host's engine has under that name. */

import { docker } from "../host/engine.ts";
import type { Host } from "../host/host.ts";
import type { Settings } from "../model/settings.ts";
import type { Kept } from "../release/kept.ts";

/** @returns undefined where the host has none of that name. @throws HostUnreachable */
export async function imageOf(host: Host, { gateway }: Pick<Settings, "gateway">): Promise<Kept["image"] | undefined> {
  const name = gateway.digest === undefined ? gateway.image : `${gateway.image}@${gateway.digest}`;
  const { code, stdout } = await host.run(docker(host, "image", "inspect", "--format", "{{.Id}}", name));
  return code === 0 ? { name, id: stdout.trim() } : undefined;
}
