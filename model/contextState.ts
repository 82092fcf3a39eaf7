/** The rule of the check `context`: the documents on the host are those that were synced, the gateway reads them, and the bot finds them. */

import type { Finding } from "./check.ts";
import { type ContainerState, seenAt } from "./containers.ts";
import type { Declared } from "./declared.ts";
import { mounts } from "./layout.ts";
import { compareManifests, isSame, type Manifest, parseManifest } from "./manifest.ts";

/** What the bot's index knows of the documents that its container sees. */
export interface IndexState {
  readonly documents: number;
  /** Paths of those that it does not hold as they are, and of what it holds although it is gone. */
  readonly stale: readonly string[];
}

/** Why the index could not be read. */
export interface Unread {
  readonly unread: string;
}

export interface ContextReading {
  /** The list on the host, as text with the sha256 (hex) of that very text; undefined where there is none. */
  readonly list: { readonly sha256: string; readonly text: string } | undefined;
  /** What lies below the context folder. */
  readonly files: Manifest;
  readonly container: ContainerState | undefined;
  readonly index: IndexState | Unread;
  /** Sha256 (hex) of the list of the tree's own documents. */
  readonly tree: string;
}

const named = 5;

/** The digest of what is listed and is no file, or none that every user may read. */
const closed = "0".repeat(64);

export function judgeContext({ context, gateway }: Declared, { list, files, container, index, tree }: ContextReading): Finding {
  const remedy = "npx deck docs sync";
  const measured = {
    folder: context.folder,
    files: files.size,
    declaredFiles: context.files,
    manifestSha256: list?.sha256 ?? null,
    ...("unread" in index ? { documents: null, stale: null } : { documents: index.documents, stale: index.stale.length }),
  };
  const fail = (summary: string, more = {}, way = remedy): Finding => ({
    status: "fail",
    summary,
    measured: { ...measured, ...more },
    remedy: way,
  });
  if (list === undefined)
    return fail(`There is no list of documents \`${context.manifest}\` on the host; the stack declares one.`);
  if (list.sha256 !== context.sha256) {
    const digests = `sha256 \`${list.sha256.slice(0, 12)}\`; declared is \`${context.sha256.slice(0, 12)}\``;
    return fail(`The list of documents \`${context.manifest}\` has ${digests}.`, {}, "npx deck up");
  }
  // Parsed only now: a list that was tampered with need not be one.
  const expected = parseManifest(list.text);
  if (expected.size === 0) return fail("The list of documents is empty; at least 1 document is wanted.", {}, "npx deck up");
  if (tree !== context.sha256) {
    const digests = `their list has sha256 \`${tree.slice(0, 12)}\`, that of the deployed ones \`${context.sha256.slice(0, 12)}\``;
    return fail(
      `This tree was not deployed: its documents are others than the last update synced (${digests}).`,
      {},
      "npx deck up",
    );
  }
  const difference = compareManifests(expected, files);
  if (!isSame(difference)) {
    const parts = (["missing", "added", "changed"] as const).flatMap((kind) => counted(kind, difference[kind]));
    const shut = [...files].flatMap(([path, digest]) => (digest === closed ? [path] : []));
    const told = [...parts, ...counted("no file, or closed to the gateway", shut)].join("; ");
    return fail(`The documents in \`${context.folder}\` are not those that were synced: ${told}.`, difference);
  }
  const seen = container === undefined ? undefined : seenAt(container, context.folder);
  if (seen?.path !== mounts.context) {
    const found = seen === undefined ? "does not see them" : `sees them at \`${seen.path}\``;
    return fail(`The container \`${gateway.name}\` ${found}; \`${mounts.context}\` is wanted.`, {}, "npx deck up");
  }
  if ("unread" in index) {
    const summary = `The container \`${gateway.name}\` could not be asked which documents the bot's index holds (${index.unread}).`;
    return { status: "inconclusive", summary, measured, remedy: "npx deck logs --since 10m" };
  }
  if (index.stale.length > 0) {
    const paths = counted("not in it as they are", index.stale).join();
    return fail(`The bot's index is not that of the documents: ${paths}; 0 are allowed, of ${index.documents}.`);
  }
  return {
    status: "pass",
    summary: `The host holds the documents that were synced, no more and no fewer (${files.size}), the gateway sees them, and the bot's index holds them.`,
    measured,
  };
}

function counted(kind: string, paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const more = paths.length > named ? ` and ${paths.length - named} more` : "";
  return [`${paths.length} ${kind} (${paths.slice(0, named).join(", ")}${more})`];
}
