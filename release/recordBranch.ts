/** A commit of the branch `records`, as git holds it: what is sound in it, and what was ever put there. Moves no branch. */

import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plain } from "./log.ts";
import { withObjects } from "./objects.ts";
import { type GitOptions, git, gitText, type ObjectReader } from "./repository.ts";

export const recordKinds = ["releases", "attestations", "signatures", "revocations", "modes"] as const;
export type RecordKind = (typeof recordKinds)[number];

export interface Recorded {
  readonly kind: RecordKind;
  /** Sha256 (hex) of the bytes: the record's name. */
  readonly digest: string;
  readonly content: string;
  /** When it was first put on the branch: the time of the commit that did, in this clone's history of it. */
  readonly at: Date;
}

/** The branch holds what it must not: something was changed, removed, or is not named by its digest. */
export class RecordsAltered extends Error {
  override readonly name = "RecordsAltered";
  readonly remedy: string;

  constructor(message: string, remedy = "git log --raw records") {
    super(message);
    this.remedy = remedy;
  }
}

/** Objects by path. */
export type Files = ReadonlyMap<string, string>;

export const digestOf = (content: string): string => createHash("sha256").update(content).digest("hex");

/** Who says it is in the signatures: the commits that bring records together say nothing of anybody. */
const identity = ["-c", "user.name=PhillBot records", "-c", "user.email=records@phillbot.invalid"];

/**
 * Every record of a commit, in the order in which they were put there.
 * @throws RecordsAltered where a file is not what its name says, or the history ever changed or removed one.
 */
export function soundRecords(folder: string, head: string, options: GitOptions): Promise<readonly Recorded[]> {
  return withObjects(folder, options, (objects) =>
    objects.once(`records ${head}`, () => recordsIn(folder, head, { ...options, objects })),
  );
}

/** True where nothing was changed or removed in it, and all is what its name says. */
export async function isSound(folder: string, head: string, options: GitOptions): Promise<boolean> {
  try {
    await soundRecords(folder, head, options);
    return true;
  } catch (error) {
    if (error instanceof RecordsAltered) return false;
    throw error;
  }
}

async function recordsIn(
  folder: string,
  head: string,
  options: GitOptions & { readonly objects: ObjectReader },
): Promise<readonly Recorded[]> {
  const files = filesAt(folder, head, options);
  const [added, contents] = await Promise.all([
    additions(folder, head, options),
    files.then((known) => contentsOf([...known.values()], options.objects)),
  ]);
  const records: Recorded[] = [];
  for (const [path, object] of await files) {
    const named = nameOf(path);
    const at = added.get(path);
    if (named === undefined || at === undefined)
      throw new RecordsAltered(`The branch \`records\` holds \`${path}\`, which is no record.`);
    const content = contents.get(object);
    if (content === undefined || digestOf(content) !== named.digest)
      throw new RecordsAltered(`The record \`${path}\` was altered: its content has another digest.`);
    records.push({ ...named, content, at });
  }
  // A commit may say any time of itself; what stands before it on the branch was put there before.
  const order = new Map([...added.keys()].map((path, index) => [path, index]));
  const place = ({ kind, digest }: Recorded) => order.get(`${kind}/${digest}.json`) ?? order.size;
  return records.toSorted((a, b) => place(a) - place(b));
}

function nameOf(path: string): Pick<Recorded, "kind" | "digest"> | undefined {
  const [, kind, digest] = /^([a-z]+)\/([0-9a-f]{64})\.json$/.exec(path) ?? [];
  const known = recordKinds.find((each) => each === kind);
  return known === undefined || digest === undefined ? undefined : { kind: known, digest };
}

/** Texts by object. */
async function contentsOf(ids: readonly string[], objects: ObjectReader): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(ids.map((id) => objects.object(id)));
  return new Map(
    found.map((object) => {
      if (object?.type !== "blob")
        throw new RecordsAltered("The branch `records` holds something that is no file, or lacks one.");
      return [object.id, object.bytes.toString("utf8")];
    }),
  );
}

