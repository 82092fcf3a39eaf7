/** The check `runtime`: the gateway's container is healthy, is the declared one with the declared content, and did not restart. */

import { createHash } from "node:crypto";
import { posix } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { docker } from "../host/engine.ts";
import { type FileState, folderFormat, parseFolderState, type Route } from "../host/files.ts";
import { clockSkewMs } from "../host/open.ts";
import type { Finding } from "../model/check.ts";
import type { ContainerState } from "../model/containers.ts";
import type { Declared } from "../model/declared.ts";
import { type TreeDigests, undeployed } from "../model/deployed.ts";
import { renderGatewayConfig } from "../model/gatewayConfig.ts";
import { containerSpecText, contentLabels, stackLabels } from "../model/gatewayContainer.ts";
import { layoutOf, modes, mounts } from "../model/layout.ts";
import { onHost } from "../model/operatorCommand.ts";
import { isStarting, judgeRuntime, type Possession, type RuntimeReading, type RuntimeRules } from "../model/runtime.ts";
import type { Check, CheckContext, Target } from "./check.ts";
import { EngineSilent, findGateway } from "./engine.ts";
import { filesBelow, manifestSha256, mustRun, routeTo, stateOf } from "./hostFiles.ts";

const pollMs = 500;

export const runtimeCheck: Check = {
  id: "runtime",
  title: "The container is healthy, runs the image, configuration and plugin that this tree declares, and did not restart.",
  // The health check's start period (90 s) and as long again for its retries.
  deadlineMs: 180_000,
  probe: (target, context) =>
    reported(target, async () => judgeRuntime(target.declared, await settled(target, context), rulesOf(target, context))),
  confirm: (target, context, first) =>
    reported(target, async () => judgeRuntime(target.declared, await read(target, context), rulesOf(target, context), first)),
};

function rulesOf({ settings }: Target, { policy }: CheckContext): RuntimeRules {
  return { maximumClockSkew: policy.freshness.clockSkew, onHost: (command) => onHost(settings.host, command) };
}

/** An engine that is gone is no verdict on the gateway; it is told with the command that shows it. */
async function reported({ settings }: Target, judge: () => Promise<Finding>): Promise<Finding> {
  try {
    return await judge();
  } catch (error) {
    if (!(error instanceof EngineSilent)) throw error;
    return { status: "error", summary: error.message, measured: { engine: null }, remedy: onHost(settings.host, "docker info") };
  }
}

/** Reads until the health check has made up its mind, or the deadline is near; whatever else is wrong ends the waiting at once. */
async function settled(target: Target, context: CheckContext): Promise<RuntimeReading> {
  for (;;) {
    const reading = await read(target, context);
    const sofar = judgeRuntime(target.declared, reading, rulesOf(target, context));
    if (!isStarting(reading) || sofar.status === "fail") return reading;
    context.progress(`The container is \`starting\` since ${reading.named?.startedAt}.`);
    await decided(target, reading, context.signal);
    if (context.signal.aborted) return reading;
  }
}

