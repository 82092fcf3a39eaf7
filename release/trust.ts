/**
 * The root of trust: the roles as somebody compared and installed them, outside every tree. Its place follows from the user
 * and the stack alone; no setting, variable or file of a tree can move it.
 */

import { createHash, randomUUID } from "node:crypto";
import { lstat, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { formatRolesFaults, type Roles } from "../model/roles.ts";
import { allowedSigners, revokedKeys } from "../model/signers.ts";
import { parseRoles } from "./roles.ts";
import { seenFile } from "./seen.ts";
import type { Trust } from "./sshSignature.ts";

/** The trust is not there, is not this user's alone, or contradicts itself: nothing may be verified with it. */
export class TrustMissing extends Error {
  override readonly name = "TrustMissing";
  readonly remedy: string;

  constructor(message: string, stack: string) {
    super(message);
    this.remedy = `npx deck trust install --stack ${stack} # where releases are signed; a development stack needs none`;
  }
}

export interface InstalledTrust extends Trust {
  readonly roles: Roles;
  readonly fingerprint: string;
  readonly folder: string;
}

/** Home as the system's own list of users has it: `HOME` is a variable. */
export function trustFolder(stack: string, home: string = userInfo().homedir): string {
  return join(home, ".config", "phillbot", "trust", stack);
}

/** What two people compare, by another way than the repository: `SHA256:` and the digest of the roles' text, in base64 as OpenSSH has it. */
export function fingerprintOf(text: string): string {
  return `SHA256:${createHash("sha256").update(text).digest("base64").replace(/=+$/, "")}`;
}

const names = { roles: "roles.yaml", allowedSigners: "allowed_signers", revoked: "revoked_keys" } as const;

/**
 * Reads what was installed. The lists for ssh-keygen are made from the roles anew, so that they cannot say something else.
 * @throws TrustMissing
 */
export async function readTrust(stack: string, folder = trustFolder(stack)): Promise<InstalledTrust> {
  const mode = await refuseOpenFolder(folder, stack);
  const file = join(folder, names.roles);
  // What this machine has seen decides as much as the roles do.
  const decisive = [file, join(folder, seenFile)];
  const [text, ...wrongs] = await Promise.all([
    readFile(file, "utf8").catch(() => undefined),
    ...decisive.map((path) => openFile(path, mode)),
  ]);
  for (const [index, wrong] of wrongs.entries())
    if (wrong !== undefined) throw new TrustMissing(`${decisive[index]} ${wrong}.`, stack);
  if (text === undefined) throw new TrustMissing(`${file} cannot be read.`, stack);
  const parsed = parseRoles(text);
  if (!parsed.ok) throw new TrustMissing(`${file}: ${formatRolesFaults(parsed.faults)}`, stack);
  const trust = { allowedSigners: join(folder, names.allowedSigners), revoked: join(folder, names.revoked) };
  await Promise.all([
    writeWhereOther(trust.allowedSigners, allowedSigners(parsed.roles), mode),
    writeWhereOther(trust.revoked, revokedKeys(parsed.roles), mode),
  ]);
  return { ...trust, roles: parsed.roles, fingerprint: fingerprintOf(text), folder };
}

/** Others must not be able to write it, and a link must not lead elsewhere. @returns its mode. */
async function refuseOpenFolder(folder: string, stack: string): Promise<number> {
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) throw new TrustMissing(`No trust is installed for the stack \`${stack}\` (${folder}).`, stack);
  const wrong = !found.isDirectory()
    ? "is no folder"
    : found.uid !== userInfo().uid
      ? "belongs to somebody else"
      : (found.mode & 0o022) !== 0
        ? "may be written by others"
        : undefined;
  if (wrong !== undefined) throw new TrustMissing(`${folder} ${wrong}.`, stack);
  return found.mode;
}

/** Why others may decide what a file in the folder says, if they may. Into a folder that is closed to them, they cannot come. */
async function openFile(path: string, folderMode: number): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isFile()) return `is no file, but ${found.isSymbolicLink() ? "a link" : "something else"} in its place: rm ${path}`;
  if (found.uid !== userInfo().uid) return "belongs to somebody else";
  const theirs = ((found.mode & 0o022) >> 1) & folderMode;
  return theirs === 0 ? undefined : `may be written by others: chmod go-w ${path}`;
}

/**
 * Puts roles in place, all or nothing.
 * @param text what `operations/roles.yaml` says; its fingerprint was compared by whoever calls this.
 * @throws TrustMissing where the text is no roles.
 */
export async function installTrust(stack: string, text: string, folder = trustFolder(stack)): Promise<InstalledTrust> {
  const parsed = parseRoles(text);
  if (!parsed.ok) throw new TrustMissing(formatRolesFaults(parsed.faults), stack);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await refuseOpenFolder(folder, stack);
  await replace(join(folder, names.roles), text);
  return readTrust(stack, folder);
}

async function writeWhereOther(path: string, text: string, folderMode: number): Promise<void> {
  if ((await openFile(path, folderMode)) !== undefined) await rm(path, { recursive: true, force: true });
  if ((await readFile(path, "utf8").catch(() => undefined)) !== text) await replace(path, text);
}

async function replace(path: string, text: string): Promise<void> {
  // Several read it at once, and each may find that it must be written.
  const next = `${path}.${randomUUID()}.new`;
  await writeFile(next, text, { mode: 0o600, flag: "wx" });
  await rename(next, path);
}
