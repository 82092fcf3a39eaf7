/** Sha256 of every file of a commit, read from git's own objects: never from the working folder, which filters and hands may have changed. */

import { createHash, type Hash, hash } from "node:crypto";
import { withObjects } from "./objects.ts";
import { type CommittedEntry, type GitOptions, gitPieces } from "./repository.ts";

export interface CommittedFile extends Pick<CommittedEntry, "mode"> {
  /** Sha256 (hex) of the content; of a submodule, its commit. */
  readonly digest: string;
}

const isFile = ({ mode }: CommittedEntry) => mode !== "160000";

/** By path from the repository's top, in git's own order, which is that of bytes. */
export async function committedFiles(
  folder: string,
  { commit, ...options }: GitOptions & { commit: string },
): Promise<ReadonlyMap<string, CommittedFile>> {
  return withObjects(folder, options, async (objects) => {
    const listing = objects.files(commit);
    // Of what another commit held as well, nothing is read again.
    const digests = await objects.once("digests of files", async () => new Map<string, string>());
    await addDigests(folder, { listing, digests, ...options });
    return withDigests(await listing, digests);
  });
}

async function addDigests(
  folder: string,
  {
    listing,
    digests,
    ...options
  }: GitOptions & { readonly listing: Promise<readonly CommittedEntry[]>; readonly digests: Map<string, string> },
): Promise<void> {
  const unread = listing.then((entries) => {
    const ids = entries.filter((entry) => isFile(entry) && !digests.has(entry.object)).map(({ object }) => `${object}\n`);
    return [...new Set(ids)].join("");
  });
  unread.catch(() => undefined);
  // The first time git is started while the names are still read.
  if (digests.size > 0 && (await unread) === "") return;
  const read = await gitPieces(folder, ["cat-file", "--batch", "--buffer"], { ...options, input: unread }, readBatch);
  for (const [object, digest] of read) digests.set(object, digest);
}

function withDigests(
  entries: readonly CommittedEntry[],
  digests: ReadonlyMap<string, string>,
): ReadonlyMap<string, CommittedFile> {
  return new Map(
    entries.map((entry) => {
      const digest = isFile(entry) ? digests.get(entry.object) : entry.object;
      if (digest === undefined) throw new Error(`Git did not give the content of \`${entry.path}\`.`);
      return [entry.path, { mode: entry.mode, digest }];
    }),
  );
}

/** What `git cat-file --batch` writes: for each object a line `<object> <type> <size>`, the bytes, and a newline. */
async function readBatch(pieces: AsyncIterable<Buffer>): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  let head = "";
  let current: { readonly object: string; readonly hash: Hash; left: number } | undefined;
  for await (const chunk of pieces) {
    for (let at = 0; at < chunk.length; ) {
      if (current === undefined) {
        const end = chunk.indexOf(10, at);
        head += chunk.toString("latin1", at, end < 0 ? chunk.length : end);
        if (end < 0) break;
        at = end + 1;
        const { object, size } = headOf(head);
        head = "";
        // What is here whole is hashed in one call: most files are small, and each hash that is kept open costs more than they do.
        if (at + size < chunk.length) {
          digests.set(object, hash("sha256", chunk.subarray(at, at + size), "hex"));
          at += size + 1;
          continue;
        }
        current = { object, hash: createHash("sha256"), left: size };
      }
      const content = chunk.subarray(at, at + current.left);
      current.hash.update(content);
      current.left -= content.length;
      at += content.length;
      // The newline that follows the content may come with a later chunk.
      if (current.left === 0 && at < chunk.length) {
        digests.set(current.object, current.hash.digest("hex"));
        current = undefined;
        at += 1;
      }
    }
  }
  if (current !== undefined || head !== "") throw new Error("Git's answer was cut off.");
  return digests;
}

function headOf(line: string): { readonly object: string; readonly size: number } {
  const [object = "", type, size] = line.split(" ");
  if (type !== "blob") throw new Error(`Git has ${type ?? "nothing"} where \`${object}\` should be a file's content.`);
  return { object, size: Number(size) };
}
