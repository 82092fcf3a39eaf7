/** Containers that carry this folder's and one stack's labels: an interrupted update may have made some that its state does not know. */

import { execa } from "execa";

/** Seconds that a container gets to end its work. */
const stopSeconds = 30;

/**
 * Stops and removes them.
 * @param known ids that the stack's state knows, which Pulumi removes itself.
 * @returns the names of those that were removed.
 */
export async function removeOwnContainers(stack: string, root: string, known: readonly string[]): Promise<readonly string[]> {
  const labels = [`phillbot.folder=${root}`, `phillbot.stack=${stack}`].flatMap((label) => ["--filter", `label=${label}`]);
  const listed = await docker("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}", ...labels);
  const unknown = listed.map((line) => line.split(" ")).filter(([id = ""]) => !known.includes(id));
  const ids = unknown.map(([id = ""]) => id);
  if (ids.length === 0) return [];
  await docker("stop", "--time", String(stopSeconds), ...ids);
  await docker("rm", "--force", "--volumes", ...ids);
  return unknown.map(([, name = ""]) => name);
}

/** The lines that the engine's client printed. @throws Error with what it said. */
export async function docker(...args: readonly string[]): Promise<string[]> {
  const { stdout } = await execa("docker", args, { stdin: "ignore", timeout: (stopSeconds + 60) * 1000 });
  return stdout.split("\n").filter((line) => line !== "");
}
