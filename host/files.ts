/** Files on a host, as commands: pure functions that give the argv to run with `host.run` or `host.line`. */

import { posix } from "node:path";
import { z } from "zod";
import { inFolder, type Route } from "./route.ts";
import { scriptCommand } from "./script.ts";

export { ownershipRoute, type Route } from "./route.ts";

export interface FilePlace {
  /** Absolute path on the host. */
  readonly path: string;
  readonly via: Route;
}

export interface OwnedPlace extends FilePlace {
  /** Permission bits, for example `0o600`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Writes a file atomically: beside it a temporary one, which has its owner and mode before its first byte, is filled,
 * brought to disk and renamed. The folder must exist. Standard input is `framed(content)`. On any failure, a full disk
 * or a lost connection included, the old file stays, nothing else does, and the exit code is 1 with a sentence on standard error.
 */
export function writeFile(file: OwnedPlace): string[] {
  const { folder, name } = split(file.path);
  const rest = [name, file.path, octal(file.mode), `${file.uid}:${file.gid}`];
  return inFolder(file.via, folder, (at) => scriptCommand("write-file", [at, ...rest]));
}

/**
 * What `writeFile` reads: the content's length in bytes, a newline, the content. Without the length, a connection lost
 * half-way would look like the end of a shorter file.
 */
export function framed(content: string): string;
export function framed(content: Uint8Array): Uint8Array;
export function framed(content: string | Uint8Array): string | Uint8Array {
  if (typeof content === "string") return `${Buffer.byteLength(content)}\n${content}`;
  return Buffer.concat([Buffer.from(`${content.byteLength}\n`), content]);
}

/**
 * Makes one folder, or gives an existing one its owner and mode. Its parent must exist; anything but a folder in its place is refused.
 *
 * @param folder.keepExisting true where a folder that is there keeps its owner and mode. Default false.
 */
export function makeFolder(folder: OwnedPlace & { readonly keepExisting?: boolean }): string[] {
  const { folder: parent, name } = split(folder.path);
  const keep = folder.keepExisting === true ? ["keep"] : [];
  const rest = [name, folder.path, octal(folder.mode), `${folder.uid}:${folder.gid}`, ...keep];
  return inFolder(folder.via, parent, (at) => scriptCommand("make-folder", [at, ...rest]));
}

/**
 * Prints a file's state for `parseFileState`. A folder that is missing or closed to the caller is a failure, not an absent file.
 *
 * @param file.digest false leaves the sha256 out, as one should for a file of secrets: use `hmacFile` there. Default true.
 */
export function readFileState(file: FilePlace & { readonly digest?: boolean }): string[] {
  const { folder, name } = split(file.path);
  const rest = [name, file.path, file.digest === false ? "" : "digest"];
  return inFolder(file.via, folder, (at) => scriptCommand("file-state", [at, ...rest]));
}

const fileState = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("absent") }),
  /** A link, a folder or a device: not the file that was asked for. */
  z.strictObject({ kind: z.literal("other") }),
  z
    .strictObject({
      kind: z.literal("file"),
      mode: z.string().regex(/^[0-7]{1,4}$/),
      uid: z.int(),
      gid: z.int(),
      size: z.int(),
      mtime: z.number(),
      ctime: z.number(),
      sha256: z.union([z.null(), z.string().regex(/^[0-9a-f]{64}$/)]),
    })
    .transform(({ mtime, ctime, mode, ...rest }) => {
      return { ...rest, mode: Number.parseInt(mode, 8), changedMs: Math.round(Math.max(mtime, ctime) * 1000) };
    }),
]);

/** `mode` holds the permission bits; `size` is in bytes; `changedMs`, the later of mtime and ctime since a file may be moved into place with an old time, is the host's clock in epoch milliseconds; `sha256` is hex. */
export type FileState = z.output<typeof fileState>;

/** Reads what `readFileState` printed. Throws where it is anything else. */
export function parseFileState(stdout: string): FileState {
  return fileState.parse(JSON.parse(stdout));
}

/** Prints a folder's state for `parseFolderState`; of a link, the link's own. Fails where nothing is there. */
export function readFolderState(folder: FilePlace): string[] {
  const { folder: parent, name } = split(folder.path);
  return inFolder(folder.via, parent, (at) => ["stat", "-c", folderFormat, "--", posix.join(at, name)]);
}

/** What `stat` prints of a folder for `parseFolderState`. */
export const folderFormat = "%f %u:%g";

/** `mode` holds the permission bits; undefined stands for what is no folder, such as a link to one. */
export type FolderState = Pick<OwnedPlace, "mode" | "uid" | "gid"> | undefined;

/** Reads one line in `folderFormat`. Throws where it is anything else. */
export function parseFolderState(line: string): FolderState {
  const [, bits, uid, gid] = /^([0-9a-f]{4,8}) (\d+):(\d+)\n?$/.exec(line) ?? [];
  if (bits === undefined) throw new Error(`\`stat\` printed ${JSON.stringify(line.slice(0, 80))}, wanted \`${folderFormat}\`.`);
  const all = Number.parseInt(bits, 16);
  return (all & 0o170000) === 0o040000 ? { mode: all & 0o777, uid: Number(uid), gid: Number(gid) } : undefined;
}

/**
 * Prints the HMAC-SHA256 (hex) of a file, computed where the file lies. Standard input is the key in hex, 16 to 64
 * bytes, and a newline. It is built on sha256sum alone: a host need have neither openssl nor Python nor Node.
 */
export function hmacFile(file: FilePlace): string[] {
  const { folder, name } = split(file.path);
  return inFolder(file.via, folder, (at) => scriptCommand("hmac-file", [at, name, file.path]));
}

/** Reads what `hmacFile` printed. Throws where it is anything else. */
export function parseHmac(stdout: string): string {
  const found = /^([0-9a-f]{64})\n$/.exec(stdout);
  if (found?.[1] === undefined)
    throw new Error(`\`hmacFile\` printed ${stdout.length} characters, wanted 64 hex digits and a newline.`);
  return found[1];
}

function split(path: string): { folder: string; name: string } {
  const name = posix.basename(path);
  if (!posix.isAbsolute(path) || posix.normalize(path) !== path || name === "" || path.endsWith("/")) {
    throw new Error(`${JSON.stringify(path)} must be an absolute path without \`.\`, \`..\` or a trailing slash.`);
  }
  return { folder: posix.dirname(path), name };
}

function octal(mode: number): string {
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777)
    throw new Error(`Mode ${mode} is not permission bits from 0 to 0o777.`);
  return mode.toString(8);
}
