/** Looks at the files that a stack declares on its host, bounded by the check's deadline. */

import { createHash } from "node:crypto";
import { type FilePlace, type FileState, parseFileState, readFileState } from "../host/files.ts";
import type { Host } from "../host/host.ts";
import { ownershipRoute, type Route } from "../host/route.ts";
import { digestFolder, type FolderPlace } from "../host/sync.ts";
import type { Declared } from "../model/declared.ts";
import { type Manifest, parseManifest, renderManifest } from "../model/manifest.ts";

interface Asking {
  readonly host: Host;
  readonly signal: AbortSignal;
}

/** How the gateway's files are read: as the user who is logged in, else in a one-shot container of the gateway's own image. */
export function routeTo({ host, declared }: { readonly host: Host; readonly declared: Declared }): Promise<Route> {
  return ownershipRoute(host, declared.envFile, declared.gateway.imageId);
}

/** A file's state. @throws Error where its folder is missing or closed. */
export async function stateOf(file: FilePlace & { readonly digest?: boolean }, { host, signal }: Asking): Promise<FileState> {
  return parseFileState(await mustRun(readFileState(file), file.path, { host, signal }));
}

/** Every file below a folder. @throws Error where it cannot be read in full. */
export async function filesBelow(place: FolderPlace, asking: Asking): Promise<Manifest> {
  return parseManifest(await mustRun(digestFolder(place), place.folder, asking));
}

/** Sha256 (hex) of a folder's list of files: one digest for names and contents. */
export function manifestSha256(manifest: Manifest): string {
  return createHash("sha256").update(renderManifest(manifest)).digest("hex");
}

/** Runs a command that looks at `path`; secrets in `stdin` only. */
export async function mustRun(
  argv: readonly string[],
  path: string,
  { host, signal, stdin }: Asking & { readonly stdin?: string },
): Promise<string> {
  const { code, stdout, stderr } = await host.run(argv, { signal, ...(stdin === undefined ? {} : { stdin }) });
  if (code === 0) return stdout;
  throw new Error(
    `\`${path}\` on ${host.description} could not be read (exit ${code ?? "none"}, wanted 0). ${stderr.trim().slice(-300)}`,
  );
}
