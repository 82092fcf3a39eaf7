/** Reads a file at the tip of origin's default branch, as it is now; the work tree and the branches here are not touched. */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { jsonIn } from "../model/jsonIn.ts";
import type { WantedOrigin } from "../model/origin.ts";
import { fileAt } from "./objects.ts";
import { readOrigin } from "./origin.ts";
import { GitFailed, type GitOptions, git, gitText } from "./repository.ts";

/** A ref of each reader's own: `FETCH_HEAD`, or one that is shared, is overwritten by whatever else fetches at the same time. */
const refOf = (reader: Reader) => `refs/phillbot/default-branch-${reader}`;
const timeoutMs = 25_000;

/** What the last successful fetch brought, so that a short loss of the network does not stop a release. */
const recordSchema = z.strictObject({ remote: z.string(), branch: z.string(), commit: z.string(), at: z.iso.datetime() });
type FetchRecord = z.output<typeof recordSchema>;

/** Who reads: two may do so at once. */
export type Reader = "items" | "migrations";

export interface BranchReadOptions extends GitOptions {
  readonly reader: Reader;
  /** The repository that `origin` must be. */
  readonly wanted: WantedOrigin;
  /** The branch's name, which must be what origin's own HEAD names; without one, whatever that is. */
  readonly branch: string | undefined;
  readonly now: Date;
  /** How old, in seconds, the last successful fetch may be where origin cannot be reached now. */
  readonly maximumAgeSeconds: number;
}

/** The commit, and how old, in seconds, the answer is that named it. */
export interface Tip {
  readonly kind: "tip";
  readonly commit: string;
  readonly branch: string;
  readonly ageSeconds: number;
}

/** Why there is no commit to rely on. */
export type NoTip =
  /** `origin` is not, or may not be, the repository that the settings name, or has no default branch: nothing of it counts. */
  | { readonly kind: "distrusted"; readonly reason: string; readonly remedy: string }
  /** The settings name another branch than origin's HEAD: `actual`, undefined where that names none. */
  | { readonly kind: "otherDefault"; readonly named: string; readonly actual: string | undefined }
  /** Origin did not answer, and the last answer is older than allowed, or there is none (`ageSeconds` undefined). */
  | { readonly kind: "unreachable"; readonly reason: string; readonly ageSeconds: number | undefined };

export type BranchRead =
  | (Omit<Tip, "kind"> & { readonly kind: "read"; readonly text: string })
  /** The branch was read, and does not hold the file. */
  | { readonly kind: "absent"; readonly commit: string }
  | NoTip;

/** @param path from the repository's top. */
export async function readFromDefaultBranch(folder: string, path: string, options: BranchReadOptions): Promise<BranchRead> {
  const tip = await tipOfDefaultBranch(folder, options);
  if (tip.kind !== "tip") return tip;
  const text = await fileAt(folder, { ...options, commit: tip.commit, path });
  return text === undefined ? { kind: "absent", commit: tip.commit } : { ...tip, kind: "read", text };
}

/** The newest commit of origin's default branch, as it is now, or was within the time allowed where origin is away. */
export async function tipOfDefaultBranch(folder: string, options: BranchReadOptions): Promise<Tip | NoTip> {
  const branch = options.branch ?? "HEAD";
  const origin = await readOrigin(folder, options.wanted, options);
  if (!origin.ok) return { kind: "distrusted", reason: origin.reason, remedy: origin.remedy };
  const remote = origin.address;
  const [head, tip] = await Promise.all([headOf(folder, options), fetchTip(folder, branch, options)]);
  if (head === "none") {
    const reason = "the HEAD of `origin` leads to no commit, so that it has no default branch";
    return { kind: "distrusted", reason, remedy: "git ls-remote origin # then make a branch that it shows origin's default one" };
  }
  if ("branch" in head && options.branch !== undefined && head.branch !== options.branch) {
    return { kind: "otherDefault", named: options.branch, actual: head.branch };
  }
  // A tip that is not known to be the default branch's is as good as none.
  const fetched = "reason" in head ? head : tip;
  if ("commit" in fetched) {
    const { commit } = fetched;
    await writeRecord(await recordPath(folder, options.reader), { remote, branch, commit, at: options.now.toISOString() });
    return { kind: "tip", commit, branch, ageSeconds: 0 };
  }
  const last = await lastFetch(await recordPath(folder, options.reader), { remote, branch });
  const ageSeconds = last === undefined ? undefined : Math.round((options.now.getTime() - Date.parse(last.at)) / 1000);
  // A negative age is a clock that was set back: it proves nothing about freshness.
  if (last === undefined || ageSeconds === undefined || ageSeconds < 0 || ageSeconds > options.maximumAgeSeconds) {
    return { kind: "unreachable", reason: fetched.reason, ageSeconds };
  }
  return { kind: "tip", commit: last.commit, branch, ageSeconds };
}

/** Neither tags nor submodules nor a changed depth: only the tip, under a name of our own. */
async function fetchTip(
  folder: string,
  branch: string,
  options: BranchReadOptions,
): Promise<{ commit: string } | { reason: string }> {
  const ref = refOf(options.reader);
  const source = branch === "HEAD" ? "HEAD" : `refs/heads/${branch}`;
  const flags = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance"];
  try {
    await git(folder, ["fetch", ...flags, "origin", `+${source}:${ref}`], { ...options, timeoutMs });
    return { commit: (await git(folder, ["rev-parse", "--verify", `${ref}^{commit}`], options)).toString("utf8").trim() };
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    return { reason: silence("fetch", error) };
  }
}

function silence(command: string, { code }: GitFailed): string {
  return code === undefined ? `no answer within ${timeoutMs / 1000} s` : `\`git ${command}\` ended with code ${code}`;
}

/** What origin's HEAD is: `branch` is undefined where it is a bare commit; `none` where it leads nowhere. */
type Head = { readonly branch: string | undefined } | "none" | { readonly reason: string };

async function headOf(folder: string, options: GitOptions): Promise<Head> {
  try {
    const listing = await gitText(folder, ["ls-remote", "--symref", "origin", "HEAD"], { ...options, timeoutMs });
    const lines = listing.split("\n");
    // Git matches the name with the end of others as well.
    if (!lines.some((line) => /^[0-9a-f]{40,64}\tHEAD$/.test(line))) return "none";
    const [branch] = lines.flatMap((line) => /^ref: refs\/heads\/(.+)\tHEAD$/.exec(line)?.[1] ?? []);
    return { branch };
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    return { reason: silence("ls-remote", error) };
  }
}

async function recordPath(folder: string, reader: Reader): Promise<string> {
  const args = ["rev-parse", "--path-format=absolute", "--git-path", `phillbot/default-branch-${reader}.json`];
  return (await git(folder, args)).toString("utf8").trim();
}

async function writeRecord(path: string, record: FetchRecord): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, JSON.stringify(record));
  await rename(`${path}.new`, path);
}

/** Only a record of this very remote and branch counts; one that cannot be read is as good as none. */
async function lastFetch(path: string, { remote, branch }: { remote: string; branch: string }): Promise<FetchRecord | undefined> {
  const text = await readFile(path, "utf8").catch(() => "null");
  const record = recordSchema.safeParse(jsonIn(text)).data;
  return record?.remote === remote && record.branch === branch ? record : undefined;
}
