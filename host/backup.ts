/** Backups of the gateway's state on its host: made, proven and unpacked by OpenClaw's own commands, in one-shot containers. */

import { posix } from "node:path";
import { z } from "zod";
import { type Backup, isBackupName } from "../model/backup.ts";
import { botFileName, composeService, type Layout, layoutOf, mounts, scratchFolders } from "../model/layout.ts";
import type { Settings } from "../model/settings.ts";
import { sha256 } from "../model/sha256.ts";
import { docker, oneShotLabel } from "./engine.ts";
import { mustRun } from "./ensure.ts";
import { makeFolder } from "./files.ts";
import type { Host } from "./host.ts";
import { inFolder, type Route } from "./route.ts";
import { scriptCommand } from "./script.ts";

/** Where a stack's backups are, and what works on them. */
export interface BackupPlace {
  readonly host: Host;
  readonly layout: Pick<Layout, "state" | "backups" | "restore" | "stateAside" | "stateNext" | "botFile" | "envFile">;
  /** The stack's prefix of names. */
  readonly name: string;
  /** The gateway's. */
  readonly uid: number;
  readonly gid: number;
  readonly via: Route;
  /** The engine's id of a gateway's image: the one that wrote the state, where there is one. */
  readonly image: string;
  /** What a one-shot container may take, as the gateway may. */
  readonly limits: { readonly memoryMb: number; readonly pids: number };
}

/** As the settings say. */
export function backupPlace(
  { name, gateway, baseFolder, contextFolder }: Pick<Settings, "name" | "gateway" | "baseFolder" | "contextFolder">,
  where: Pick<BackupPlace, "host" | "via" | "image">,
): BackupPlace {
  const { uid, gid, memoryMb, pids } = gateway;
  return { ...where, layout: layoutOf({ baseFolder, contextFolder }), name, uid, gid, limits: { memoryMb, pids } };
}

/** An archive is not what is on record of it. */
export class BackupUnusable extends Error {
  override readonly name = "BackupUnusable";
}

/** A state folder of ordinary size takes seconds; one that grew for years gets its time. */
const timeoutMs = 1_800_000;
const quickMs = 60_000;

/** The scripts' own words, of `sysexits.h`: another one than on record, and nothing there. */
const [another, nothing] = [65, 66];

/** From here on a code is the engine's own word or a signal's: the container was never made, or was ended from outside. */
const firstOutside = 125;

/** Where the one-shot container sees the folders. */
const inside = { backups: "/backups", restore: "/restore" } as const;

/**
 * A one-shot container of the gateway's image, as the gateway's user, without network, secrets and configuration. Of the gateway's
 * host name, because OpenClaw takes its leases from a dead holder by that name only. The state is mounted writable: a database that
 * was closed with its log beside it is opened on nothing else.
 */
