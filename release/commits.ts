/** Reads the commits of a range as git tells them: who, signed by whom, and what they changed. */

import type { Commit } from "../model/commits.ts";
import { type Mailmap, mappedEmail, parseMailmap } from "../model/mailmap.ts";
import { pathsBetween, pathsChanged, plain, readLog } from "./log.ts";
import { commitIn, withObjects } from "./objects.ts";
import { type GitOptions, gitText } from "./repository.ts";
import type { Trust } from "./sshSignature.ts";

const fields = ["%H", "%P", "%s", "%an", "%ae", "%cn", "%ce", "%G?", "%GS", "%B"];

export interface RangeOptions extends GitOptions {
  /** Git's own notation, such as `release/1.2.0..HEAD`. */
  readonly range: string;
  /** What is left out with all that it descends from, besides. */
  readonly without?: readonly string[];
  readonly trust: Trust;
}

/** Oldest first. @throws GitFailed where the range is none of this repository's. */
export async function readCommits(
  folder: string,
  { range, without = [], trust, ...options }: RangeOptions,
): Promise<readonly Commit[]> {
  const signatures = [
    ...["-c", "gpg.format=ssh", "-c", "gpg.ssh.program=ssh-keygen"],
    ...["-c", `gpg.ssh.allowedSignersFile=${trust.allowedSigners}`, "-c", `gpg.ssh.revocationFile=${trust.revoked}`],
    // A signature of another format is none that counts, whatever keyring this machine has.
    ...["-c", "gpg.program=false", "-c", "gpg.x509.program=false"],
  ];
  const people = await mailmapAt(folder, range, options);
  const which = [range, ...without.map((commit) => `^${commit}`)];
  const rows = await readLog(folder, { fields, which, settings: signatures, ...options });
  const named = rows.map((row) => ({ id: row[0] ?? "", parents: parentsOf(row) }));
  const paths = await pathsChanged(folder, named, options);
  const commits = rows.map((row) => commitOf(row, { people, paths }));
  return withTakenBack(folder, { commits, rows, ...options });
}

/** What a merge takes back of that which lies before the range counts as changed by it too: no commit of the range names it. */
async function withTakenBack(
  folder: string,
  { commits, rows, ...options }: GitOptions & { commits: readonly Commit[]; rows: readonly (readonly string[])[] },
): Promise<readonly Commit[]> {
  const inRange = new Set(commits.map(({ id }) => id));
  const named = new Set(commits.flatMap(({ paths }) => paths));
  const judged: Commit[] = [];
  for (const [index, commit] of commits.entries()) {
    const parents = parentsOf(rows[index] ?? []);
    const before = parents.filter((parent) => !inRange.has(parent));
    const newest = parents.length < 2 || before.length === 0 ? [] : await independent(folder, before, options);
    const [base] = newest;
    // Of two that neither holds the other, each lacks what the other has: what git makes of both tells that.
    const differing = base === undefined || newest.length > 1 ? [] : await pathsBetween(folder, base, commit.id, options);
    judged.push({ ...commit, paths: [...new Set([...commit.paths, ...differing.filter((path) => !named.has(path))])] });
  }
  return judged;
}

/** Those of the commits that no other of them contains. */
async function independent(folder: string, commits: readonly string[], options: GitOptions): Promise<readonly string[]> {
  return (await gitText(folder, [...plain, "merge-base", "--independent", ...commits], options)).split("\n");
}

const parentsOf = (row: readonly string[]): readonly string[] => (row[1] ?? "").split(" ").filter((each) => each !== "");

/**
 * Read here: what git takes for a trailer follows from the clone's settings. A line counts wherever in the message it stands,
 * with the indented ones below it.
 */
const coAuthorsOf = (row: readonly string[]): readonly string[] =>
  [...(row[9] ?? "").matchAll(/^[ \t]*co-authored-by[ \t]*:(.*(?:\n[ \t]+(?!co-authored-by).*)*)/gim)]
    .map(([, named = ""]) => named.replaceAll(/\s+/g, " ").trim())
    .filter((named) => named !== "");

interface Told {
  readonly people: Mailmap;
  readonly paths: ReadonlyMap<string, readonly string[]>;
}

function commitOf(row: readonly string[], { people, paths }: Told): Commit {
  const [id = "", , subject = "", authorName = "", author = "", committerName = "", committer = "", verdict, signer = ""] = row;
  return {
    id,
    subject,
    author: addresses(people, authorName, author),
    committer: addresses(people, committerName, committer),
    coAuthors: coAuthorsOf(row).map((line) => coAuthor(people, line)),
    // `G` alone: good, by a key of the list that counted when it was made, and is not revoked.
    signer: verdict === "G" && signer !== "" ? signer : undefined,
    paths: paths.get(id) ?? [],
  };
}

/** The address as it is written and as `.mailmap` has it. */
const addresses = (people: Mailmap, name: string, email: string): readonly string[] => [
  ...new Set([email, mappedEmail(people, { name, email })].map((each) => each.toLowerCase())),
];

/** A line that names nobody, or more than one, stands as it is. */
function coAuthor(people: Mailmap, line: string): readonly string[] {
  const [, name = "", email] = /^([^<>]*)<([^<>\s]+)>$/.exec(line) ?? [];
  return email === undefined ? [line] : addresses(people, name, email);
}

/** The `.mailmap` of the range's newest commit. Where it has none, or nobody can say which that is, addresses stand as written. */
async function mailmapAt(folder: string, range: string, options: GitOptions): Promise<Mailmap> {
  const revisions = await gitText(folder, ["rev-parse", "--revs-only", "--end-of-options", range, "--"], options);
  const [tip, ...more] = revisions.split("\n").filter((each) => /^[0-9a-f]+$/.test(each));
  if (tip === undefined || more.length > 0) return parseMailmap("");
  const text = await withObjects(folder, options, async (objects) => objects.text(await commitIn(objects, tip), ".mailmap"));
  return parseMailmap(text ?? "");
}
