/** Answers the one question before anything is deployed: is this commit, for this stack and host, exactly what the Judge signed? */

import { forStack } from "../model/operatorCommand.ts";
import { resourceUriOf } from "../model/statements.ts";
import { type Judged, judgeRelease, rangeText } from "./judged.ts";
import { Known, type KnownOptions } from "./known.ts";
import { type Built, buildManifest, NoRelease } from "./manifest.ts";
import { commitIn, withObjects } from "./objects.ts";
import { RecordsAltered } from "./records.ts";
import { gitText, type ObjectReader } from "./repository.ts";
import { TrustMissing } from "./trust.ts";
import { OtherWorkTree, uncommitted, type WorkTreeOptions } from "./workTree.ts";

export interface ReleaseAsked extends KnownOptions {
  /** Anything that git takes for a commit. */
  readonly commit: string;
  /** As `hostNameOf` has it. */
  readonly host: string;
  /** True where the work tree is what deploys: it must then be the commit, byte by byte. */
  readonly exactTree: boolean;
}

export type SignedRelease =
  | {
      readonly ok: true;
      readonly release: Pick<Built, "releaseId" | "commit" | "digest">;
      /** Whoever signed it off, when by their own word, and the record that says so. */
      readonly signer: string;
      readonly signedAt: string;
      readonly signOff: string;
      /** Digests of the attestations that it was signed on. */
      readonly evidence: readonly string[];
    }
  | Refused;

export interface Refused {
  readonly ok: false;
  /** Sentences. */
  readonly reasons: readonly string[];
  /** The command to type next. */
  readonly remedy: string;
}

/**
 * By the records of this clone, which the caller has fetched before: what origin holds and this clone does not, a revocation
 * too, is not known here. Every doubt is a no.
 * @throws GitFailed where git does not answer, or there is no such commit.
 */
export function signedRelease(folder: string, asked: ReleaseAsked): Promise<SignedRelease> {
  return withObjects(folder, asked, (objects) => judge(folder, { ...asked, objects }));
}

async function judge(
  folder: string,
  { commit, host, exactTree, objects, ...rest }: ReleaseAsked & { readonly objects: ObjectReader },
): Promise<SignedRelease> {
  const options = { ...rest, objects };
  const { stack, now: _now, unwritten: _unwritten, trustFolder: _trustFolder, ...git } = options;
  try {
    // Side by side: whoever deploys waits for this. First what the longest way to go begins with.
    const reading = Known.read(folder, options);
    const building = buildManifest(folder, { commit, ...git });
    const looking = exactTree ? treeFaults(folder, commit, { stack, ...git, objects }) : Promise.resolve([]);
    for (const each of [building, looking]) each.catch(() => undefined);
    await using known = await reading;
    const hearing = hear(known, commit).catch(() => undefined);
    const faults = await looking.finally(() => hearing);
    if (faults.length > 0) return refused(faults, "git status --ignored # then commit what is named, or take it away");
    const built = await building.catch(async (error: unknown) => {
      // Whoever may cut it is told what it lacks; here it need only be known that nobody did.
      if (error instanceof NoRelease && !(await isKnown(known, commit))) return undefined;
      throw error;
    });
    if (built === undefined) return notCut(known, commit);
    const release = known.releases.find(({ digest }) => digest === built.digest);
    if (release === undefined) return notOnRecord(known, built);
    const judged = await judgeRelease(known, release, resourceUriOf(stack, host));
    return judged.ok ? opened(built, judged) : refused(judged.reasons, await remedyOf(judged, known, built));
  } catch (error) {
    if (error instanceof TrustMissing || error instanceof OtherWorkTree) return refused([error.message], error.remedy);
    if (error instanceof RecordsAltered) return refused([error.message], error.remedy);
    if (error instanceof NoRelease) return refused([error.message], "npx deck release show");
    throw error;
  }
}

/**
 * Has the signatures looked at that speak of what is on record of the commit, while its tree is: what they say is judged only
 * where the manifest turns out to be that very one.
 */
async function hear(known: Known, commit: string): Promise<void> {
  const { folder, git, releases } = known;
  const asked = await withObjects(folder, git, (objects) => objects.commitId(commit));
  const named = releases.filter((each) => each.commit === asked);
  await Promise.all(
    named.flatMap(({ digest }) => [known.revocationsOf(digest), known.signOffsOf(digest), known.evidenceAbout(digest)]),
  );
}

const refused = (reasons: readonly string[], remedy: string): Refused => ({ ok: false, reasons, remedy });

async function treeFaults(
  folder: string,
  commit: string,
  { stack, ...git }: WorkTreeOptions & { readonly stack: string; readonly objects: ObjectReader },
): Promise<readonly string[]> {
  const [asked, head] = await Promise.all([commitIn(git.objects, commit), commitIn(git.objects, "HEAD")]);
  if (asked !== head) return [`The work tree is at ${head.slice(0, 12)}, not at ${asked.slice(0, 12)}.`];
  const strays = await uncommitted(folder, { stack, ...git });
  return strays.map(({ path, how }) => `The work tree is not the commit: \`${path}\` (${how}).`);
}

function opened({ releaseId, commit, digest }: Built, { signOff }: Judged & { readonly ok: true }): SignedRelease {
  const { timeVerified, inputAttestations } = signOff.statement.predicate;
  return {
    ok: true,
    release: { releaseId, commit, digest },
    signer: signOff.signer,
    signedAt: timeVerified,
    signOff: signOff.record,
    evidence: inputAttestations.map(({ digest: named }) => named.sha256),
  };
}

async function isKnown({ folder, git, releases }: Known, commit: string): Promise<boolean> {
  const asked = await gitText(folder, ["rev-parse", "--verify", "--end-of-options", `${commit}^{commit}`], git);
  return releases.some((each) => each.commit === asked);
}

function notCut({ stack }: Known, commit: string): Refused {
  return refused([`No release of the commit ${commit.slice(0, 12)} is on record.`], forStack("npx deck release cut", stack));
}

function notOnRecord(known: Known, { commit, digest }: Built): Refused {
  const other = known.releases.find((each) => each.commit === commit);
  const besides = other === undefined ? "" : ` The one on record for this commit is ${other.digest.slice(0, 12)}.`;
  return refused(
    [`The release ${digest.slice(0, 12)} of the commit ${commit.slice(0, 12)} is not on record.${besides}`],
    forStack("npx deck release cut", known.stack),
  );
}

async function remedyOf({ lacking }: Judged & { readonly ok: false }, known: Known, { commit }: Built): Promise<string> {
  const remedies = {
    evidence: "npx deck release attest",
    "sign-off": "npx deck release sign",
    commits: `npx deck roles check ${await rangeText(known, commit)}`,
    revoked: "npx deck release list",
  } as const;
  return forStack(remedies[lacking], known.stack);
}
