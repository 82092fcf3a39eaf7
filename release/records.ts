/**
 * The branch `records`: manifests, attestations, sign-offs and moves of the mode, one file each, named by the sha256 of its bytes.
 * It is only ever added to, lives beside the signed tree, and is written without touching the work tree. What origin has is
 * judged before this clone's own branch moves to it.
 */

import { isAncestor } from "./log.ts";
import { withObjects } from "./objects.ts";
import { originAddress, readPush } from "./origin.ts";
import {
  commitOf,
  digestOf,
  everRecorded,
  type Files,
  filesAt,
  isSound,
  newestSound,
  type Recorded,
  type RecordKind,
  RecordsAltered,
  soundRecords,
  tip,
} from "./recordBranch.ts";
import { GitFailed, type GitOptions, git, gitText } from "./repository.ts";

export { digestOf, type Recorded, type RecordKind, RecordsAltered } from "./recordBranch.ts";

const branch = "refs/heads/records";
/** Origin's own, as it was fetched last. */
const fetched = "refs/phillbot/records";
/** What origin's would be without what is no record in it. */
const repaired = "refs/phillbot/records-repaired";
/** Where this clone's own stood before it took over origin's in place of what does not hold. */
const aside = "refs/phillbot/records-aside";
const fetchTimeoutMs = 25_000;

/** Somebody else wrote at the same moment, again and again; or origin took nothing. */
export class RecordsNotWritten extends Error {
  override readonly name = "RecordsNotWritten";
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

export interface Sharing extends GitOptions {
  /** The address that was proven to be origin's; without one, that which git takes `origin` for. */
  readonly address?: string;
}

/** What a fetch brought about. */
export interface Fetched {
  /** How many records of this clone origin does not have. */
  readonly unshared: number;
}

/**
 * Brings origin's records here, merged with this clone's own. Undefined where there is no origin.
 * @throws GitFailed where origin does not answer, RecordsAltered where what it has does not hold: this clone's own stay as they are.
 */
export async function fetchRecords(folder: string, options: Sharing = {}): Promise<Fetched | undefined> {
  const { address = await originAddress(folder, options), ...own } = options;
  if (address === undefined) return undefined;
  const { tip: theirs } = await listed(folder, address, own);
  if (theirs === undefined) {
    const ours = await tip(folder, branch, own);
    return { unshared: ours === undefined ? 0 : (await filesAt(folder, ours, own)).size };
  }
  if (theirs !== (await tip(folder, branch, own))) await bring(folder, address, own);
  return withObjects(folder, own, (objects) => adopt(folder, theirs, { ...own, objects }));
}

async function bring(folder: string, address: string, options: GitOptions): Promise<void> {
  const flags = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance"];
  const args = ["fetch", ...flags, "--", address, `+${branch}:${fetched}`];
  await git(folder, args, { ...options, timeoutMs: fetchTimeoutMs });
}

interface Listed {
  readonly tip: string | undefined;
  /** Another branch that git would take for it, where there is none of its name. */
  readonly other: string | undefined;
}

/** Git matches a name with the end of others as well, here and when it pushes. */
async function listed(folder: string, address: string, options: GitOptions): Promise<Listed> {
  const answer = await gitText(folder, ["ls-remote", "--", address, branch], { ...options, timeoutMs: fetchTimeoutMs });
  const refs = answer.split("\n").map((line) => line.split("\t", 2));
  const [own] = refs.filter(([, name]) => name === branch);
  return { tip: own?.[0], other: own === undefined ? refs.find(([, name]) => name !== undefined)?.[1] : undefined };
}

/** Where this clone's branch stands; undefined where there is none. */
export const recordsTip = (folder: string, options: GitOptions): Promise<string | undefined> => tip(folder, branch, options);

/**
 * Takes over what origin has and this clone has not; what only this clone has is put on top. Where this clone's own does not
 * hold, its records do: they are put on top of origin's, and nothing else of it.
 */
async function adopt(folder: string, theirs: string, options: GitOptions): Promise<Fetched> {
  await soundRecords(folder, theirs, options).catch(async (error: unknown) => {
    throw error instanceof RecordsAltered ? await withRepair(folder, { theirs, found: error, ...options }) : error;
  });
  const ours = await tip(folder, branch, options);
  if (theirs === ours) return { unshared: 0 };
  const holds = ours === undefined || (await isSound(folder, ours, options));
  const there = await filesAt(folder, theirs, options);
  const missing = [...(await ownFiles(folder, { ours, holds, ...options }))].filter(([path]) => !there.has(path));
  const unshared = missing.length;
  if (ours !== undefined && holds && (await isAncestor(folder, theirs, ours, options))) return { unshared };
  const message = "Bring the records of two clones together";
  const next = unshared === 0 ? theirs : await commitOf(folder, { base: theirs, add: missing, message, ...options });
  if (ours !== undefined && !holds) await git(folder, ["update-ref", `${aside}/${ours}`, ours], options);
  await git(folder, ["update-ref", branch, next, ours ?? "0".repeat(40)], options);
  return { unshared };
}

interface Own extends GitOptions {
  readonly ours: string | undefined;
  readonly holds: boolean;
}

async function ownFiles(folder: string, { ours, holds, ...options }: Own): Promise<Files> {
  if (ours === undefined) return new Map();
  return holds ? filesAt(folder, ours, options) : everRecorded(folder, ours, options);
}

/** The same with what puts origin right: all that was ever on record there or here, without what is no record. */
async function withRepair(
  folder: string,
  { theirs, found, ...options }: GitOptions & { readonly theirs: string; readonly found: RecordsAltered },
): Promise<RecordsAltered> {
  const ours = await tip(folder, branch, options);
  const holds = ours !== undefined && (await isSound(folder, ours, options));
  const base = holds ? ours : await newestSound(folder, theirs, options);
  const there = base === undefined ? new Map<string, string>() : await filesAt(folder, base, options);
  const ever = [await everRecorded(folder, theirs, options), await ownFiles(folder, { ours, holds, ...options })];
  const missing = [...new Map(ever.flatMap((each) => [...each]))].filter(([path]) => !there.has(path));
  const message = "Take records over from what does not hold";
  const whole =
    base !== undefined && missing.length === 0 ? base : await commitOf(folder, { base, add: missing, message, ...options });
  await git(folder, ["update-ref", repaired, whole], options);
  const kept = `This clone's own branch stays as it is; \`${repaired}\` here holds all of both that is a record.`;
  const push = `git push --force-with-lease=${branch}:${theirs} origin ${repaired}:${branch}`;
  return new RecordsAltered(`Of origin's \`records\` (${theirs.slice(0, 12)}): ${found.message} ${kept}`, push);
}

/**
 * Adds one record and, where there is an origin, pushes it; another writer's records are taken over first.
 * @returns its digest. A record that is there already is left as it is.
 * @throws RecordsAltered where the branch changed or removed one: nobody believes what is put on top of that.
 */
export async function addRecord(
  folder: string,
  { kind, content, ...sharing }: Sharing & { readonly kind: RecordKind; readonly content: string },
): Promise<string> {
  const { address = await originAddress(folder, sharing), ...options } = sharing;
  const digest = digestOf(content);
  const path = `${kind}/${digest}.json`;
  const object = (await git(folder, ["hash-object", "-w", "--stdin"], { ...options, stdin: content })).toString("utf8").trim();
  const attempts = 5;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (address !== undefined) await fetchRecords(folder, { ...options, address });
    const base = await tip(folder, branch, options);
    if (base !== undefined) await soundRecords(folder, base, options);
    const known = base === undefined ? new Map<string, string>() : await filesAt(folder, base, options);
    if (!known.has(path)) {
      const made = await commitOf(folder, { base, add: [[path, object]], message: `Record ${path}`, ...options });
      await git(folder, ["update-ref", branch, made, base ?? "0".repeat(40)], options);
    }
    if (address === undefined || (await pushed(folder, address, options))) return digest;
  }
  throw new RecordsNotWritten(
    `Origin did not take the record ${path} in ${attempts} attempts; it is kept on this clone's branch \`records\`.`,
    "git config --list --show-origin # what decides where a push goes; then run the same command again",
  );
}

