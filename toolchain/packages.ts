/** Debian packages: the one thing that set-up puts outside the project's folder, hence named before it does. */

import { join } from "node:path";
import { logged } from "./command.ts";
import type { Layout } from "./layout.ts";
import { findProgram, isDebianRoot } from "./machine.ts";
import { Missing, noPackages } from "./missing.ts";
import { readStamp, writeStamp } from "./stamp.ts";
import type { StepContext } from "./steps.ts";

/** Package by the program that it brings. */
const packageOf = {
  dockerd: "docker.io",
  docker: "docker.io",
  debootstrap: "debootstrap",
  rsync: "rsync",
  ssh: "openssh-client",
} as const;

export type Program = keyof typeof packageOf;

/** The packages for those of the programs that this machine lacks, each once, in a stable order. */
export function missingPackages(
  programs: readonly Program[],
  find: (program: string) => string | undefined = findProgram,
): string[] {
  return [...new Set(programs.filter((program) => find(program) === undefined).map((program) => packageOf[program]))].sort();
}

const stamp = "debian-packages";

/** Installs what is missing, or says what to install. */
export async function installPackages(programs: readonly Program[], layout: Layout, { signal, say }: StepContext): Promise<void> {
  const packages = missingPackages(programs);
  if (packages.length === 0) return;
  if (!isDebianRoot()) throw new Missing(noPackages(packages));
  say(`Installing Debian packages: ${packages.join(", ")}`);
  const options = {
    log: join(layout.log, "debian-packages.log"),
    signal,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    timeoutMs: 10 * 60_000,
  };
  // Another apt on this machine is waited for rather than tripped over.
  const apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300"] as const;
  // One source of many being unreachable fails the update, and need not matter to what is installed.
  await logged([...apt, "update"], options).catch(() => undefined);
  await logged([...apt, "install", "--yes", "--no-install-recommends", ...packages], options);
  writeStamp(layout, stamp, [...new Set([...installedBySetUp(layout), ...packages])].sort().join(" "));
}

/** What earlier set-ups of this clone installed and nobody removes. */
export function installedBySetUp(layout: Layout): string[] {
  return (readStamp(layout, stamp) ?? "").split(" ").filter(Boolean);
}
