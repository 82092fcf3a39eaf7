/** The containers that stand in for hosted services on a development stack. */

import { docker } from "../host/engine.ts";
import type { Host } from "../host/host.ts";
import { type ContainerState, parseContainers } from "../model/containers.ts";
import { devServicePorts } from "../model/layout.ts";
import type { Settings } from "../model/settings.ts";
import { DeckError } from "./verb.ts";

export interface DevContainer {
  readonly name: string;
  /** Absent where there is no such container. */
  readonly state: ContainerState | undefined;
}

/** One for each service, whether it is there or not; none on a stack that has no such services. @throws DeckError with code 3 */
export async function findDevContainers(
  host: Host,
  settings: Pick<Settings, "name" | "devServices">,
  signal: AbortSignal,
): Promise<readonly DevContainer[]> {
  if (settings.devServices === undefined) return [];
  const names = Object.keys(devServicePorts).map((service) => `${settings.name}-${service}-1`);
  const filters = names.flatMap((name) => ["--filter", `name=^/${name}$`]);
  const ids = (await ask(host, ["ps", "--all", "--no-trunc", "--quiet", ...filters], signal)).split("\n").filter(Boolean);
  const found = ids.length === 0 ? [] : parseContainers(await ask(host, ["container", "inspect", ...ids], signal));
  return names.map((name) => ({ name, state: found.find((each) => each.name === name) }));
}

async function ask(host: Host, args: readonly string[], signal: AbortSignal): Promise<string> {
  const { code, stdout } = await host.run(docker(host, ...args), { signal });
  if (code === 0) return stdout;
  throw new DeckError("unknown", `The Docker engine on ${host.description} did not answer.`, "docker info");
}
