/** Finds in a host's engine what carries a stack's name, and removes what no state knows: what was killed before it could note it, or before it could start it. */

import { z } from "zod";
import { stopSeconds } from "../model/gatewayContainer.ts";
import { stackLabel } from "../model/layout.ts";
import type { Found } from "../model/unrecorded.ts";
import { docker, purposeLabel } from "./engine.ts";
import { mustRun } from "./ensure.ts";
import type { Host } from "./host.ts";

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((all) => all ?? {});
const container = z.object({
  Id: z.string().min(1),
  Name: z.string(),
  Config: z.object({ Labels: labels }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()).nullish() }),
});
const network = z.object({ Id: z.string().min(1), Name: z.string(), Labels: labels });

/** Everything that the stack's label is on. @throws Error where the engine could not tell. */
export async function findLabelled(host: Host, stack: string): Promise<Found> {
  const label = ["--filter", `label=${stackLabel}=${stack}`, "--no-trunc", "--quiet"];
  const inspected = async (kind: "container" | "network") => {
    const all = kind === "container" ? ["--all"] : [];
    const ids = (await mustRun(host, docker(host, kind, "ls", ...all, ...label))).split("\n").filter(Boolean);
    return ids.length === 0 ? "[]" : mustRun(host, docker(host, kind, "inspect", ...ids));
  };
  const [containers, networks] = await Promise.all([inspected("container"), inspected("network")]);
  return {
    containers: z
      .array(container)
      .parse(JSON.parse(containers))
      .map(({ Id, Name, Config, NetworkSettings }) => ({
        id: Id,
        name: Name.replace(/^\//, ""),
        labels: Config.Labels,
        networks: Object.keys(NetworkSettings.Networks ?? {}),
      })),
    networks: await Promise.all(
      z
        .array(network)
        .parse(JSON.parse(networks))
        .map(async ({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels, users: await usersOf(host, Id) })),
    ),
  };
}

/** Also those that do not run, of which the network itself does not tell. */
async function usersOf(host: Host, id: string): Promise<readonly string[]> {
  const listed = docker(host, "container", "ls", "--all", "--no-trunc", "--quiet", "--filter", `network=${id}`);
  return (await mustRun(host, listed)).split("\n").filter(Boolean);
}

interface Named {
  readonly id: string;
}

/** Each gets the time to end its work that it was made with; its volumes stay, but for those without a name. */
export async function removeContainers(host: Host, containers: readonly Named[]): Promise<void> {
  const ids = containers.map(({ id }) => id);
  if (ids.length === 0) return;
  await mustRun(host, docker(host, "container", "stop", ...ids), { timeoutMs: (stopSeconds + 60) * 1000 });
  await mustRun(host, docker(host, "container", "rm", "--force", "--volumes", ...ids));
}

/** @throws Error where something is on one of them. */
export async function removeNetworks(host: Host, networks: readonly Named[]): Promise<void> {
  const ids = networks.map(({ id }) => id);
  if (ids.length > 0) await mustRun(host, docker(host, "network", "rm", ...ids));
}

/** What was made so long ago and does not run will not be started any more by whoever made it. */
const startedBySeconds = 30;

/** Removes containers that were for one command and never came to it: the engine takes those away only that ran. */
export async function removeOneShots(host: Host): Promise<void> {
  const which = ["--filter", `label=${purposeLabel}`, "--filter", `until=${startedBySeconds}s`];
  await mustRun(host, docker(host, "container", "prune", "--force", ...which));
}
