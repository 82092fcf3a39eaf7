/** The Docker client of a host, as an argv. */

import type { Host } from "./host.ts";

/** On this machine the engine may be elsewhere than by default; on another host it is that host's own. */
export function docker(host: Host, ...args: readonly string[]): string[] {
  const engine = host.kind === "local" && host.docker.host !== undefined ? ["--host", host.docker.host] : [];
  return ["docker", ...engine, ...args];
}

/** The engine's id of an image; undefined where it has none of that name. */
export async function imageIdOf(host: Host, name: string): Promise<string | undefined> {
  const { code, stdout } = await host.run(docker(host, "image", "inspect", "--format", "{{.Id}}", name));
  return code === 0 ? stdout.trim() : undefined;
}

/** By which a container that is for one command says so, once it stands still: it was to go with that command's end. */
export const purposeLabel = "phillbot.purpose";
export const oneShotLabel = ["--label", `${purposeLabel}=one-shot`] as const;
