/** Where things lie on the host and what they are called, derived from the settings in this one place. */

import type { Settings } from "./settings.ts";

/** Absolute paths on the host. */
export interface Layout {
  /** Says which stack the base folder belongs to. */
  readonly ownerFile: string;
  /** OpenClaw's state directory; the gateway's uid owns it. */
  readonly state: string;
  /** Holds the generated `openclaw.json` and nothing else, because the folder is mounted whole. */
  readonly config: string;
  readonly configFile: string;
  readonly envFile: string;
  readonly context: string;
  /** The list of synced documents, outside the folder that the gateway reads. */
  readonly contextManifest: string;
  /** The stack's record; only ever added to. */
  readonly history: string;
  /** Archives of the state; the gateway's uid owns it, and no container of the bot's sees it. */
  readonly backups: string;
  /** Where a state is made ready before it takes the state's place, and where the one before it is kept. */
  readonly restore: string;
  /** Where the state is for the moment in which another takes its place, and where that one waits: what lies here longer was interrupted. */
  readonly stateAside: string;
  readonly stateNext: string;
  /** Says of which bot the state is, and goes where the state goes. */
  readonly botFile: string;
  /** Who is at work on the stack now. */
  readonly lease: string;
  /** What stands in for hosted services; development stacks only. */
  readonly devServices: string;
}

/** Below the state folder. */
export const botFileName = "phillbot.bot";

export function layoutOf(settings: Pick<Settings, "baseFolder" | "contextFolder">): Layout {
  const below = (...parts: string[]) => [settings.baseFolder, ...parts].join("/");
  return {
    ownerFile: below("phillbot.owner.json"),
    state: below("state"),
    config: below("config"),
    configFile: below("config", "openclaw.json"),
    envFile: below("state", ".env"),
    context: below(settings.contextFolder),
    contextManifest: below("context.sha256"),
    history: below("phillbot.history.jsonl"),
    lease: below("phillbot.lease"),
    backups: below("backups"),
    restore: below("restore"),
    stateAside: below("state.aside"),
    stateNext: below("state.next"),
    botFile: below("state", botFileName),
    devServices: below("dev-services"),
  };
}

/** Permission bits of what the gateway uses there: its state is its own, and what it only reads is not its to write. */
export const modes = { state: 0o700, config: 0o755, configFile: 0o444, context: 0o755, backups: 0o700, botFile: 0o600 } as const;

/** Where the gateway logs to, within its state folder as the host or the container sees it. */
export function logFolder(state: string): string {
  return `${state}/logs`;
}

/** The folders between a path and the folder `top` that it lies below, outermost first, both left out. */
export function foldersAbove(path: string, top: string): string[] {
  const names = path.slice(top.length + 1).split("/");
  return names.slice(0, -1).map((_, index) => [top, ...names.slice(0, index + 1)].join("/"));
}

/** The compose service that upstream's compose file calls the gateway: `docker compose ps` finds it by this name. */
export const composeService = "openclaw-gateway";

/** The label by which a container or a network says which stack's it is. */
export const stackLabel = "phillbot.stack";

/** The label by which the gateway's container says what was wanted of it. */
export const specLabel = "phillbot.spec";

/** The label by which it says what its env file held, as a keyed fingerprint. */
export const envFileLabel = "phillbot.env-file";

/** The gateway's container, named as compose would. */
export function gatewayName(settings: Pick<Settings, "name">): string {
  return `${settings.name}-${composeService}-1`;
}

/** The gateway's own port inside its container. */
export const gatewayPort = 18_789;

/** Where the gateway's container sees what the host holds. */
export const mounts = {
  state: "/home/node/.openclaw",
  config: "/etc/openclaw",
  configFile: "/etc/openclaw/openclaw.json",
  context: "/home/node/phillbot-context",
  plugin: "/opt/phillbot-memory",
} as const;

/** Where OpenClaw keeps its index of the documents, and the folder that the index's paths are relative to. */
export const indexPlaces = {
  database: `${mounts.state}/agents/main/agent/openclaw-agent.sqlite`,
  workspace: `${mounts.state}/workspace`,
} as const;

/**
 * Where the gateway may write besides its state folder, as the engine's `tmpfs` options by path: its root is read-only, so that
 * what runs is the image. What lies there ends with the container's stop, and counts as the container's memory.
 */
export function scratchFolders({ uid, gid }: Pick<Settings["gateway"], "uid" | "gid">): Readonly<Record<string, string>> {
  // Skills and tools that the bot installs for the day are started from there, so `exec`, which the engine leaves out by default.
  const options = "rw,exec,nosuid,nodev,size=256m";
  return { "/home/node": `${options},mode=0700,uid=${uid},gid=${gid}`, "/tmp": `${options},mode=1777` };
}

/** Ports inside the containers of a development stack's services; each is reachable there by its service's name. */
export const devServicePorts = { postgres: 5432, rest: 54_321, telegram: 8081 } as const;