/** Only the engine is asked meanwhile: a whole reading starts ten programs, which a gateway that boots beside them waits for. */
async function decided({ host, declared }: Target, reading: RuntimeReading, signal: AbortSignal): Promise<void> {
  for (let now: RuntimeReading = reading; isStarting(now) && now.named?.id === reading.named?.id; ) {
    await wait(pollMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const found = await findGateway(host, declared.gateway, signal).catch((error: unknown) => {
      // What fails because it was told to stop says nothing.
      if (!signal.aborted) throw error;
    });
    now = { ...reading, ...found };
  }
}

async function read(target: Target, { signal, now }: CheckContext): Promise<RuntimeReading> {
  const { host, declared } = target;
  const via = await routeTo({ host, declared });
  const asking = { host, signal };
  const [containers, config, pluginSha256, skewMs] = await Promise.all([
    findGateway(host, declared.gateway, signal),
    stateOf({ path: declared.config.path, via }, asking),
    declared.plugin === null
      ? undefined
      : filesBelow({ folder: declared.plugin.path, via, readable: true }, asking).then(manifestSha256),
    clockSkewMs(host, now),
  ]);
  const isRunning = containers.named?.status === "running";
  const { moved, possessions } = isRunning
    ? await mountedFolders({ host, declared, via }, signal)
    : { moved: [], possessions: [] };
  const configSha256 = config.kind === "file" ? (config.sha256 ?? undefined) : undefined;
  const tree =
    target.rollback?.byNewer === true ? [] : undeployed(target.settings, declared, treeDigests(target, containers.named));
  return {
    ...{ ...containers, configSha256, pluginSha256, moved, undeployed: tree, clockSkew: skewMs / 1000 },
    possessions: [...possessions, ...configFile(config, declared)],
  };
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/**
 * What this tree would declare. The env file's fingerprint is the container's own, since the check `secrets` compares that
 * file with its sources; and it is believed only where the container bears the declared digest, of which it is a part.
 */
function treeDigests(
  { settings, stack, projectRoot, rollback, declared }: Target,
  named: ContainerState | undefined,
): TreeDigests {
  const config = sha256(renderGatewayConfig(settings));
  if (named?.spec !== declared.gateway.spec) return { config, spec: undefined };
  // Whose it is, an older tree says no otherwise.
  const labels = {
    ...stackLabels(settings, { stack, projectRoot: rollback?.home ?? projectRoot }),
    ...contentLabels(config, named.envFile ?? "none"),
  };
  return { config, spec: sha256(containerSpecText({ settings, layout: layoutOf(settings), labels })) };
}

/** A file that only its owner may read is closed to the gateway, once it is somebody else's. */
function configFile(state: FileState, { config, envFile }: Declared): readonly Possession[] {
  if (state.kind !== "file") return [];
  return [{ path: config.path, found: held(state), wanted: held({ ...envFile, mode: modes.configFile }) }];
}

const held = ({ mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number }) =>
  `mode ${mode.toString(8)} and owner ${uid}:${gid}`;

/**
 * The folders that are mounted. Moved are those that the container does not see: a bind mount follows the folder that was there
 * at the start, and what was put in its place since then, by the same name, is read by nobody.
 */
async function mountedFolders(
  { host, declared, via }: Pick<Target, "host" | "declared"> & { readonly via: Route },
  signal: AbortSignal,
): Promise<Pick<RuntimeReading, "moved" | "possessions">> {
  const folders = [
    { path: posix.dirname(declared.envFile.path), inside: mounts.state, mode: modes.state },
    { path: posix.dirname(declared.config.path), inside: mounts.config, mode: modes.config },
    { path: declared.context.folder, inside: mounts.context, mode: modes.context },
  ] as const;
  const [, , context] = folders;
  const place = "%d:%i";
  const inside = docker(host, "exec", declared.gateway.name, "stat", "-L", "-c", place, ...folders.map((each) => each.inside));
  // A link in a folder's place is told as such.
  const outside = ["stat", "-c", `${place} ${folderFormat}`, ...folders.map(({ path }) => path)];
  const [there = [], here = []] = await Promise.all(
    (
      [
        [outside, folders[0].path],
        [inside, declared.gateway.name],
      ] as const
    ).map(async ([argv, path]) => (await mustRun(argv, path, { host, signal })).trim().split("\n")),
  );
  const seen = folders.map(({ path, mode }, index) => {
    const [at, ...rest] = there[index]?.split(" ") ?? [];
    const state = parseFolderState(rest.join(" "));
    const wanted = { ...declared.envFile, mode };
    // By a container's route a sync gives the documents to whoever runs it, readable by all.
    const is = state !== undefined && path === context.path && via.kind !== "direct" ? { ...wanted, mode: state.mode } : state;
    const found = is === undefined ? "something else than a folder in its place" : held(is);
    return { path, isMoved: at === undefined || at !== here[index], found, wanted: held(wanted) };
  });
  return {
    moved: seen.filter(({ isMoved }) => isMoved).map(({ path }) => path),
    possessions: seen.map(({ path, found, wanted }) => ({ path, found, wanted })),
  };
}
