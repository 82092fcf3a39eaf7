/** What a drill does to its own gateway: speaks to it, reads what of its state its users would miss, and breaks it. */

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "../host/engine.ts";
import { mustRun } from "../host/ensure.ts";
import type { Host } from "../host/host.ts";
import { openHost } from "../host/open.ts";
import { inFolder, ownershipRoute } from "../host/route.ts";
import { pairCommand, readSavedState, type SavedState, stateDatabase } from "../host/savedState.ts";
import type { DrillData } from "../model/drill.ts";
import type { HistoryEntry } from "../model/history.ts";
import { gatewayName, layoutOf } from "../model/layout.ts";
import type { Settings } from "../model/settings.ts";
import { historyPlaceOf, readHistory } from "../release/history.ts";
import { chat } from "./chat.ts";
import type { DrillStack } from "./drillStack.ts";
import { evidenceFolderOf } from "./session.ts";
import { readSettings } from "./stackSettings.ts";
import { exitCodes, type World } from "./verb.ts";

export interface DrillGateway {
  readonly host: Host;
  readonly settings: Settings;
  readonly container: string;
}

/** The drill's own, whether it runs or not. @throws DeckError */
export async function drillGateway({ root, stack }: DrillStack): Promise<DrillGateway> {
  const settings = await readSettings(root, stack);
  return { host: await openHost({ kind: "local" }, { controlFolder: "" }), settings, container: gatewayName(settings) };
}

/** Says something to the bot and pairs somebody, so that its state moves. @throws Error where it does not answer */
export async function useGateway({ host, settings, container }: DrillGateway, user: string, world: World): Promise<void> {
  const { output, signal } = world;
  const from = { id: Number(settings.telegram.owners[0]), username: "owner" };
  const spoken = { apiRoot: settings.telegram.apiRoot, from, text: "/whoami", input: process.stdin, signal };
  const { code } = await chat({ ...spoken, output: { ...output, data: () => {} } });
  if (code !== exitCodes.done) throw new Error("The bot did not answer.");
  await mustRun(host, pairCommand(host, container, user), { signal });
}

const pauseMs = 500;
const longestMs = 30_000;

/** Read until it says the same twice: what the bot just heard, it may still be writing. @throws Error */
export async function readData({ host, container }: DrillGateway, signal: AbortSignal): Promise<DrillData> {
  const deadline = performance.now() + longestMs;
  for (let last: string | undefined; ; ) {
    const saved = await readSavedState(host, container, signal);
    const text = JSON.stringify(saved);
    if (text === last) return dataOf(saved);
    if (performance.now() > deadline) throw new Error("The gateway's state did not come to rest.");
    last = text;
    await sleep(pauseMs, undefined, { signal });
  }
}

/** Counts and digests: what the bot was told is nobody's evidence. @throws Error where nothing was read of the channel yet. */
function dataOf({ sessions, paired, device, lastUpdateId }: SavedState): DrillData {
  if (lastUpdateId < 0) throw new Error("The gateway has no place in the channel yet.");
  const part = (rows: readonly string[]) => ({
    count: rows.length,
    digest: createHash("sha256").update(JSON.stringify(rows)).digest("hex"),
  });
  return { sessions: part(sessions), paired: part(paired), device: part(device), place: lastUpdateId };
}

/** As the worst release would leave it: the gateway is dead, and its state is no database any more. @throws Error */
export async function breakGateway({ host, settings, container }: DrillGateway): Promise<void> {
  const image = (await mustRun(host, docker(host, "inspect", "--format", "{{.Image}}", container))).trim();
  const via = await ownershipRoute(host, settings.gateway, image);
  await mustRun(host, docker(host, "kill", container));
  const script = 'rm -f -- "$1-wal" "$1-shm" && dd if=/dev/zero of="$1" bs=4096 count=1 conv=notrunc 2> /dev/null';
  const { state } = layoutOf(settings);
  await mustRun(
    host,
    inFolder(via, state, (at) => ["sh", "-c", script, "break-state", `${at}/${stateDatabase}`]),
  );
}

/** The last entry of the drill's record; undefined where there is none. @throws HistoryBroken, HistoryNotWritten */
export async function lastOnRecord(
  { root, stack }: DrillStack,
  { host, settings }: DrillGateway,
): Promise<HistoryEntry | undefined> {
  const place = historyPlaceOf(host, { settings, evidenceFolder: evidenceFolderOf(root, stack) });
  return (await readHistory(place)).entries.at(-1);
}
