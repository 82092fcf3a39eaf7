/** Commands around the gateway's container: check its configuration, bound it, index its documents, restart it when it is older than its files. */

import { z } from "zod";
import { type Answer, answerSchema } from "../model/answer.ts";
import type { IndexState, Unread } from "../model/contextState.ts";
import { stopSeconds } from "../model/gatewayContainer.ts";
import { jsonIn } from "../model/jsonIn.ts";
import { gatewayPort, indexPlaces, mounts, specLabel } from "../model/layout.ts";
import { docker, imageIdOf, oneShotLabel } from "./engine.ts";
import { mustRun } from "./ensure.ts";
import { parseFileState, type Route, readFileState } from "./files.ts";
import type { Host } from "./host.ts";
import { clockSkewMs } from "./open.ts";
import { nodeScriptText } from "./script.ts";

const seenContainer = z.tuple([
  z.string().regex(/^sha256:[0-9a-f]{64}$/),
  z.boolean(),
  z.string(),
  z.array(z.looseObject({ Source: z.string().default(""), Target: z.string() })).nullable(),
]);

/** A gateway's container as the engine has it. */
export interface SeenContainer {
  /** The id of its image. */
  readonly image: string;
  readonly isRunning: boolean;
  /** What was wanted of it when it was made; empty where it does not say. */
  readonly spec: string;
  /** Absolute path on the host of what it has for its state folder; undefined where that is none. */
  readonly state: string | undefined;
}

/** @returns undefined where there is none of that name. @throws Error where the engine could not tell. */
export async function findContainer(host: Host, name: string): Promise<SeenContainer | undefined> {
  const listed = await mustRun(host, docker(host, "container", "ls", "--all", "--quiet", "--filter", `name=^/${name}$`));
  if (listed.trim() === "") return undefined;
  const format = `[{{json .Image}}, {{json .State.Running}}, {{json (or (index .Config.Labels ${JSON.stringify(specLabel)}) "")}}, {{json .HostConfig.Mounts}}]`;
  const [image, isRunning, spec, binds] = seenContainer.parse(
    JSON.parse(await mustRun(host, docker(host, "container", "inspect", "--format", format, name))),
  );
  return { image, isRunning, spec, state: binds?.find(({ Target }) => Target === mounts.state)?.Source };
}

/** Why a container of the gateway's name is not this stack's, with the remedy; undefined where it is. */
export function foreignContainer(name: string, found: SeenContainer | undefined, state: string): string | undefined {
  if (found === undefined || found.state === state) return undefined;
  return `The container \`${name}\` has ${found.state ?? "no folder"} for its state, and this stack's is ${state}: it is another's. Nothing was touched.\n  Give this stack another \`phillbot:name\`, or, where nobody needs that container: docker rm --force ${name}`;
}

/** The image that can read the gateway's state: its container's, where the engine still has it; else the one given. */
export async function readerImage(host: Host, found: SeenContainer | undefined, declared: string): Promise<string> {
  if (found === undefined) return declared;
  return (await imageIdOf(host, found.image)) === undefined ? declared : found.image;
}

/** Where the published image and ours have it; the published one puts no command on the path. */
const openclaw = "node /app/openclaw.mjs";

/**
 * OpenClaw's own check of the configuration on standard input, in a throw-away container without network: exit 1 and the faults where it is invalid.
 *
 * @param image the engine's image id, the one that the gateway will run.
 */
