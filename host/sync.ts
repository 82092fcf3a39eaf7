/** Makes a folder on a host hold exactly the files of a folder here, with rsync over the host's own connection. */

import { posix } from "node:path";
import { compareManifests, isSame, type Manifest, parseManifest } from "../model/manifest.ts";
import { agentVariables, execute } from "./execute.ts";
import type { Host, RunResult } from "./host.ts";
import { agentEnvironment, emptyEnvironment, quote, shellLine } from "./quote.ts";
import { inFolder, type Route } from "./route.ts";
import { scriptCommand } from "./script.ts";
import { listSource, readSource } from "./source.ts";

/** `from` is absolute on this machine, `to` and `below` absolute on the host; the parent of `to` exists. */
export interface SyncSpec {
  readonly from: string;
  readonly to: string;
  /** The base folder: no folder between it and `to`, `to` included, may be a link, since what is deleted would be somebody else's. */
  readonly below: string;
  /** Who the files belong to where the route is direct. By a container's route they stay the caller's, readable by all. */
  readonly uid: number;
  readonly gid: number;
  readonly via: Route;
}

const syncTimeoutMs = 600_000;

/**
 * Makes `to` hold exactly the source's files, all readable by every uid; what else was in `to` is deleted. Throws on a
 * source that `listSource` refuses, where rsync fails, and where the folder still differs afterwards.
 *
 * Says whether anything was changed. Where nothing was, rsync has just compared every file on both sides by checksum, so
 * only a sync that changed something is proven by digests once more.
 */
export async function syncFolder(host: Host, spec: SyncSpec): Promise<{ readonly changed: boolean }> {
  await listSource(spec.from);
  await refuseLink(host, spec);
  const sent = await transfer(host, spec);
  if (sent.stdout === "") return { changed: false };
  const place = { folder: spec.to, via: { kind: "direct" }, readable: true } as const;
  const left = compareManifests(await readSource(spec.from), await readFolder(host, place));
  if (!isSame(left)) {
    throw new Error(`${spec.to} on ${host.description} differs from ${spec.from} right after the sync: ${JSON.stringify(left)}.`);
  }
  return { changed: true };
}

/** A sync would be led to another folder by a link in its way, and delete there. */
export class LinkInTheWay extends Error {
  override readonly name = "LinkInTheWay";
}

const refusal = ({ below, to }: Pick<SyncSpec, "below" | "to">) => scriptCommand("refuse-link", [below, to]);

/** @throws LinkInTheWay where the folder, or one above it below the base folder, is a link; its message holds the remedy. */
export async function refuseLink(host: Host, spec: Pick<SyncSpec, "below" | "to">): Promise<void> {
  const { code, stderr } = await host.run(refusal(spec));
  if (code === 1) throw new LinkInTheWay(`On ${host.description}: ${stderr.trim().slice(-2000)}`);
  mustSucceed({ code, stderr }, `${spec.to} on ${host.description} could not be looked at`);
}

/** One rsync, and a second one after the folder was made the caller's, where somebody else's files were in its way. */
async function transfer(host: Host, spec: SyncSpec): Promise<RunResult> {
  const send = () => execute(rsyncCommand(host, spec, ["--itemize-changes"]), { timeoutMs: syncTimeoutMs }, agentVariables());
  const sent = await send();
  if (sent.code === 0) return sent;
  // An rsync over a connection that is gone fails like any other: ask the host, which throws `HostUnreachable` then.
  await host.run(["true"]);
  const claim = claimFolder(spec);
  if (claim !== undefined) {
    mustSucceed(await host.run(claim, { timeoutMs: syncTimeoutMs }), `${spec.to} on ${host.description} could not be made ours`);
  }
  const again = await send();
  mustSucceed(again, `${spec.from} could not be synced to ${spec.to} on ${host.description}`);
  // What the first attempt changed shows in no second one.
  return { ...again, stdout: sent.stdout + again.stdout };
}

/**
 * The same as a shell line for `@pulumi/command`. The caller has judged the source with `readSource` beforehand; the line
 * itself only refuses an empty one.
 */
export function syncLine(host: Host, spec: SyncSpec): string {
  const claim = claimFolder(spec);
  const agent = host.ssh === undefined ? "" : ` ${agentEnvironment}`;
  return [
    `[ -n "$(ls -A ${quote(spec.from)})" ]`,
    host.line(refusal(spec)),
    ...(claim === undefined ? [] : [host.line(claim)]),
    `${emptyEnvironment}${agent} ${shellLine(rsyncCommand(host, spec))}`,
  ].join(" && ");
}

export interface FolderPlace {
  /** Absolute path on the host. */
  readonly folder: string;
  readonly via: Route;
  /** True where what is not readable by every uid counts as a stranger, too. */
  readonly readable?: boolean;
}

/** Lists every file below a folder of the host, for `parseManifest`; what is no file or folder, or not readable, has a digest of zeros. */
export function digestFolder(place: FolderPlace): string[] {
  return inFolder(place.via, place.folder, (at) =>
    scriptCommand("digest-folder", [at, place.readable === true ? "readable" : ""]),
  );
}

/** Runs `digestFolder` and reads its list. Throws where the folder cannot be read in full. */
export async function readFolder(host: Host, place: FolderPlace): Promise<Manifest> {
  const listed = await host.run(digestFolder(place), { timeoutMs: syncTimeoutMs });
  mustSucceed(listed, `${place.folder} on ${host.description} could not be read`);
  return parseManifest(listed.stdout);
}

/**
 * rsync's argv, to run on this machine. `--checksum`, because a file edited in place may keep its size and time; no
 * `--times`, because a fresh clone's times say nothing; fixed modes, because an operator's umask must not decide what the
 * gateway can read; links followed, because what they lead to is inside the source.
 */
export function rsyncCommand(host: Pick<Host, "ssh">, spec: SyncSpec, more: readonly string[] = []): string[] {
  const owner = spec.via.kind === "direct" ? ["--owner", "--group", `--chown=${spec.uid}:${spec.gid}`] : [];
  const shell = host.ssh === undefined ? [] : ["-s", "-e", ["ssh", ...host.ssh.options].map(rshWord).join(" ")];
  const to = host.ssh === undefined ? `${spec.to}/` : `${host.ssh.destination}:${spec.to}/`;
  const what = ["--recursive", "--copy-links", "--checksum", "--delete", "--perms", "--chmod=D755,F644", "--timeout=300"];
  return ["rsync", ...what, ...more, ...owner, ...shell, "--", `${spec.from}/`, to];
}

/** The command after which the caller may write everywhere in `to`; none where the route is direct. */
function claimFolder(spec: SyncSpec): string[] | undefined {
  if (spec.via.kind === "direct") return undefined;
  const script = 'set -eu; mkdir -p -- "$1"; chown -R -- "$2" "$1"';
  const give = inFolder(spec.via, posix.dirname(spec.to), (at) => [
    "sh",
    "-c",
    script,
    "give-folder",
    posix.join(at, posix.basename(spec.to)),
  ]);
  return scriptCommand("claim-folder", [spec.to, ...give]);
}

/** rsync splits `-e` at spaces and knows quotes, doubled inside. */
function rshWord(word: string): string {
  return /[\s'"]/.test(word) ? `'${word.replaceAll("'", "''")}'` : word;
}

function mustSucceed(result: { code: number | null; stderr: string }, what: string): void {
  if (result.code !== 0)
    throw new Error(`${what} (exit ${result.code ?? "none"}, wanted 0): ${result.stderr.trim().slice(-2000)}`);
}
