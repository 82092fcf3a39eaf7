/** Scans a git repository: what HEAD and the index hold, the files as they lie there, and the commits since a release, those of releases and records included. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { git } from "../../release/repository.ts";
import { readContent } from "./files.ts";
import { scanRepositoryNames } from "./names.ts";
import { largestBytes, type Scanner } from "./scanner.ts";

/** Contents read by one `git cat-file`, so that memory stays bounded whatever the history holds. */
const batchBytes = 16_777_216;

/** What is pushed besides HEAD's branch: the releases' tags, with what they say, and the records, as this clone and as it last saw origin. */
const pushed = ["refs/tags/release", "refs/heads/records", "refs/phillbot/records", "refs/remotes/origin/records"];

interface GitObject {
  readonly id: string;
  readonly place: "tree" | "history";
  readonly path: string;
}

interface SizedObject extends GitObject {
  readonly type: string;
  readonly size: number;
}

/**
 * Objects, not patches: a merge's own changes, a key over many lines and a file that was added and removed again are all
 * found, and what was clean once need not be read twice.
 * @param since the commit of the last release; without one, the whole history.
 */
export async function scanRepository(scanner: Scanner, projectRoot: string, since: string | undefined): Promise<void> {
  const range = await revisions(scanner, projectRoot, since);
  const { objects, paths, commits } = await reachable(scanner, projectRoot, range);
  const files = await workTreeFiles(scanner, projectRoot);
  await scanRepositoryNames(scanner, projectRoot, {
    tree: [...paths, ...files],
    objects: objects.filter(({ place }) => place === "history").map(({ path }) => path),
    commits,
    refs: range.filter((each) => each.startsWith("refs/")),
  });
  const unread = objects.filter(({ id }) => !scanner.isClean(id));
  for (const batch of batches(await sized(scanner, projectRoot, unread))) await scanBatch(scanner, projectRoot, { batch, range });
  await scanWorkTree(scanner, projectRoot, { objects, files });
}

/** HEAD and what else is pushed, without what the last release has seen. A tag's own words are no part of the commit that it names. */
async function revisions({ signal }: Scanner, folder: string, since: string | undefined): Promise<string[]> {
  const listed = await git(folder, ["for-each-ref", "--format=%(refname)", ...pushed], signal === undefined ? {} : { signal });
  const refs = listed.toString("utf8").split("\n");
  return ["HEAD", ...refs.filter((ref) => ref !== ""), ...(since === undefined ? [] : [`^${since}`])];
}

interface Reachable {
  readonly objects: readonly GitObject[];
  /** Of HEAD and of the index; more than the objects, since a content can have several names. */
  readonly paths: readonly string[];
  readonly commits: readonly string[];
}

/** Every blob of HEAD and of the index, and every tag, commit and blob of the range; a tree's place goes before history's. */
async function reachable({ signal }: Scanner, folder: string, range: readonly string[]): Promise<Reachable> {
  const options = signal === undefined ? {} : { signal };
  const [head, index, history] = await Promise.all([
    git(folder, ["ls-tree", "-r", "-z", "--full-tree", "HEAD"], options),
    git(folder, ["ls-files", "--stage", "-z"], options),
    git(folder, ["rev-list", "--objects", ...range], options),
  ]);
  const objects = new Map<string, GitObject>();
  const paths: string[] = [];
  const commits: string[] = [];
  const entries = `${head.toString("utf8")}${index.toString("utf8")}`.split("\0");
  for (const entry of entries) {
    const id = /\b[0-9a-f]{40,64}\b/.exec(entry)?.[0];
    if (id === undefined) continue;
    const path = entry.slice(entry.indexOf("\t") + 1);
    paths.push(path);
    // A submodule's commit is an object of another repository.
    if (!entry.startsWith("160000") && !objects.has(id)) objects.set(id, { id, place: "tree", path });
  }
  for (const line of history.toString("utf8").split("\n")) {
    const [id = "", ...path] = line.split(" ");
    // Commits alone come without a blank: a tag has a name, and the topmost folder an empty one.
    if (id !== "" && id === line) commits.push(id);
    if (id !== "" && !objects.has(id)) objects.set(id, { id, place: "history", path: path.join(" ") });
  }
  return { objects: [...objects.values()], paths, commits };
}

