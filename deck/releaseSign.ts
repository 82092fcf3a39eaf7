/** `deck release sign`: the Judge signs a release off for one stack and host, on evidence that counts now. */

import { forStack } from "../model/operatorCommand.ts";
import { manifestSchema } from "../model/releaseManifest.ts";
import { refuseEvidence, resourceUriOf, type SignOff, signOffSchema, statementAbout } from "../model/statements.ts";
import { rangeFaults, rangeText } from "../release/judged.ts";
import type { Known, Said } from "../release/known.ts";
import type { Built } from "../release/manifest.ts";
import { refusedOnceSigned } from "../release/modeOfRelease.ts";
import { policyAt } from "../release/policy.ts";
import { signedRelease } from "../release/signed.ts";
import { decide } from "./confirm.ts";
import { warnOfMode } from "./modeWarning.ts";
import { machineOption, manifestOf, openRelease, readKnown } from "./releasePlace.ts";
import { keyOption, putOnRecord, refuseOtherKey, sealed } from "./signing.ts";
import { type Call, DeckError, exitCodes, type Verb, type World } from "./verb.ts";

export const releaseSignVerb: Verb = {
  name: "release sign",
  summary: "As Judge, sign a release off for the stack and its host",
  changes: true,
  arguments: [{ name: "[commit]", description: "the release's commit; default: `HEAD`" }],
  options: [keyOption, machineOption],
  async run(call, world) {
    const { commit, host } = await openRelease(call.args[0] ?? "HEAD", call, world);
    await using known = await readKnown(call, world);
    await refuseOtherKey("release", known.trust.roles, call, world);
    const built = await manifestOf(commit, world);
    const statement = await prepared(built, host, { call, known, world });
    // Whatever the mode is, moves lead from it to one in which the same sign-off goes out (an incident that is yet to be
    // recorded, a milestone that is signed in Build).
    const mode = await warnOfMode(refusedOnceSigned, { commit, heading: notYetOut }, call, world);
    const data = { release: built.digest, id: built.releaseId, commit, statement, mode, dryRun: call.dryRun };
    const words = wordsOf(built, statement, call.stack, host);
    if (call.dryRun) return { code: exitCodes.done, data, text: `Would sign off\n${words}` };
    world.output.progress(words);
    if (!call.yes) await ask(call, world);
    const record = await sealed({ kind: "release", schema: signOffSchema, statement, trust: known.trust }, call, world);
    await refuseUnlessItOpens(record, { commit, host, call, world });
    await putOnRecord("signatures", record.content, world);
    const text = `\`${record.signer}\` signed release ${built.releaseId} off for \`${call.stack}\` on \`${host}\`: ${record.digest}\nNext, in Stabilize: ${forStack(`npx deck mode set D --release ${built.digest}`, call.stack)}\nThen its Operator: ${forStack("npx deck up", call.stack)}`;
    return { code: exitCodes.done, data: { ...data, record: record.digest, signer: record.signer }, text };
  },
};

const notYetOut = "Signed or not, the mode keeps it from production as it is now:";

interface Asked {
  readonly call: Call;
  readonly known: Known;
  readonly world: World;
}

/** The summary to be signed. @throws DeckError with code 4 where nothing may be signed, whoever signs. */
async function prepared(built: Built, host: string, { call, known, world }: Asked): Promise<SignOff> {
  const { stack } = call;
  const refuse = (problem: string, remedy: string) => new DeckError("refused", problem, forStack(remedy, stack));
  if (!known.releases.some(({ digest }) => digest === built.digest))
    throw refuse(`The release of ${built.commit.slice(0, 12)} is not on record.`, "npx deck release cut");
  const revoked = (await known.revocationsOf(built.digest)).find((each) => each.ok);
  if (revoked !== undefined)
    throw refuse(`\`${revoked.signer}\` revoked it: ${revoked.statement.predicate.reason}`, "npx deck release list");
  const policy = await policyAt(world.root, { commit: built.commit, signal: world.signal });
  if (!policy.ok) throw new DeckError("usage", policy.reason);
  const { evidence: maximumAgeSeconds, clockSkew: clockSkewSeconds } = policy.policy.freshness;
  const rules = { release: built.digest, now: world.now(), maximumAgeSeconds, clockSkewSeconds };
  const heard = await known.evidenceAbout(built.digest);
  const said = heard.filter((each): each is Said<(typeof each & { ok: true })["statement"]> => each.ok);
  const counting = said.filter(({ statement }) => refuseEvidence(statement, rules).length === 0);
  if (counting.length === 0) {
    const why = heard.map(
      (each) => `\n  ${each.record.slice(0, 12)}: ${each.ok ? refuseEvidence(each.statement, rules).join(" ") : each.reason}`,
    );
    throw refuse(`No Examiner's attestation of it counts now.${why.join("")}`, "npx deck release attest");
  }
  const faults = await rangeFaults(known, { commit: built.commit, judge: undefined, at: world.now() });
  if (faults.length > 0) throw refuse(faults.join("\n"), `npx deck roles check ${await rangeText(known, built.commit)}`);
  return {
    ...statementAbout(built.digest),
    predicateType: "https://slsa.dev/verification_summary/v1",
    predicate: {
      verifier: { id: "https://phillbot.invalid/judge" },
      timeVerified: rules.now.toISOString(),
      resourceUri: resourceUriOf(stack, host),
      policy: { uri: "operations/gate.yaml", digest: { sha256: policy.digest } },
      inputAttestations: counting.map(({ record }) => ({ digest: { sha256: record } })),
      verificationResult: "PASSED",
      verifiedLevels: ["PHILLBOT_SIGNED_OFF"],
    },
  };
}

function wordsOf({ text, releaseId, commit, digest }: Built, { predicate }: SignOff, stack: string, host: string): string {
  const subjects = manifestSchema
    .parse(JSON.parse(text))
    .subject.map((each) => `    ${each.name} ${each.digest.sha256.slice(0, 12)}`);
  const evidence = predicate.inputAttestations.map((each) => `    ${each.digest.sha256}`);
  const about = [
    `  release ${releaseId}, manifest ${digest}`,
    `  commit ${commit}`,
    `  for the stack \`${stack}\` on \`${host}\``,
  ];
  return [...about, "  on the evidence", ...evidence, "  of", ...subjects].join("\n");
}

function ask({ stack }: Call, { signal }: World): Promise<void> {
  const withoutQuestion = forStack("npx deck release sign --yes", stack);
  const question = "Is this what may run, and may it run there?";
  return decide({ question, withoutQuestion, refused: "Nothing was signed.", signal });
}

/** By the very rules of a deploy, before it stands on record: the Judge's own work is refused here. */
async function refuseUnlessItOpens(
  { content, digest }: { readonly content: string; readonly digest: string },
  { commit, host, call, world }: { readonly commit: string; readonly host: string } & Omit<Asked, "known">,
): Promise<void> {
  const unwritten = [{ kind: "signatures", digest, content }] as const;
  const answer = await signedRelease(world.root, {
    commit,
    host,
    exactTree: false,
    unwritten,
    stack: call.stack,
    now: world.now(),
    signal: world.signal,
  });
  // Another sign-off may open it already; this one must do so by itself.
  if (answer.ok && answer.signOff === digest) return;
  if (answer.ok)
    throw new DeckError(
      "refused",
      `\`${answer.signer}\` has signed it off already: ${answer.signOff}`,
      forStack("npx deck release list", call.stack),
    );
  throw new DeckError("refused", answer.reasons.join("\n"), answer.remedy);
}