/** When each file came to be. @throws RecordsAltered where the history holds anything but additions. */
async function additions(folder: string, head: string, options: GitOptions): Promise<ReadonlyMap<string, Date>> {
  const times = new Map<string, Date>();
  const now = Date.now();
  let last: number | undefined;
  for (const { how, path, time } of await changesIn(folder, head, options)) {
    if (how !== "A") throw new RecordsAltered(`The history of the branch \`records\` changed or removed \`${path}\`.`);
    if (times.has(path)) continue;
    // No earlier than the one before it, and a time that is yet to come says nothing.
    last = time > now ? (last ?? now) : Math.max(time, last ?? time);
    times.set(path, new Date(last));
  }
  return times;
}

interface Change {
  /** Git's letter for it. */
  readonly how: string;
  readonly path: string;
  readonly object: string;
  /** Milliseconds, as the commit says. */
  readonly time: number;
}

/** What each commit did to files, oldest first. */
async function changesIn(folder: string, head: string, options: GitOptions): Promise<readonly Change[]> {
  // A merge is judged against each of its parents: by one alone it could leave out what another holds.
  const shape = ["--reverse", "--topo-order", "--diff-merges=separate", "--root", "--raw", "--no-abbrev", "-z", "--no-renames"];
  const log = await git(folder, [...plain, "log", ...shape, "--format=%x01%ct", head, "--"], options);
  const found: Change[] = [];
  for (const commit of log.toString("utf8").split("\x01").slice(1)) {
    const [time = "", ...changes] = commit.split("\0").map((field) => field.replace(/^\n/, ""));
    for (let index = 0; index + 1 < changes.length; index += 2) {
      const [change = "", path = ""] = [changes[index], changes[index + 1]];
      if (!change.startsWith(":")) continue;
      const [, , , object = "", how = ""] = change.split(" ");
      found.push({ how, path, object, time: Number(time) * 1000 });
    }
  }
  return found;
}

/** Every record that the history of a commit ever held under its true name, whatever became of it there. */
export async function everRecorded(folder: string, head: string, options: GitOptions): Promise<Files> {
  const changes = await changesIn(folder, head, options);
  return withObjects(folder, options, async (objects) => {
    const found = new Map<string, string>();
    for (const { path, object } of changes) {
      const named = nameOf(path);
      if (named === undefined || found.has(path) || /^0+$/.test(object)) continue;
      const blob = await objects.object(object);
      if (blob?.type === "blob" && digestOf(blob.bytes.toString("utf8")) === named.digest) found.set(path, object);
    }
    return found;
  });
}

/** The newest commit on the way back from one that is not sound which is: what follows something unsound is so, too. */
export async function newestSound(folder: string, head: string, options: GitOptions): Promise<string | undefined> {
  const line = (await gitText(folder, [...plain, "rev-list", "--first-parent", "--reverse", head, "--"], options)).split("\n");
  let [sound, unsound] = [-1, line.length - 1];
  while (unsound - sound > 1) {
    const middle = Math.floor((sound + unsound) / 2);
    if (await isSound(folder, line[middle] ?? head, options)) sound = middle;
    else unsound = middle;
  }
  return line[sound];
}

/** The commit that a ref leads to; undefined where there is none. */
export const tip = (folder: string, ref: string, options: GitOptions): Promise<string | undefined> =>
  withObjects(folder, options, (objects) => objects.commitId(ref));

/** Objects by path. */
export async function filesAt(folder: string, commit: string, options: GitOptions): Promise<Files> {
  const files = await withObjects(folder, options, (objects) => objects.files(commit));
  return new Map(files.map(({ path, object }) => [path, object]));
}

interface NewCommit extends GitOptions {
  readonly base: string | undefined;
  readonly add: readonly (readonly [path: string, object: string])[];
  readonly message: string;
}

/** A commit beside the work tree, its index and this clone's own identity: a machine that commits nothing else has none. */
export async function commitOf(folder: string, { base, add, message, ...options }: NewCommit): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), "phillbot-records-"));
  try {
    const own = { ...options, indexFile: join(scratch, "index") };
    if (base !== undefined) await git(folder, ["read-tree", base], own);
    const stdin = add.map(([path, object]) => `100644 ${object}\t${path}\n`).join("");
    await git(folder, ["update-index", "--add", "--index-info"], { ...own, stdin });
    const tree = await gitText(folder, ["write-tree"], own);
    return await gitText(
      folder,
      [...identity, "commit-tree", tree, ...(base === undefined ? [] : ["-p", base]), "-m", message],
      own,
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
