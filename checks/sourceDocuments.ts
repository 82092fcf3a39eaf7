/** The documents in the tree, read and judged before they are synced. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readSource } from "../host/source.ts";
import { type Manifest, renderManifest } from "../model/manifest.ts";
import type { Secret } from "../model/secret.ts";
import { findSecretsInFiles } from "./scan/files.ts";

export interface SourceDocuments {
  /** Absolute path of the source folder. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Sha256 (hex) of the manifest as text. */
  readonly digest: string;
  /** Words that a search in the bot's memory must find: the first document's own title. */
  readonly title: string;
}

/** A secret stands in a document, so none is synced; places only, no values. */
export class SecretInDocument extends Error {
  override readonly name = "SecretInDocument";
}

/**
 * Reads and judges `Documentation/`.
 * @throws SecretInDocument; Error on an empty source or a link that leaves it, every fault at once.
 */
export async function readSourceDocuments(projectRoot: string, secrets: ReadonlyMap<string, Secret>): Promise<SourceDocuments> {
  const folder = join(projectRoot, "Documentation");
  const manifest = await readSource(folder);
  const paths = [...manifest.keys()].map((path) => join(folder, path));
  const found = await findSecretsInFiles(paths, secrets);
  if (found.length > 0)
    throw new SecretInDocument(
      `exposure: Nothing is synced. ${found.map(({ summary }) => summary).join(" ")}\n  npx deck secrets scan`,
    );
  const [first = ""] = manifest.keys();
  const heading = /^#\s+(.+)$/m.exec(await readFile(join(folder, first), "utf8"))?.[1] ?? first;
  const digest = createHash("sha256").update(renderManifest(manifest)).digest("hex");
  return { folder, manifest, digest, title: heading.replace(/[^\p{L}\p{N} ]/gu, " ").trim() };
}
