/**
 * Judges one release on record: signed off by a Judge who had no hand in it, on an Examiner's evidence that counted then, every
 * commit since the last such release made and signed by whoever may, and not taken back since.
 */

import { judgeCommits, makersOf } from "../model/commits.ts";
import { placesOf, refuseEvidence, refuseSignOff, type SignOff } from "../model/statements.ts";
import { readCommits } from "./commits.ts";
import type { Heard, Known, KnownRelease, Said } from "./known.ts";
import { shallowCommits } from "./lastRelease.ts";
import { type CommittedPolicy, policyAt } from "./policy.ts";
import { git, gitAnswer } from "./repository.ts";

type Lacking = "evidence" | "sign-off" | "commits" | "revoked";

export type Judged =
  | { readonly ok: true; readonly signOff: Said<SignOff> }
  /** Sentences, and what the last step lacks. */
  | { readonly ok: false; readonly reasons: readonly string[]; readonly lacking: Lacking };

const short = (digest: string) => digest.slice(0, 12);

/** @param place the stack and the host, as `resourceUriOf` has them; undefined for any host of the stack. */
export async function judgeRelease(
  known: Known,
  release: Pick<KnownRelease, "digest" | "commit">,
  place: string | undefined,
): Promise<Judged> {
  const revocations = await known.revocationsOf(release.digest);
  const revoked = revocations.filter((each) => each.ok);
  if (revoked.length > 0) return refused("revoked", revoked.map(wordsOfRevocation));
  if (known.seen.revoked.has(release.digest))
    return refused("revoked", [
      revocations.length === 0
        ? "This machine has seen it revoked, and the record of that is gone from the branch `records`."
        : "This machine has seen it revoked, and so it stays, though no record of that counts any more.",
      ...ignored("revocation", revocations),
    ]);
  const judged = await judgeSigned(known, release, place);
  return judged.ok ? judged : refused(judged.lacking, [...judged.reasons, ...ignored("revocation", revocations)]);
}

/** The same whether or not it was taken back: what a release that went out then did, its revocation does not undo. */
export async function judgeSigned(
  known: Known,
  release: Pick<KnownRelease, "digest" | "commit">,
  place: string | undefined,
): Promise<Judged> {
  const [signOffs, evidence, policy] = await Promise.all([
    known.signOffsOf(release.digest),
    known.evidenceAbout(release.digest),
    policyAt(known.folder, { commit: release.commit, ...known.git }),
  ]);
  if (!policy.ok) return refused("sign-off", [policy.reason]);
  const reasons: string[] = [];
  let lacking: Lacking = evidence.some((each) => each.ok) ? "sign-off" : "evidence";
  for (const signOff of signOffs) {
    if (!signOff.ok) continue;
    const faults = faultsOf(signOff, { known, release: release.digest, place, evidence, policy });
    if (faults.length === 0) {
      const range = await refuseRange(known, release, signOff);
      if (range.length === 0) return { ok: true, signOff };
      lacking = "commits";
      faults.push(...range);
    }
    reasons.push(...faults.map((fault) => `The sign-off ${short(signOff.record)} by \`${signOff.signer}\`: ${fault}`));
  }
  if (!signOffs.some((each) => each.ok)) reasons.push(`No Judge's sign-off of the release ${short(release.digest)} counts.`);
  return refused(lacking, [...reasons, ...ignored("sign-off", signOffs), ...ignored("attestation", evidence)]);
}

const refused = (lacking: Lacking, reasons: readonly string[]): Judged => ({ ok: false, reasons, lacking });

function wordsOfRevocation({
  signer,
  statement: { predicate },
}: Extract<Awaited<ReturnType<Known["revocationsOf"]>>[number], { ok: true }>) {
  return `\`${signer}\` revoked it on ${predicate.revokedAt}: ${predicate.reason}`;
}

/** Records that are there and count for nothing, so that nobody looks for them in vain. */
function ignored(what: string, heard: readonly Heard<unknown>[]): readonly string[] {
  return heard.flatMap((each) => (each.ok ? [] : [`The ${what} ${short(each.record)} does not count. ${each.reason}`]));
}

interface Judging {
  readonly known: Known;
  readonly release: string;
  readonly place: string | undefined;
  readonly evidence: Awaited<ReturnType<Known["evidenceAbout"]>>;
  readonly policy: CommittedPolicy & { readonly ok: true };
}

