/** What of a gateway's state its users would miss: read from, and planted in, OpenClaw's own databases. */

import { execFileSync } from "node:child_process";
import { LocalHost } from "../../host/local.ts";
import { pairCommand, parseSavedState, type SavedState, savedStateArguments, stateDatabase } from "../../host/savedState.ts";
import { docker } from "./gatewayStack.ts";

/** Reads the state folder of a host that is this machine; the gateway may run. */
export function savedState(folder: string): SavedState {
  const databases = [`${folder}/${stateDatabase}`, `${folder}/agents/main/agent/openclaw-agent.sqlite`] as const;
  return parseSavedState(execFileSync(process.execPath, savedStateArguments(databases), { encoding: "utf8" }));
}

/** Pairs somebody, as `openclaw pairing approve` does, by the gateway's own Node while it runs. */
export async function pair(gateway: string, id: string): Promise<void> {
  const [, ...args] = pairCommand(new LocalHost(), gateway, id);
  await docker(...args);
}
