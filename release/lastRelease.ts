/** Finds the last release in the history: the one that this one is compared with, and from which on history is scanned. */

import { readFile } from "node:fs/promises";
import { latestRelease, type PublishedRelease } from "../model/documents.ts";
import type { CountedTags } from "../model/origin.ts";
import { readOrigin } from "./origin.ts";
import { GitFailed, type GitOptions, gitAnswer, gitText } from "./repository.ts";

/** A release that HEAD descends from. */
interface PastRelease {
  /** The tag without `release/`. */
  readonly id: string;
  readonly commit: string;
}

/** Why it cannot be told, and what to type. */
interface Doubt {
  readonly reason: string;
  readonly remedy: string;
}

/**
 * What the history says of the last release, and what is published where origin's tags count (else nothing); `unknown` where
 * this clone does not hold enough of it to tell.
 */
export type LastRelease =
  | { readonly kind: "release"; readonly release: PastRelease; readonly published: readonly PublishedRelease[] }
  | { readonly kind: "none"; readonly published: readonly PublishedRelease[] }
  | ({ readonly kind: "unknown" } & Doubt);

export interface LastReleaseOptions extends GitOptions {
  readonly tags: CountedTags;
}

const originTimeoutMs = 20_000;

/**
 * The newest `release/*` tag on a commit before HEAD, by date and then by version. A tag on HEAD itself is the release
 * that is being judged, not the last one.
 */
export async function lastRelease(folder: string, options: LastReleaseOptions): Promise<LastRelease> {
  const theirs = options.tags.from === "clone" ? undefined : await publishedTags(folder, options);
  if (theirs !== undefined && "reason" in theirs) return { kind: "unknown", ...theirs };
  const head = await gitText(folder, ["rev-parse", "--verify", "HEAD^{commit}"], options);
  const merged = await tagsHere(folder, ["--merged=HEAD"], options);
  const [last] = merged.filter(({ id, commit }) => commit !== head && (theirs === undefined || theirs.has(id)));
  const missing = await missingHistory(folder, { from: last?.commit, ...options });
  if (missing !== undefined) return { kind: "unknown", ...missing };
  const notMerged = newestNotMerged([...(theirs ?? [])], merged);
  if (notMerged !== undefined) return { kind: "unknown", ...notMerged };
  const atHead = new Set(merged.filter(({ commit }) => commit === head).map(({ id }) => id));
  const published = [...(theirs ?? [])].map((id) => ({ id, atHead: atHead.has(id) }));
  return last === undefined ? { kind: "none", published } : { kind: "release", release: last, published };
}

/** Without the newest release in it, HEAD would take back what that one mended. */
function newestNotMerged(published: readonly string[], merged: readonly Tag[]): Doubt | undefined {
  const newest = latestRelease(published);
  if (newest === undefined || merged.some(({ id }) => id === newest)) return undefined;
  const reason = `HEAD does not contain \`release/${newest}\`, the newest release of \`origin\`: its commits are missing here.`;
  return { reason, remedy: `git merge release/${newest}` };
}

interface Tag extends PastRelease {
  /** Id of the tag itself: of a signed or annotated one, not its commit's. */
  readonly object: string;
}

/** The releases that HEAD contains, by this clone's own tags; `atHead` tells the one that HEAD itself is. */
export async function releasesHere(folder: string, options: GitOptions): Promise<readonly PublishedRelease[]> {
  const head = await gitText(folder, ["rev-parse", "--verify", "HEAD^{commit}"], options);
  const tags = await tagsHere(folder, ["--merged=HEAD"], options);
  return tags.map(({ id, commit }) => ({ id, atHead: commit === head }));
}

async function tagsHere(folder: string, which: readonly string[], options: GitOptions): Promise<Tag[]> {
  const format = "%(refname:strip=3) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end) %(objectname)";
  const order = ["--sort=-version:refname", "--sort=-creatordate"];
  const args = ["for-each-ref", ...which, ...order, `--format=${format}`, "refs/tags/release/"];
  return (await gitText(folder, args, options)).split("\n").flatMap((line) => {
    const [id, commit, object] = line.split(" ");
    return id !== undefined && commit !== undefined && object !== undefined ? [{ id, commit, object }] : [];
  });
}

/** The releases that origin has at the very object that this clone has; a doubt where it has one that this clone lacks. */
async function publishedTags(folder: string, { tags, ...options }: LastReleaseOptions): Promise<ReadonlySet<string> | Doubt> {
  if (tags.from === "clone") throw new Error("Tags of a clone are not published.");
  const origin = await readOrigin(folder, tags.wanted, options);
  if (!origin.ok) return { reason: `Which releases there were is not known: ${origin.reason}.`, remedy: origin.remedy };
  const theirs = await tagsThere(folder, options);
  if ("reason" in theirs) return theirs;
  const ours = new Map((await tagsHere(folder, [], options)).map(({ id, object }) => [id, object]));
  const lacking = [...theirs].filter(([id, object]) => ours.get(id) !== object).map(([id]) => `\`release/${id}\``);
  if (lacking.length === 0) return new Set(theirs.keys());
  const reason = `Tags of \`origin\` are not here, or are here with another content: ${lacking.slice(0, 5).join(", ")}.`;
  return { reason, remedy: "git fetch --tags --force origin" };
}

async function tagsThere(folder: string, options: GitOptions): Promise<ReadonlyMap<string, string> | Doubt> {
  const args = ["ls-remote", "--tags", "--refs", "origin", "refs/tags/release/*"];
  const listing = await gitText(folder, args, { ...options, timeoutMs: originTimeoutMs }).catch((error) => {
    if (error instanceof GitFailed) return undefined;
    throw error;
  });
  if (listing === undefined) {
    return { reason: "`origin` does not say which releases there were.", remedy: "git ls-remote --tags origin" };
  }
  // Git matches the pattern with the end of a name as well.
  const entries = listing.split("\n").map((line) => /^([0-9a-f]{40,64})\trefs\/tags\/release\/(.+)$/.exec(line));
  return new Map(entries.flatMap((entry) => (entry?.[1] && entry[2] ? [[entry[2], entry[1]] as const] : [])));
}

/** Why this clone cannot tell what happened since a release (or since the beginning), or undefined where it can. */
async function missingHistory(folder: string, { from, ...options }: GitOptions & { from: string | undefined }) {
  const shallow = await shallowCommits(folder, options);
  const range = from === undefined ? ["HEAD"] : ["HEAD", `^${from}`];
  if (shallow.size > 0) {
    const seen = (await gitText(folder, ["rev-list", ...range], options)).split("\n");
    if (seen.some((commit) => shallow.has(commit))) {
      const reason = "This clone is too shallow to hold every commit since the last release.";
      return { reason, remedy: "git fetch --unshallow --tags" };
    }
  }
  const tagOption = await gitAnswer(folder, ["config", "--get", "remote.origin.tagOpt"], options);
  if (from === undefined && tagOption === "--no-tags") {
    return { reason: "This clone was made without tags, so that releases do not show in it.", remedy: "git fetch --tags" };
  }
  return undefined;
}

/** Commits whose parents this clone does not have. */
export async function shallowCommits(folder: string, options?: GitOptions): Promise<ReadonlySet<string>> {
  if ((await gitText(folder, ["rev-parse", "--is-shallow-repository"], options)) !== "true") return new Set();
  const path = await gitText(folder, ["rev-parse", "--path-format=absolute", "--git-path", "shallow"], options);
  return new Set((await readFile(path, "utf8")).split("\n").filter((line) => line !== ""));
}