/** What is wrong with a sign-off whose signature holds, and with the evidence that it names, as of when it was signed. */
function faultsOf({ statement }: Said<SignOff>, { known, release, place, evidence, policy }: Judging): string[] {
  const { freshness } = policy.policy;
  const { inputAttestations, resourceUri, timeVerified } = statement.predicate;
  const rules = { release, now: new Date(timeVerified), clockSkewSeconds: freshness.clockSkew };
  const named = evidence
    .filter((each) => each.ok)
    .filter(({ record }) => inputAttestations.some(({ digest }) => digest.sha256 === record));
  const judged = named.map(({ record, statement: about }) => ({
    record,
    faults: refuseEvidence(about, { ...rules, maximumAgeSeconds: freshness.evidence }),
  }));
  const anyHost = resourceUri.startsWith(placesOf(known.stack)) ? resourceUri : placesOf(known.stack);
  return [
    ...refuseSignOff(statement, {
      ...rules,
      now: known.now,
      resourceUri: place ?? anyHost,
      policyDigest: policy.digest,
      evidence: new Set(judged.filter(({ faults }) => faults.length === 0).map(({ record }) => record)),
    }),
    ...judged.flatMap(({ record, faults }) =>
      faults.map((fault) => `The evidence ${short(record)} did not count then. ${fault}`),
    ),
  ];
}

/** What is wrong with the commits that the release adds, as of when its sign-off was first seen. */
async function refuseRange(
  known: Known,
  release: Pick<KnownRelease, "digest" | "commit">,
  signOff: Said<SignOff>,
): Promise<readonly string[]> {
  // Once it held, it holds until the rules, the roles or the revocations are others.
  if (known.seen.held(signOff.record, known.judgedBy)) return [];
  const ask = () => rangeFaults(known, { commit: release.commit, judge: signOff.signer, at: signOff.at });
  const { objects } = known.git;
  // The deploy and the move to Operate ask it at the same time, where it was never judged before.
  const question = `range ${known.stack} ${signOff.record} ${signOff.at.toISOString()} ${known.judgedBy}`;
  const faults = await (objects === undefined ? ask() : objects.once(question, ask));
  if (faults.length === 0) await known.seen.keep(signOff.record, known.judgedBy);
  return faults;
}

interface RangeAsked {
  readonly commit: string;
  /** Who signs it, where that is known. */
  readonly judge: string | undefined;
  /** When the keys of the commits must have counted. */
  readonly at: Date;
}

/** Why the commits since the last signed release may not be released, as sentences. */
export async function rangeFaults(known: Known, { commit, judge, at }: RangeAsked): Promise<readonly string[]> {
  const { roles } = known.trust;
  const range = await rangeOf(known, commit);
  if (!range.ok) return [range.reason];
  const commits = await readCommits(known.folder, {
    range: commit,
    without: range.without,
    trust: await known.trustAt(at),
    ...known.git,
  });
  const shallow = await shallowCommits(known.folder, known.git);
  if (commits.some(({ id }) => shallow.has(id)))
    return ["This clone is too shallow to hold every commit since the last signed release: git fetch --unshallow"];
  const faults = judgeCommits(roles, commits).map(({ commit: id, problem }) => `The commit ${short(id)}: ${problem}`);
  const own = judge !== undefined && makersOf(roles, commits).has(judge);
  return own ? [`\`${judge}\` had a hand in its commits, and may not sign their own work.`, ...faults] : faults;
}

type Range =
  /** What the release does not add: the last signed release before it, and what the roles take as it is. */
  | { readonly ok: true; readonly base: string | undefined; readonly without: readonly string[] }
  | { readonly ok: false; readonly reason: string };

async function rangeOf(known: Known, commit: string): Promise<Range> {
  const { baseline } = known.trust.roles;
  if (baseline !== undefined) {
    const found = await gitAnswer(known.folder, ["rev-parse", "--verify", "--quiet", `${baseline}^{commit}`], known.git);
    if (found === undefined)
      return { ok: false, reason: `The baseline ${short(baseline)} of the installed roles is no commit of this clone.` };
  }
  const base = await lastSigned(known, commit);
  return { ok: true, base, without: [base, baseline].filter((each) => each !== undefined) };
}

/** What a release adds, as git and `deck roles check` take it. */
export async function rangeText(known: Known, commit: string): Promise<string> {
  const range = await rangeOf(known, commit);
  const [from] = range.ok ? range.without : [];
  return from === undefined ? commit : `${from}..${commit}`;
}

/** The newest commit before this one that is a signed release for this stack, on any host; a candidate is none. */
async function lastSigned(known: Known, commit: string): Promise<string | undefined> {
  const signed = known.releases.filter((each) => each.commit !== commit && known.claimsSignOff(each.digest));
  if (signed.length === 0) return undefined;
  const listed = await git(
    known.folder,
    ["-c", "core.commitGraph=false", "rev-list", "--topo-order", "--end-of-options", commit],
    known.git,
  );
  const order = new Map(
    listed
      .toString("utf8")
      .trim()
      .split("\n")
      .map((id, index) => [id, index]),
  );
  const before = signed
    .filter((each) => order.has(each.commit))
    .toSorted((a, b) => (order.get(a.commit) ?? 0) - (order.get(b.commit) ?? 0));
  for (const each of before) if ((await judgeRelease(known, each, undefined)).ok) return each.commit;
  return undefined;
}
