/** Looks whether what is ours on a host still is what was declared, and mends it where it is not. */

import { createHmac, randomBytes } from "node:crypto";
import { compareManifests, isSame, type Manifest, type ManifestDifference } from "../model/manifest.ts";
import {
  framed,
  hmacFile,
  makeFolder,
  type OwnedPlace,
  parseFileState,
  parseFolderState,
  parseHmac,
  readFileState,
  readFolderState,
  writeFile,
} from "./files.ts";
import type { Host, RunOptions } from "./host.ts";
import { readFolder, refuseLink, type SyncSpec, syncFolder } from "./sync.ts";

/**
 * Compares one file with its declaration and writes it anew where they differ. The content is compared by an HMAC under a
 * fresh key, so neither it nor a digest that could be guessed at leaves the two machines.
 *
 * @returns what was wrong, in a few words, or undefined where nothing was.
 */
export async function ensureFile(host: Host, file: OwnedPlace, content: string): Promise<string | undefined> {
  const drift = await fileDrift(host, file, content);
  if (drift !== undefined) await mustRun(host, writeFile(file), { stdin: framed(content) });
  return drift;
}

async function fileDrift(host: Host, file: OwnedPlace, content: string): Promise<string | undefined> {
  const state = parseFileState(await mustRun(host, readFileState({ path: file.path, via: file.via, digest: false })));
  if (state.kind !== "file") return state.kind === "absent" ? "it was gone" : "something else had its place";
  const other = ownership(state, file);
  if (other !== undefined) return other;
  const key = randomBytes(32);
  const found = parseHmac(await mustRun(host, hmacFile(file), { stdin: `${key.toString("hex")}\n` }));
  return found === createHmac("sha256", key).update(content).digest("hex") ? undefined : "other content";
}

/**
 * Compares one folder with its declaration, and makes it, or gives it its owner and mode, where they differ; what lies below it
 * stays as it is. Returns as `ensureFile` does.
 *
 * @param folder.anyOwner true where its owner says nothing. Default false.
 */
export async function ensureMade(host: Host, folder: OwnedPlace & { readonly anyOwner?: boolean }): Promise<string | undefined> {
  const drift = await folderDrift(host, folder);
  if (drift !== undefined) await mustRun(host, makeFolder(folder));
  return drift;
}

async function folderDrift(host: Host, folder: OwnedPlace & { readonly anyOwner?: boolean }): Promise<string | undefined> {
  // Who may enter the folder above may look: the other route takes a container for it.
  const plain = await host.run(readFolderState({ path: folder.path, via: { kind: "direct" } }));
  const { code, stdout } = plain.code === 0 || folder.via.kind === "direct" ? plain : await host.run(readFolderState(folder));
  // Where the host could not tell, making it fails as well.
  if (code !== 0) return "it was gone";
  const state = parseFolderState(stdout);
  if (state === undefined) return "something else had its place";
  return folder.anyOwner === true && state.mode === folder.mode ? undefined : ownership(state, folder);
}

function ownership(is: Pick<OwnedPlace, "mode" | "uid" | "gid">, wanted: OwnedPlace): string | undefined {
  if (is.mode !== wanted.mode) return `mode ${is.mode.toString(8)}, declared ${wanted.mode.toString(8)}`;
  if (is.uid === wanted.uid && is.gid === wanted.gid) return undefined;
  return `owner ${is.uid}:${is.gid}, declared ${wanted.uid}:${wanted.gid}`;
}

/**
 * Compares the synced folder with the list of what it should hold and syncs it anew where they differ, or where the gateway's
 * user could not read it.
 * @returns how it differed; undefined where nothing was to do.
 */
export async function ensureFolder(host: Host, spec: SyncSpec, expected: Manifest): Promise<ManifestDifference | undefined> {
  await refuseLink(host, spec);
  const difference = compareManifests(expected, await readFolder(host, { folder: spec.to, via: spec.via, readable: true }));
  if (isSame(difference)) return undefined;
  await syncFolder(host, spec);
  return difference;
}

/** Runs what has to succeed. @throws Error with the command's own words, which hold no content. */
export async function mustRun(host: Host, argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await host.run(argv, options);
  if (code !== 0) {
    throw new Error(
      `\`${argv[0]}\` on ${host.description} ended with ${code ?? "no code"}, wanted 0: ${stderr.trim().slice(-500)}`,
    );
  }
  return stdout;
}