export function validateConfig(host: Host, image: string): string[] {
  const script = `umask 077; cat > /tmp/openclaw.json && OPENCLAW_STATE_DIR=/tmp/state OPENCLAW_CONFIG_PATH=/tmp/openclaw.json exec ${openclaw} config validate --json`;
  const sandbox = ["--rm", "--interactive", "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
  return docker(host, "run", ...oneShotLabel, ...sandbox, "--entrypoint", "sh", image, "-c", script);
}

/** The docker provider cannot set a limit of processes; the engine takes it on the running container, and keeps it over restarts. */
export function limitProcesses(host: Host, container: string, pids: number): string[] {
  return docker(host, "update", "--pids-limit", String(pids), container);
}

/** Seconds that a booting gateway gets to be alive, and then to have its channels ready, which the gate judges, not this. */
const [aliveSeconds, readySeconds] = [120, 30];

/**
 * Waits until the gateway is alive and has it index the documents: without, a new document is on the host and unknown to the bot.
 * Then a search must find a synced document, or the command fails.
 *
 * @param options.anew true where the index is not trusted, so that what looks unchanged is indexed as well. Default false.
 */
export function refreshIndex(host: Host, container: string, title: string, { anew = false } = {}): string[] {
  const script = [
    // What never comes alive is for the gate to judge: see `isDown`.
    `{ node --input-type=module --eval "$2" -- ${gatewayPort} ${aliveSeconds} ${readySeconds} || { [ $? -eq 69 ] && exit 0; exit 1; }; }`,
    `${openclaw} memory index --agent main${anew ? " --force" : ""} >/dev/null`,
    `${openclaw} memory search "$1" --json | grep -q ${mounts.context.split("/").at(-1)} || { echo "A search for \\"$1\\" finds no synced document." >&2; exit 1; }`,
  ].join(" && ");
  return docker(host, "exec", container, "sh", "-c", script, "refresh-index", title, nodeScriptText("wait-ready"));
}

/**
 * Ends well only where the engine says that the gateway's container is down, or starts over and over. One that never boots has no
 * index to bring up to date, and is for the gate to judge, with a deadline and a reason: an update that ended before it would have
 * no verdict, and so no way back by itself.
 */
export function isDown(host: Host, container: string): string[] {
  const state = "{{.State.Running}} {{.State.Restarting}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{end}}";
  const script = 'state=$("$@") || exit 1; case $state in "true false "*" healthy" | "true false 0"*) exit 1 ;; esac';
  return ["sh", "-c", script, "is-down", ...docker(host, "inspect", "--format", state, container)];
}

/** The bound of `refreshIndex`. */
export const indexTimeoutMs = 180_000;

const indexStateSchema = z.strictObject({ documents: z.int().min(0), stale: z.array(z.string()) });

/** OpenClaw's own `memory status` takes half a minute on a busy host; this reads the same database in a tenth of a second. */
export function indexStateCommand(host: Host, container: string): string[] {
  const { database, workspace } = indexPlaces;
  const script = ["--input-type=module", "--eval", nodeScriptText("index-state")];
  return docker(host, "exec", container, "node", ...script, "--", database, workspace, mounts.context);
}

/**
 * Which documents the bot's index holds as they are, by the container's own view of them.
 *
 * @returns what the container said last, where it could not be asked.
 * @throws Error where it answers in an unknown shape.
 */
export async function readIndexState(host: Host, container: string, signal?: AbortSignal): Promise<IndexState | Unread> {
  const { code, stdout, stderr } = await host.run(indexStateCommand(host, container), signal === undefined ? {} : { signal });
  if (code === 0) return indexStateSchema.parse(JSON.parse(stdout));
  const said = stderr.split("\n").filter((line) => /\S/.test(line));
  const reason = said.find((line) => /^\w*Error\b/.test(line)) ?? said.at(-1) ?? "It said nothing.";
  return { unread: `exit ${code ?? "none"}, wanted 0: ${reason.trim().slice(0, 200)}` };
}

/**
 * In how many conversations the bot was told `/send off`, since the gateway's own `sessions.list` wants a paired device; and how
 * the Bot API answers the gateway, whose own polls tell that they lost it only once they ran out of time.
 */
export function channelStateCommand(host: Host, container: string, botApi: string): string[] {
  const script = ["--input-type=module", "--eval", nodeScriptText("answer-of", "channel-state")];
  return docker(host, "exec", container, "node", ...script, "--", indexPlaces.database, botApi);
}

/**
 * Tells the gateway to start its Telegram channel: one that Telegram refused, or that a loop of restarts suppressed, stays down
 * until then.
 * @returns whether the gateway took it.
 */
export async function startChannel(host: Host, container: string): Promise<boolean> {
  const call = ["node", "/app/openclaw.mjs", "gateway", "call", "channels.start", "--params", '{"channel":"telegram"}', "--json"];
  const { code, stdout } = await host.run(docker(host, "exec", container, ...call), { timeoutMs: 60_000 });
  // The command line ends well whatever became of it.
  return code === 0 && channelStarted.safeParse(jsonIn(stdout)).success;
}

const channelStarted = z.looseObject({ started: z.literal(true) });

/** Whether an address answers the gateway where it stands, which need not be where the gate stands: with which HTTP status, or why not. */
export async function reachFromGateway(
  host: Host,
  container: string,
  { address, signal }: { readonly address: string; readonly signal: AbortSignal },
): Promise<Answer | Unread> {
  const script = ["--input-type=module", "--eval", nodeScriptText("answer-of", "reach")];
  const { code, stdout } = await host.run(docker(host, "exec", container, "node", ...script, "--", address), { signal });
  const said = answerSchema.safeParse(jsonIn(stdout));
  if (code === 0 && said.success) return said.data;
  return { unread: `exit ${code ?? "none"}, wanted 0 and an answer of known shape` };
}

/** How far two clocks may differ, as the gate has it at most: an engine may run in a machine of its own. */
export const allowedSkewMs = 30_000;

/**
 * Restarts the gateway where one of its files is younger than its start, because it reads them at its start only; and where its
 * start is in the future, since after a clock was set back no file looks younger.
 *
 * @param files absolute paths on the host.
 * @returns why it was restarted, or undefined where it was not.
 * @throws Error where the container or a file cannot be looked at.
 */
export async function restartIfStale(
  host: Host,
  container: string,
  files: { readonly paths: readonly string[]; readonly via: Route },
): Promise<string | undefined> {
  const started = await mustRun(host, docker(host, "inspect", "--format", "{{.State.StartedAt}}", container));
  const startedAt = Date.parse(started.trim());
  if (Number.isNaN(startedAt))
    throw new Error(`The engine gave no start time for \`${container}\`, but \`${started.trim().slice(0, 40)}\`.`);
  const restart = () =>
    mustRun(host, docker(host, "restart", "--time", String(stopSeconds), container), { timeoutMs: (stopSeconds + 60) * 1000 });
  const ahead = startedAt - (Date.now() + (await clockSkewMs(host, () => new Date())));
  if (ahead > allowedSkewMs) {
    await restart();
    return `its start at ${new Date(startedAt).toISOString()} was ${(ahead / 1000).toFixed(1)} s in the future by the host's clock, so its files cannot be compared with it`;
  }
  for (const path of files.paths) {
    const state = parseFileState(await mustRun(host, readFileState({ path, via: files.via, digest: false })));
    if (state.kind !== "file") throw new Error(`${path} on ${host.description} is no file.`);
    if (state.changedMs < startedAt) continue;
    await restart();
    return `${path} was written at ${new Date(state.changedMs).toISOString()}, after the gateway's start at ${new Date(startedAt).toISOString()}`;
  }
  return undefined;
}
