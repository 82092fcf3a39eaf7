/** What of a gateway's state its users would miss, read from and planted in OpenClaw's own databases while it runs. */

import { z } from "zod";
import { indexPlaces, mounts } from "../model/layout.ts";
import { docker } from "./engine.ts";
import type { Host } from "./host.ts";
import { nodeScriptText } from "./script.ts";

/** Sessions by key, the people whom somebody paired, the device's identity, and how far the channel was read. */
const savedStateSchema = z.strictObject({
  sessions: z.array(z.string()),
  paired: z.array(z.string()),
  device: z.array(z.string()),
  /** -1 where nothing was read yet. */
  lastUpdateId: z.int().min(-1),
});

export type SavedState = z.output<typeof savedStateSchema>;

/** Below the state folder. */
export const stateDatabase = "state/openclaw.sqlite";

const databases = [`${mounts.state}/${stateDatabase}`, indexPlaces.database] as const;

const node = (name: "saved-state" | "pair", args: readonly string[]): string[] => [
  ...["--no-warnings", "--input-type=module", "--eval", nodeScriptText(name), "--", ...args],
];

/** What any Node is started with to read the two databases. */
export const savedStateArguments = (paths: readonly [state: string, agent: string]): string[] => node("saved-state", paths);

/** @throws Error where it printed anything else. */
export const parseSavedState = (stdout: string): SavedState => savedStateSchema.parse(JSON.parse(stdout));

/** @throws Error where it cannot be read. */
export async function readSavedState(host: Host, container: string, signal: AbortSignal): Promise<SavedState> {
  const { code, stdout, stderr } = await host.run(docker(host, "exec", container, "node", ...savedStateArguments(databases)), {
    signal,
  });
  if (code === 0) return parseSavedState(stdout);
  throw new Error(`The gateway's state could not be read (exit ${code ?? "none"}): ${stderr.trim().slice(-300)}`);
}

/** The argv that pairs somebody in the gateway's container. */
export function pairCommand(host: Host, container: string, id: string): string[] {
  return docker(host, "exec", container, "node", ...node("pair", [databases[0], id]));
}
