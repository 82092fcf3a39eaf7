/** What killed runs of these tests left in the engine: found by their label, never by a broad name. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

const ownerFile = (root: string) => join(root, "test-owner.pid");

/** Says that this process uses the project in `root`. */
export function own(root: string): void {
  writeFileSync(ownerFile(root), String(process.pid));
}

function isOwned(root: string): boolean {
  try {
    process.kill(Number(readFileSync(ownerFile(root), "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}

/** Removes the stacks of test projects whose process has ended. */
export async function removeLeftovers(): Promise<void> {
  const format = '{{.Label "phillbot.stack"}}\t{{.Label "phillbot.folder"}}';
  const { stdout } = await execa("docker", ["ps", "--all", "--filter", "label=phillbot.folder", "--format", format]);
  const stacks = new Map(
    stdout.split("\n").flatMap((line) => (line.startsWith("e2e-") ? [line.split("\t") as [string, string]] : [])),
  );
  for (const [stack, root] of stacks) {
    if (isOwned(root)) continue;
    await removeContainers(`phillbot-${stack}`);
    if (existsSync(ownerFile(root))) await rm(root, { recursive: true, force: true });
  }
}

/** Removes a stack's containers, its network and its memory, which Pulumi leaves: by the stack's own name, never a broader one. */
export async function removeContainers(name: string): Promise<void> {
  const { stdout } = await execa("docker", ["ps", "--all", "--quiet", "--filter", `name=^/${name}-`]);
  const ids = stdout.split("\n").filter((id) => id !== "");
  if (ids.length > 0) await execa("docker", ["rm", "--force", "--volumes", ...ids]);
  await execa("docker", ["network", "rm", name], { reject: false });
  await execa("docker", ["volume", "rm", "--force", `${name}-postgres`], { reject: false });
}
