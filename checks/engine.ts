/** Asks a host's Docker engine for the containers that a stack declares. */

import { docker } from "../host/engine.ts";
import type { Host } from "../host/host.ts";
import { type ContainerState, parseContainers } from "../model/containers.ts";
import { composeService } from "../model/layout.ts";

/** The engine did not answer, so nothing is known of its containers. */
export class EngineSilent extends Error {
  override readonly name = "EngineSilent";
}

export interface GatewayContainers {
  /** The container that bears the declared name, if any. */
  readonly named: ContainerState | undefined;
  /** Every container of the gateway's compose service, running or not. */
  readonly ofService: readonly ContainerState[];
}

interface Wanted {
  readonly name: string;
  readonly composeProject: string;
}

/**
 * Finds the gateway's container by name, and all that claim to be its compose service.
 * @throws EngineSilent where the engine does not answer; Error where it answers in an unknown shape.
 */
export async function findGateway(host: Host, wanted: Wanted, signal: AbortSignal): Promise<GatewayContainers> {
  const ids = await idsOf(host, wanted, signal);
  try {
    return sorted(await inspect(host, ids, signal), wanted);
  } catch (error) {
    // A container that goes between the two questions makes the second one fail: ask anew, once.
    const now = error instanceof EngineSilent ? await idsOf(host, wanted, signal) : ids;
    if (now.join() === ids.join()) throw error;
    return sorted(await inspect(host, now, signal), wanted);
  }
}

const label = (name: string) => `{{.Label "com.docker.compose.${name}"}}`;
const format = ["{{.ID}}", "{{.Names}}", label("project"), label("service")].join("\t");

/** All containers are listed and sorted out here: two filters that are told apart would be two questions, each a program to start. */
async function idsOf(host: Host, wanted: Wanted, signal: AbortSignal): Promise<readonly string[]> {
  const lines = (await ask(host, ["ps", "--all", "--no-trunc", "--format", format], signal)).split("\n");
  return lines
    .flatMap((line) => {
      const [id = "", names = "", project, service] = line.split("\t");
      const isOfService = project === wanted.composeProject && service === composeService;
      return isOfService || names.split(",").includes(wanted.name) ? [id] : [];
    })
    .sort();
}

async function inspect(host: Host, ids: readonly string[], signal: AbortSignal): Promise<readonly ContainerState[]> {
  return ids.length === 0 ? [] : parseContainers(await ask(host, ["container", "inspect", ...ids], signal));
}

function sorted(found: readonly ContainerState[], wanted: Wanted): GatewayContainers {
  return {
    named: found.find(({ name }) => name === wanted.name),
    ofService: found.filter((each) => each.composeProject === wanted.composeProject && each.composeService === composeService),
  };
}

async function ask(host: Host, args: readonly string[], signal: AbortSignal): Promise<string> {
  const { code, stdout, stderr } = await host.run(docker(host, ...args), { signal });
  if (code === 0) return stdout;
  const said = stderr.trim().split("\n").at(-1) ?? "";
  const ended = code === null ? "was ended" : `ended with ${code}`;
  throw new EngineSilent(
    `The Docker engine on ${host.description} did not answer: \`docker ${args[0]}\` ${ended}. ${said}`.trim(),
  );
}
