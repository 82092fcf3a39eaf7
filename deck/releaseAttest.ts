/** `deck release attest`: the Examiner says what was run on a candidate, and that it passed. */

import { forStack } from "../model/operatorCommand.ts";
import { type Evidence, evidenceSchema, refuseEvidence, statementAbout } from "../model/statements.ts";
import { policyAt } from "../release/policy.ts";
import { failedRuns, gateRun, testRun } from "./examined.ts";
import { manifestOf, openRelease, readKnown } from "./releasePlace.ts";
import { keyOption, putOnRecord, refuseOtherKey, sealed } from "./signing.ts";
import { DeckError, exitCodes, type Verb } from "./verb.ts";

export const releaseAttestVerb: Verb = {
  name: "release attest",
  summary: "As Examiner, sign that the tests and an open gate of this very release passed, or that one of them failed",
  changes: true,
  options: [
    keyOption,
    { flags: "--gate <stack>", description: "the stack without sign-off whose gate ran it", default: "dev" },
    { flags: "--failed", description: "what ran on this very release failed: for a move of the mode backwards" },
  ],
  async run(call, world) {
    const { commit } = await openRelease("HEAD", call, world);
    await using known = await readKnown(call, world);
    await refuseOtherKey("attestation", known.trust.roles, call, world);
    const built = await manifestOf(commit, world);
    if (!known.releases.some(({ digest }) => digest === built.digest))
      throw new DeckError(
        "refused",
        `The release of ${commit.slice(0, 12)} is not on record.`,
        forStack("npx deck release cut", call.stack),
      );
    const policy = await policyAt(world.root, { commit, signal: world.signal });
    if (!policy.ok) throw new DeckError("usage", policy.reason);
    const { evidence: maximumAgeSeconds, clockSkew: clockSkewSeconds } = policy.policy.freshness;
    const rules = { commit, now: world.now(), maximumAgeSeconds, clockSkewSeconds };
    const gate = { stack: String(call.options.gate), release: built.digest };
    const hasFailed = call.options.failed === true;
    const statement: Evidence = {
      ...statementAbout(built.digest),
      predicateType: "https://in-toto.io/attestation/test-result/v0.1",
      predicate: hasFailed
        ? { result: "FAILED", configuration: [...(await failedRuns(rules, gate, world))] }
        : { result: "PASSED", configuration: [await testRun(rules, world), await gateRun(gate, world)] },
    };
    const faults = hasFailed ? [] : refuseEvidence(statement, { ...rules, release: built.digest });
    if (faults.length > 0) throw new DeckError("refused", faults.join("\n"), "npm test && npx deck gate");
    const data = { release: built.digest, id: built.releaseId, commit, statement, dryRun: call.dryRun };
    const said = statement.predicate.configuration.map(
      ({ name, annotations: { passed, failed, finishedAt } }) =>
        `  ${name}: ${passed} passed${failed === 0 ? "" : `, ${failed} failed`}, ended ${finishedAt}`,
    );
    const words = [`Release ${built.releaseId} of ${commit.slice(0, 12)}, ${built.digest}:`, ...said].join("\n");
    if (call.dryRun) return { code: exitCodes.done, data, text: `Would attest ${words}` };
    const record = await sealed({ kind: "attestation", schema: evidenceSchema, statement, trust: known.trust }, call, world);
    await putOnRecord("attestations", record.content, world);
    const move = forStack(`npx deck mode set ${hasFailed ? "A --failed" : "C --evidence"} ${record.digest}`, call.stack);
    const next = hasFailed
      ? `Next, from Validate (from Stabilize to B): ${move}`
      : `Next, in Validate: ${move}\nThen its Judge: ${forStack("npx deck release sign", call.stack)}`;
    return {
      code: exitCodes.done,
      data: { ...data, record: record.digest, signer: record.signer },
      text: `\`${record.signer}\` attested ${words}\n${next}`,
    };
  },
};
