/** `deck release list`: every release on record, and how far it came. */

import { existsSync } from "node:fs";
import { HostUnreachable } from "../host/host.ts";
import { placesOf, refuseEvidence } from "../model/statements.ts";
import { judgeRelease } from "../release/judged.ts";
import type { Known, KnownRelease } from "../release/known.ts";
import { policyAt } from "../release/policy.ts";
import { gitAnswer } from "../release/repository.ts";
import { trustFolder } from "../release/trust.ts";
import { cutOffs } from "./cutOff.ts";
import { openRelease, readKnown } from "./releasePlace.ts";
import { atOnce, comesBack, deploymentLine } from "./rollbackChoice.ts";
import { readRan } from "./rollbackTarget.ts";
import { type Call, DeckError, exitCodes, type Verb, type World } from "./verb.ts";

interface Standing {
  readonly state: "candidate" | "attested" | "signed" | "revoked" | "unknown";
  /** A few words on it. */
  readonly note: string;
  /** Where it is signed for, as the sign-offs name it. */
  readonly places: readonly string[];
}

export const releaseListVerb: Verb = {
  name: "release list",
  summary: "List the releases on record, and what ran and can come back at once, the newest first",
  async run(call, world) {
    const ran = await ranHere(call, world);
    // Where nobody installed trust, nothing that is signed can be believed; what ran can come back all the same.
    if (!existsSync(trustFolder(call.stack))) return { code: ran.code, data: { releases: [], ran: ran.data }, text: ran.text };
    // Without origin, what was revoked there is not known; what ran here is.
    const unread = await openRelease("HEAD", call, world).then(() => undefined, unreadOf);
    if (unread !== undefined) {
      const text = [unread.message, ...(unread.remedy ? [`  ${unread.remedy}`] : []), "", ran.text].join("\n");
      return { code: unread.code, data: { releases: null, ran: ran.data }, text };
    }
    await using known = await readKnown(call, world);
    const releases: (Standing & { readonly release: string; readonly id: string; readonly commit: string })[] = [];
    for (const release of known.releases.toReversed()) {
      const standing = await standingOf(known, release);
      releases.push({ release: release.digest, id: release.manifest.predicate.releaseId, commit: release.commit, ...standing });
    }
    const lines = releases.map(
      ({ release, id, commit, state, note }) =>
        `${id}  ${release.slice(0, 12)}  commit ${commit.slice(0, 12)}  ${state}${note === "" ? "" : `: ${note}`}`,
    );
    const text = [...(lines.length === 0 ? ["No release is on record."] : lines), "", ran.text].join("\n");
    return { code: ran.code, data: { releases, ran: ran.data }, text };
  },
};

/** Where what is signed cannot be told, that is no reason to keep back what ran. */
function unreadOf(error: unknown): DeckError {
  if (error instanceof DeckError && error.code === exitCodes.unknown) return error;
  throw error;
}

/** What the stack's record says of what ran; a host that does not answer keeps nobody from reading what is signed. */
async function ranHere(call: Call, world: World) {
  try {
    const ran = await readRan(call, world);
    const older = ran.all.filter(({ tree }) => tree !== ran.current);
    const standing = { ...ran, cut: await cutOffs(older, ran, world) };
    const data = ran.all.map((each) => ({
      ...{ ...each, runs: each.tree === ran.current, atOnce: comesBack(each.tree, standing) === atOnce },
      cutOff: standing.cut.get(each.tree) ?? null,
    }));
    const lines = ran.all.map((each) => `  ${deploymentLine(each, standing, world.now())}`);
    const text =
      lines.length === 0 ? "Nothing ran yet behind an open gate." : ["What ran behind an open gate:", ...lines].join("\n");
    return { code: exitCodes.done, data, text };
  } catch (error) {
    if (!(error instanceof DeckError) && !(error instanceof HostUnreachable)) throw error;
    const code = error instanceof DeckError ? error.code : exitCodes.unknown;
    const remedy = error.remedy ? [`  ${error.remedy}`] : [];
    return { code, data: null, text: [`What ran cannot be told: ${error.message}`, ...remedy].join("\n") };
  }
}

async function standingOf(known: Known, release: KnownRelease): Promise<Standing> {
  const revocations = await known.revocationsOf(release.digest);
  const revoked = revocations.find((each) => each.ok);
  if (revoked !== undefined)
    return { state: "revoked", note: `by ${revoked.signer}, ${revoked.statement.predicate.reason}`, places: [] };
  if (known.seen.revoked.has(release.digest))
    return {
      ...{ state: "revoked", places: [] },
      note: `seen here before; ${revocations.length === 0 ? "the record of it is gone" : "no record of it counts any more"}`,
    };
  const here = await gitAnswer(known.folder, ["rev-parse", "--verify", "--quiet", `${release.commit}^{commit}`], known.git);
  if (here === undefined) return { state: "unknown", note: "its commit is not in this clone", places: [] };
  const signOffs = (await known.signOffsOf(release.digest)).filter((each) => each.ok);
  const asked = new Set(
    signOffs.map(({ statement }) => statement.predicate.resourceUri).filter((uri) => uri.startsWith(placesOf(known.stack))),
  );
  const places: string[] = [];
  const against: string[] = [];
  for (const place of asked) {
    const judged = await judgeRelease(known, release, place);
    if (judged.ok) places.push(place);
    else against.push(...judged.reasons);
  }
  if (places.length > 0) return { state: "signed", note: places.join(", "), places };
  const state = (await isAttested(known, release)) ? "attested" : "candidate";
  return { state, note: against[0] === undefined ? "" : `signed, but refused. ${against[0]}`, places };
}

/** True where an attestation would let a Judge sign it now. */
async function isAttested(known: Known, { digest: release, commit }: KnownRelease): Promise<boolean> {
  const policy = await policyAt(known.folder, { commit, ...known.git });
  if (!policy.ok) return false;
  const { evidence: maximumAgeSeconds, clockSkew: clockSkewSeconds } = policy.policy.freshness;
  const rules = { release, now: known.now, maximumAgeSeconds, clockSkewSeconds };
  return (await known.evidenceAbout(release)).some((each) => each.ok && refuseEvidence(each.statement, rules).length === 0);
}