async function sized({ signal }: Scanner, folder: string, objects: readonly GitObject[]): Promise<SizedObject[]> {
  if (objects.length === 0) return [];
  const stdin = objects.map(({ id }) => `${id}\n`).join("");
  const listed = await git(folder, ["cat-file", "--batch-check"], { stdin, ...(signal !== undefined && { signal }) });
  const lines = listed.toString("utf8").split("\n");
  return objects.map((object, index) => {
    const [id, type = "missing", size] = (lines[index] ?? "").split(" ");
    // A partial clone lacks objects; what cannot be read is not clean.
    if (id !== object.id || type === "missing") throw new Error(`Object ${object.id} of the history is missing in this clone.`);
    return { ...object, type, size: Number(size) };
  });
}

function* batches(objects: readonly SizedObject[]): Generator<SizedObject[]> {
  let batch: SizedObject[] = [];
  let bytes = 0;
  for (const object of objects) {
    if (batch.length > 0 && bytes + object.size > batchBytes) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(object);
    bytes += object.size;
  }
  if (batch.length > 0) yield batch;
}

interface Batch {
  readonly batch: readonly SizedObject[];
  readonly range: readonly string[];
}

async function scanBatch(scanner: Scanner, folder: string, { batch, range }: Batch): Promise<void> {
  // A tree holds names alone, and those are scanned already.
  const wanted = batch.filter(({ type, size }) => type !== "tree" && size <= largestBytes);
  for (const { id, type, path, size } of batch) {
    if (type === "tree") scanner.markClean(id);
    else if (size > largestBytes) scanner.refuseLarge(path);
  }
  const { signal } = scanner;
  const stdin = wanted.map(({ id }) => `${id}\n`).join("");
  const output = await git(folder, ["cat-file", "--batch"], { stdin, ...(signal !== undefined && { signal }) });
  let offset = 0;
  for (const object of wanted) {
    const start = output.indexOf(10, offset) + 1;
    const bytes = output.subarray(start, start + object.size);
    offset = start + object.size + 1;
    const before = scanner.findings.length;
    await scanner.bytes(bytes, { place: object.place, path: object.path, digest: object.id });
    if (object.place === "history" && scanner.findings.length > before) {
      const commit = await commitOf(folder, object, range);
      for (const [index, finding] of scanner.findings.entries()) {
        if (index >= before) scanner.findings[index] = { ...finding, location: `${commit}:${finding.location}` };
      }
    }
  }
}

/** The abbreviated commit that brought an object in, for a person to look at. */
async function commitOf(folder: string, { id, type }: SizedObject, range: readonly string[]): Promise<string> {
  if (type === "commit" || type === "tag") return `${type} ${id.slice(0, 10)}`;
  const log = await git(folder, ["log", "--format=%H", "-m", `--find-object=${id}`, ...range]);
  return log.toString("utf8").trim().split("\n").at(-1)?.slice(0, 10) ?? "history";
}

/** The work tree's files, tracked or not, but for those that git ignores. */
async function workTreeFiles({ signal }: Scanner, folder: string): Promise<string[]> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listing = await git(folder, args, signal === undefined ? {} : { signal });
  return [...new Set(listing.toString("utf8").split("\0"))].filter((path) => path !== "");
}

interface WorkTree {
  readonly objects: readonly GitObject[];
  readonly files: readonly string[];
}

/** Files as they lie there; contents that git holds were scanned before. */
async function scanWorkTree(scanner: Scanner, folder: string, { objects, files }: WorkTree): Promise<void> {
  // What history alone holds is scanned again: here it is a file of the tree, which no rotation closes.
  const held = new Set(objects.filter(({ place }) => place === "tree").map(({ id }) => id));
  const algorithm = (objects[0]?.id.length ?? 40) === 64 ? "sha256" : "sha1";
  for (const path of files) {
    const content = await readContent(join(folder, path));
    if (content === undefined) continue;
    if (content === "too large") {
      scanner.refuseLarge(path);
      continue;
    }
    const digest = createHash(algorithm).update(`blob ${content.bytes.length}\0`).update(content.bytes).digest("hex");
    if (!held.has(digest)) await scanner.bytes(content.bytes, { place: "tree", path, digest });
  }
}
