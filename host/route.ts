/** How work on a host's files is done: as the user who is logged in, or as root in a one-shot container. */

import { oneShotLabel } from "./engine.ts";
import type { Host } from "./host.ts";

/** `engine` is the engine's address for a client on the host, where it is not that client's default. */
export type Route =
  | { readonly kind: "direct" }
  | { readonly kind: "container"; readonly image: string; readonly engine?: string };

/** Where a container sees the folder that it works in. */
const mountPoint = "/target";

/**
 * Asks the host once whether its user may give files to `owner`: root may, and so may the owner itself where the group is
 * one of its own. Otherwise a container of `image` does it; the image must be on the host already, and hold `sh` and coreutils.
 */
export async function ownershipRoute(
  host: Host,
  owner: { readonly uid: number; readonly gid: number },
  image: string,
): Promise<Route> {
  const asked = await host.run(["sh", "-c", "id -u; id -G"], { timeoutMs: 30_000 });
  const [uid, groups] = asked.stdout.trim().split("\n");
  if (asked.code !== 0 || uid === undefined || groups === undefined) {
    throw new Error(`\`id\` on ${host.description} ended with ${asked.code ?? "no code"}: ${asked.stderr.trim()}`);
  }
  const own = uid === String(owner.uid) && groups.split(" ").includes(String(owner.gid));
  if (uid === "0" || own) return { kind: "direct" };
  const engine = host.kind === "local" ? host.docker.host : undefined;
  return { kind: "container", image, ...(engine === undefined ? {} : { engine }) };
}

/** The argv that runs `command(folder)` by the route, where `folder` is how the command sees the host's folder. */
export function inFolder(via: Route, folder: string, command: (folder: string) => readonly string[]): string[] {
  if (via.kind === "direct") return [...command(folder)];
  const [entrypoint = "sh", ...args] = command(mountPoint);
  const engine = via.engine === undefined ? [] : ["--host", via.engine];
  const rights = ["CHOWN", "DAC_OVERRIDE", "FOWNER"].flatMap((name) => ["--cap-add", name]);
  return [
    ...["docker", ...engine, "run", "--rm", "--interactive", "--pull", "never", "--network", "none", "--log-driver", "none"],
    ...[...oneShotLabel, "--read-only", "--user", "0:0", "--cap-drop", "ALL", ...rights, "--security-opt", "no-new-privileges"],
    ...["--mount", bindMount(folder), "--entrypoint", entrypoint, via.image, ...args],
  ];
}

/** A value of `--mount`, which is a line of CSV. */
function bindMount(folder: string): string {
  const source = `source=${folder}`;
  const field = /[",\n]/.test(source) ? `"${source.replaceAll('"', '""')}"` : source;
  return `type=bind,${field},target=${mountPoint}`;
}