function oneShot(
  place: BackupPlace,
  binds: readonly (readonly [source: string, target: string])[],
  command: readonly string[],
  named: readonly string[] = [],
): string[] {
  const { host, uid, gid, image, limits } = place;
  const [entrypoint = "sh", ...args] = command;
  const sandbox = ["--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
  const scratch = Object.entries(scratchFolders({ uid, gid })).flatMap(([path, options]) => ["--tmpfs", `${path}:${options}`]);
  const variables = {
    HOME: "/home/node",
    OPENCLAW_STATE_DIR: mounts.state,
    // None is there, so none can lead it to a folder or a secret elsewhere.
    OPENCLAW_CONFIG_PATH: "/tmp/openclaw.json",
    NODE_DISABLE_COMPILE_CACHE: "1",
    TZ: "UTC",
  };
  return docker(
    host,
    ...["run", "--rm", "--init", "--pull", "never", "--log-driver", "none", "--hostname", composeService],
    ...["--memory", `${limits.memoryMb}m`, "--pids-limit", String(limits.pids)],
    ...[...oneShotLabel, ...named, "--user", `${uid}:${gid}`, ...sandbox, ...scratch],
    ...Object.entries(variables).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...binds.flatMap(([source, target]) => ["--mount", `type=bind,"source=${source.replaceAll('"', '""')}",target=${target}`]),
    ...["--entrypoint", entrypoint, image, ...args],
  );
}

/**
 * The name of the one container that works on the stack's state, once none of that name is left: where an operator was killed,
 * it goes on. Only who holds the stack's lease may take it.
 */
async function alone({ host, name }: BackupPlace): Promise<string[]> {
  const container = `${name}-state`;
  await host.run(docker(host, "rm", "--force", container), { timeoutMs: quickMs });
  return ["--name", container, "--label", `phillbot.work=${name}`];
}

/** Makes the folders for archives and restores where they are missing, closed to all but the gateway's user. */
async function makeFolders({ host, layout, uid, gid, via }: BackupPlace): Promise<void> {
  for (const path of [layout.backups, layout.restore])
    await mustRun(host, makeFolder({ path, mode: 0o700, uid, gid, via }), { timeoutMs: quickMs });
}

const printed = z.tuple([
  sha256,
  z.coerce.number<string>().int().min(1),
  z.union([sha256, z.literal("-").transform(() => undefined)]),
]);

/**
 * Makes an archive of the state as it is, while the gateway runs or not; the env file is not in it.
 *
 * @returns its digest and size, and of which bot the state says it is; undefined where there is no state to keep.
 * @throws Error where none was made. An archive whose digest could not be read lies there and is on no record.
 */
export async function createBackup(
  place: BackupPlace,
  name: string,
): Promise<(Pick<Backup, "sha256" | "bytes"> & { readonly bot: string | undefined }) | undefined> {
  if (!isBackupName(name)) throw new Error(`${JSON.stringify(name)} is no backup's name.`);
  const { host, layout } = place;
  await makeFolders(place);
  // Where there is none, the engine would make one to mount over.
  const isThere = inFolder(place.via, layout.state, (at) => ["test", "-e", `${at}/.env`]);
  const looked = await host.run(isThere, { timeoutMs: quickMs });
  const hidden = looked.code === 1 ? [] : [["/dev/null", `${mounts.state}/.env`] as const];
  const binds = [[layout.state, mounts.state] as const, ...hidden, [layout.backups, inside.backups] as const];
  const command = scriptCommand("create-backup", [name, inside.backups, mounts.state, botFileName]);
  const { code, stdout, stderr } = await host.run(oneShot(place, binds, command, await alone(place)), {
    timeoutMs,
    uninterrupted: true,
  });
  if (code === nothing) return undefined;
  const made = printed.safeParse(stdout.trim().split(" "));
  if (code === 0 && made.success) return { sha256: made.data[0], bytes: made.data[1], bot: made.data[2] };
  throw new Error(`OpenClaw's own \`backup create\` ended with ${code ?? "no code"} and no archive: ${lastWords(stderr)}`);
}

/**
 * Why an archive is not the one on record, or not whole by OpenClaw's own word; undefined where it is both.
 * @throws Error where that could not be told.
 */
export async function verifyBackup(
  place: BackupPlace,
  backup: Pick<Backup, "name" | "sha256">,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const command = scriptCommand("verify-backup", [inside.backups, backup.name, backup.sha256]);
  const run = oneShot(place, [[place.layout.backups, inside.backups]], command);
  const { code, stderr } = await place.host.run(run, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
  return code === 0 ? undefined : fault(place, { backup, code, stderr });
}

function fault(
  { layout, host }: BackupPlace,
  found: { readonly backup: Pick<Backup, "name">; readonly code: number | null; readonly stderr: string },
): string {
  const path = `${layout.backups}/${found.backup.name} on ${host.description}`;
  if (found.code === nothing) return `${path} is not there.`;
  if (found.code === another) return `${path} is not the archive that is on record: its digest is another.`;
  if (found.code === null || found.code >= firstOutside)
    throw new Error(`${path} could not be looked at (exit ${found.code ?? "none"}): ${lastWords(found.stderr)}`);
  if (noRoom.test(found.stderr))
    throw new Error(`There is no room for ${path}: ${lastWords(found.stderr)}\n  df -h ${layout.backups} ${layout.restore}`);
  return `OpenClaw does not accept ${path} (exit ${found.code}): ${lastWords(found.stderr)}\n  df -h ${layout.backups} ${layout.restore}`;
}

/** As the system, SQLite and OpenClaw say that a disk is full, which is no fault of an archive. */
const noRoom = /No space left on device|ENOSPC|database or disk is full|of extraction space, but only/;

const lastWords = (stderr: string): string => stderr.trim().slice(-500) || "it said nothing.";

/** Sizes in bytes by name of all archives that are there, on record or not. */
export async function listBackups({
  host,
  layout,
  via,
}: Pick<BackupPlace, "host" | "layout" | "via">): Promise<ReadonlyMap<string, number>> {
  // A stack of before there were any has no such folder.
  const { code } = await host.run(["test", "-d", layout.backups], { timeoutMs: quickMs });
  if (code === 1) return new Map();
  if (code !== 0) throw new Error(`${layout.backups} on ${host.description} could not be looked at.`);
  const command = inFolder(via, layout.backups, (folder) => scriptCommand("list-backups", [folder]));
  const lines = (await mustRun(host, command, { timeoutMs: quickMs })).split("\n").map((line) => line.split(" "));
  return new Map(lines.flatMap(([name = "", size]) => (isBackupName(name) ? [[name, Number(size)] as const] : [])));
}

/** Removes archives. */
export async function removeBackups({ host, layout, via }: BackupPlace, names: readonly string[]): Promise<void> {
  if (!names.every(isBackupName)) throw new Error("Something else than a backup was to be removed.");
  if (names.length === 0) return;
  const command = inFolder(via, layout.backups, (folder) => ["rm", "-f", "--", ...names.map((name) => `${folder}/${name}`)]);
  await mustRun(host, command, { timeoutMs: quickMs });
}

/** What takes the state's place: an archive, the state that the last exchange put aside, or none at all. */
export type NewState =
  | { readonly kind: "backup"; readonly backup: Backup }
  | { readonly kind: "previous" }
  | { readonly kind: "empty" };

/**
 * Makes a new state ready beside the one in use, which it does not touch.
 *
 * @param random eight hex digits: another run, whose operator was killed, may still unpack beside it.
 * @returns its folder, which holds no env file: that is written once it is in place.
 * @throws BackupUnusable where the archive cannot be used; Error where there is no room for it, or that could not be told.
 */
export async function prepareState(place: BackupPlace, from: NewState, random: string): Promise<string> {
  const { host, layout, uid, gid, via } = place;
  await makeFolders(place);
  if (from.kind === "previous") {
    const folder = `${layout.restore}/previous`;
    const { code } = await host.run(
      inFolder(via, layout.restore, (at) => ["test", "-d", `${at}/previous`]),
      { timeoutMs: quickMs },
    );
    if (code !== 0)
      throw new BackupUnusable(`No earlier exchange put a state aside: ${folder} on ${host.description} is not there.`);
    return folder;
  }
  const name = `incoming-${random}`;
  const folder = `${layout.restore}/${name}/state`;
  if (from.kind === "empty") {
    for (const path of [posix.dirname(folder), folder])
      await mustRun(host, makeFolder({ path, mode: 0o700, uid, gid, via }), { timeoutMs: quickMs });
    return folder;
  }
  const binds = [
    [layout.backups, inside.backups],
    [layout.restore, inside.restore],
  ] as const;
  const archive = `${inside.backups}/${from.backup.name}`;
  const args = [archive, from.backup.sha256, `${inside.restore}/${name}`, mounts.state];
  const command = oneShot(place, binds, scriptCommand("extract-backup", args), await alone(place));
  const { code, stderr } = await host.run(command, { timeoutMs, uninterrupted: true });
  if (code !== 0) throw new BackupUnusable(fault(place, { backup: from.backup, code, stderr }));
  return folder;
}

/** Of which bot a state says it is; undefined where it says nothing. @throws Error where that could not be told. */
export async function botOfState({ host, via }: BackupPlace, folder: string): Promise<string | undefined> {
  const script = '[ -e "$1" ] || exit 66; head -c 64 -- "$1"';
  const command = inFolder(via, folder, (at) => ["sh", "-c", script, "bot-of-state", `${at}/${botFileName}`]);
  const { code, stdout, stderr } = await host.run(command, { timeoutMs: quickMs });
  if (code === nothing || (code === 0 && !sha256.safeParse(stdout).success)) return undefined;
  if (code === 0) return stdout;
  throw new Error(`Of which bot ${folder} on ${host.description} is could not be told: ${lastWords(stderr)}`);
}

/**
 * Puts a state that is ready in the state's place; the gateway must stand still. The one before it is kept until the next exchange.
 *
 * @param dryRun only looks whether it can be done, which needs no gateway to stand still.
 * @throws Error where it cannot be, or was not done.
 */
export async function exchangeState({ host, layout, via }: BackupPlace, ready: string, dryRun = false): Promise<void> {
  const base = baseOf(layout);
  const words = [base, posix.relative(base, ready), ...(dryRun ? ["check"] : [])];
  const command = inFolder(via, base, (at) => scriptCommand("exchange-state", [at, ...words]));
  await mustRun(host, command, { timeoutMs, uninterrupted: true });
}

/**
 * Brings an exchange that was interrupted to its end, or takes it back.
 * @returns which of both; undefined where none was.
 * @throws Error where neither could be done.
 */
export async function settleState(place: BackupPlace): Promise<"finished" | "undone" | undefined> {
  const { host, layout, via } = place;
  if (!(await isInterrupted(place))) return undefined;
  // Somebody may have removed what it needs.
  await makeFolders(place);
  const command = inFolder(via, baseOf(layout), (at) => scriptCommand("exchange-state", [at, baseOf(layout)]));
  const said = (await mustRun(host, command, { timeoutMs, uninterrupted: true })).trim();
  if (said !== "finished" && said !== "undone")
    throw new Error(`An exchange of ${layout.state} was interrupted and is neither finished nor undone.`);
  return said;
}

async function isInterrupted({ host, layout }: Pick<BackupPlace, "host" | "layout">): Promise<boolean> {
  const command = ["sh", "-c", '[ -e "$1" ] || [ -e "$2" ]', "is-interrupted", layout.stateAside, layout.stateNext];
  const { code } = await host.run(command, { timeoutMs: quickMs });
  if (code === 0 || code === 1) return code === 0;
  throw new Error(`${baseOf(layout)} on ${host.description} could not be looked at.`);
}

const baseOf = ({ state }: Pick<Layout, "state">): string => posix.dirname(state);
