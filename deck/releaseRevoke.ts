/** `deck release revoke`: the Judge takes a release back for good. */

import { forStack } from "../model/operatorCommand.ts";
import { type Revocation, revocationSchema, statementAbout } from "../model/statements.ts";
import type { Known, KnownRelease } from "../release/known.ts";
import { decide } from "./confirm.ts";
import { openRelease, readKnown } from "./releasePlace.ts";
import { keyOption, putOnRecord, sealed } from "./signing.ts";
import { refuseUnspeakable } from "./spoken.ts";
import { type Call, DeckError, exitCodes, type Verb, type World } from "./verb.ts";

export const releaseRevokeVerb: Verb = {
  name: "release revoke",
  summary: "As Judge, take a release back for good: nothing opens it again",
  changes: true,
  arguments: [{ name: "<release>", description: "its manifest's digest, or the beginning of it, or the release's id" }],
  options: [keyOption, { flags: "--reason <text>", description: "why, in a sentence; required" }],
  async run(call, world) {
    const reason = typeof call.options.reason === "string" ? call.options.reason.trim() : "";
    if (reason === "") throw new DeckError("usage", "No reason is given.", "npx deck release revoke <release> --reason '…'");
    await refuseUnspeakable({ reason }, call, world);
    await openRelease("HEAD", call, world);
    await using known = await readKnown(call, world);
    const release = named(known, call.args[0] ?? "", call.stack);
    const { releaseId } = release.manifest.predicate;
    const statement: Revocation = {
      ...statementAbout(release.digest),
      predicateType: "https://phillbot.invalid/revocation/v1",
      predicate: { reason, revokedAt: world.now().toISOString() },
    };
    const data = { release: release.digest, id: releaseId, commit: release.commit, statement, dryRun: call.dryRun };
    const words = `release ${releaseId} (${release.digest}): ${reason}`;
    const seal = () => sealed({ kind: "revocation", schema: revocationSchema, statement, trust: known.trust }, call, world);
    if (call.dryRun) {
      // Whoever may not say it is told so before it matters.
      if (call.options.key !== undefined) await seal();
      return { code: exitCodes.done, data, text: `Would revoke ${words}` };
    }
    if (!call.yes) await ask(words, call, world);
    const record = await seal();
    await putOnRecord("revocations", record.content, world);
    return {
      code: exitCodes.done,
      data: { ...data, record: record.digest, signer: record.signer },
      text: `\`${record.signer}\` revoked ${words}`,
    };
  },
};

/** @throws DeckError with code 2 where it names none, or several. */
function named({ releases }: Known, asked: string, stack: string): KnownRelease {
  const isDigest = /^[0-9a-f]{8,64}$/.test(asked);
  const found = releases.filter(
    ({ digest, manifest }) => (isDigest && digest.startsWith(asked)) || manifest.predicate.releaseId === asked,
  );
  const [one] = found;
  if (one !== undefined && found.length === 1) return one;
  const problem = `\`${asked}\` names ${found.length} releases on record; one is wanted.`;
  throw new DeckError("usage", problem, forStack("npx deck release list", stack));
}

function ask(words: string, { stack }: Call, { signal }: World): Promise<void> {
  const withoutQuestion = forStack("npx deck release revoke --yes", stack);
  return decide({ question: `Revoke ${words} for good?`, withoutQuestion, refused: "Nothing was revoked.", signal });
}
