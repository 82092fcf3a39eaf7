/** Judges the commits of a range: signed by a key on record, by known people, and only in the parts that their roles may change. */

import { covers, type Person, pathsOf, type Roles } from "./roles.ts";

/** One commit as git tells it. An address stands as it was written and as `.mailmap` has it: either may name its owner. */
export interface Commit {
  readonly id: string;
  readonly subject: string;
  readonly author: readonly string[];
  readonly committer: readonly string[];
  /** From `Co-authored-by` trailers, one entry a person. */
  readonly coAuthors: readonly (readonly string[])[];
  /** Id of the person whose key signed it; undefined where no key on record did. */
  readonly signer: string | undefined;
  /** What it changes against every one of its parents, from the top of the tree. */
  readonly paths: readonly string[];
}

export interface CommitFault {
  readonly commit: string;
  /** A sentence. */
  readonly problem: string;
}

type Part = "author" | "committer" | "co-author";

/** Every fault of every commit, in their order; none where all may be released. */
export function judgeCommits(roles: Roles, commits: readonly Commit[]): readonly CommitFault[] {
  return commits.flatMap((commit) => faultsOf(roles, commit).map((problem) => ({ commit: commit.id, problem })));
}

function faultsOf(roles: Roles, commit: Commit): readonly string[] {
  const named: readonly (readonly [Part, readonly string[]])[] = [
    ["author", commit.author],
    ["committer", commit.committer],
    ...commit.coAuthors.map((emails) => ["co-author", emails] as const),
  ];
  const committer = personOf(roles, commit.committer);
  return [
    ...signatureFault(commit, committer),
    ...new Set(named.flatMap(([part, emails]) => personFaults(roles, { part, emails, paths: commit.paths }))),
  ];
}

function signatureFault({ signer }: Commit, committer: Person | undefined): readonly string[] {
  if (signer === undefined) return ["It is not signed by a key on record."];
  if (committer !== undefined && committer.id !== signer)
    return [`\`${signer}\` signed it, but \`${committer.id}\` is its committer.`];
  return [];
}

function personFaults(
  roles: Roles,
  { part, emails, paths }: { part: Part; emails: readonly string[]; paths: readonly string[] },
): readonly string[] {
  const person = personOf(roles, emails);
  if (person === undefined) return [`Its ${part} \`${emails[0] ?? ""}\` is nobody on record.`];
  const may = pathsOf(roles, person);
  const outside = paths.filter((path) => !may.some((allowed) => covers(allowed, path)));
  if (outside.length === 0) return [];
  const more = outside.length > 1 ? ` and ${outside.length - 1} more` : "";
  return [`Its ${part} \`${person.id}\` (${person.roles.join(", ")}) may not change \`${outside[0]}\`${more}.`];
}

/** The one person that all these addresses name; undefined where they name nobody, or two. */
function personOf({ people }: Roles, emails: readonly string[]): Person | undefined {
  const found = people.filter((person) => person.emails.some((email) => emails.includes(email)));
  return found.length === 1 ? found[0] : undefined;
}

/** Ids of all who had a hand in the commits: a Judge among them may not sign what they are part of. */
export function makersOf({ people }: Roles, commits: readonly Commit[]): ReadonlySet<string> {
  const emails = new Set(commits.flatMap(({ author, committer, coAuthors }) => [...author, ...committer, ...coAuthors.flat()]));
  const signers = new Set(commits.flatMap(({ signer }) => (signer === undefined ? [] : [signer])));
  return new Set(
    people.filter(({ id, emails: own }) => signers.has(id) || own.some((email) => emails.has(email))).map(({ id }) => id),
  );
}