/**
 * Never forced: what somebody else has pushed since then is merged in the next attempt. That git says it was pushed is not
 * enough: settings send a push elsewhere, and it is what origin answers that others will see.
 */
async function pushed(folder: string, address: string, options: GitOptions): Promise<boolean> {
  const to = await readPush(folder, address, options);
  if (!to.ok)
    throw new RecordsNotWritten(`It is kept on this clone's branch \`records\`, and is not on origin: ${to.reason}.`, to.remedy);
  const flags = ["--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"];
  const args = ["push", ...flags, "--", to.address, `${branch}:${branch}`];
  const taken = await git(folder, args, { ...options, timeoutMs: fetchTimeoutMs }).catch((error: unknown) => {
    if (error instanceof GitFailed && error.code === 1) return undefined;
    throw error;
  });
  const there = await listed(folder, address, options);
  if (there.other !== undefined) {
    const problem = `Origin has no \`${branch}\`, and a branch \`${there.other}\`, which git takes for it when it pushes.`;
    throw new RecordsNotWritten(problem, `git push origin --delete '${there.other}'`);
  }
  return taken !== undefined && there.tip === (await tip(folder, branch, options));
}

/**
 * Every record of this clone's branch, in the order in which they were put there.
 * @throws RecordsAltered where a file is not what its name says, or the branch's history ever changed or removed one.
 */
export function readRecords(folder: string, options: GitOptions = {}): Promise<readonly Recorded[]> {
  return withObjects(folder, options, async (objects) => {
    const head = await objects.commitId(branch);
    return head === undefined ? [] : soundRecords(folder, head, { ...options, objects });
  });
}
