/** What people say of a release and sign: the Examiner's evidence, the Judge's sign-off and revocation, as in-toto Statements. */

import { z } from "zod";
import type { Settings } from "./settings.ts";
import { sha256 } from "./sha256.ts";

const moment = z.iso.datetime();
/** The release that is spoken of, by the digest of its manifest. */
const subject = z.tuple([z.strictObject({ name: z.literal("release"), digest: z.strictObject({ sha256 }) })]);
const statement = { _type: z.literal("https://in-toto.io/Statement/v1"), subject };

/** Something that was run and said how it ended. */
const run = z.strictObject({
  name: z.enum(["npm test", "gate"]),
  /** Of what it wrote down. */
  digest: z.strictObject({ sha256 }),
  annotations: z.strictObject({
    finishedAt: moment,
    /** Tests, or checks. */
    passed: z.int().min(0),
    failed: z.int().min(0),
    /** The stack whose gate it was. */
    stack: z.string().min(1).optional(),
  }),
});

/** https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md */
export const evidenceSchema = z.strictObject({
  ...statement,
  predicateType: z.literal("https://in-toto.io/attestation/test-result/v0.1"),
  predicate: z.strictObject({ result: z.enum(["PASSED", "WARNED", "FAILED"]), configuration: z.array(run).min(1) }),
});
export type Evidence = z.output<typeof evidenceSchema>;

/** https://slsa.dev/spec/v1.1/verification_summary */
export const signOffSchema = z.strictObject({
  ...statement,
  predicateType: z.literal("https://slsa.dev/verification_summary/v1"),
  predicate: z.strictObject({
    verifier: z.strictObject({ id: z.literal("https://phillbot.invalid/judge") }),
    timeVerified: moment,
    /** The stack and the host that it is signed for. */
    resourceUri: z.string().min(1),
    policy: z.strictObject({ uri: z.literal("operations/gate.yaml"), digest: z.strictObject({ sha256 }) }),
    /** The evidence that was looked at: digests of records. */
    inputAttestations: z.array(z.strictObject({ digest: z.strictObject({ sha256 }) })).min(1),
    verificationResult: z.enum(["PASSED", "FAILED"]),
    verifiedLevels: z.array(z.string()).min(1),
  }),
});
export type SignOff = z.output<typeof signOffSchema>;

/** Takes a release back for good: whatever was signed before, it opens nothing any more. */
export const revocationSchema = z.strictObject({
  ...statement,
  predicateType: z.literal("https://phillbot.invalid/revocation/v1"),
  predicate: z.strictObject({ reason: z.string().trim().min(1), revokedAt: moment }),
});
export type Revocation = z.output<typeof revocationSchema>;

/** What every statement begins with. */
export function statementAbout(release: string): Pick<Evidence, "_type" | "subject"> {
  return { _type: "https://in-toto.io/Statement/v1", subject: [{ name: "release", digest: { sha256: release } }] };
}

/** Where a release goes: a sign-off for one place counts at no other. */
export function resourceUriOf(stack: string, host: string): string {
  return `${placesOf(stack)}${encodeURIComponent(host)}`;
}

/** How the places of one stack begin, whatever the host. */
export function placesOf(stack: string): string {
  return `phillbot:${encodeURIComponent(stack)}@`;
}

/** The host's name in a sign-off. @param machine this machine's own name: "local" is another place on every machine. */
export function hostNameOf(host: Settings["host"], machine: string): string {
  return host.kind === "local" ? `local:${machine}` : `${host.user}@${host.address}:${host.port}`;
}

export interface EvidenceRules {
  /** Sha256 (hex) of the manifest that it must be about. */
  readonly release: string;
  readonly now: Date;
  /** Seconds that it may be old. */
  readonly maximumAgeSeconds: number;
  /** Seconds that clocks may differ. */
  readonly clockSkewSeconds: number;
}

/** Why evidence does not count for a release, as sentences; none where it does. */
export function refuseEvidence({ subject: [about], predicate }: Evidence, rules: EvidenceRules): readonly string[] {
  const faults: string[] = [];
  if (about.digest.sha256 !== rules.release)
    faults.push(`It is about the release ${about.digest.sha256.slice(0, 12)}, not ${rules.release.slice(0, 12)}.`);
  if (predicate.result !== "PASSED") faults.push(`Its result is ${predicate.result}; PASSED is wanted.`);
  for (const wanted of ["npm test", "gate"] as const) {
    const runs = predicate.configuration.filter(({ name }) => name === wanted);
    if (runs.length !== 1) faults.push(`It names ${runs.length} runs of \`${wanted}\`; one is wanted.`);
  }
  for (const { name, annotations } of predicate.configuration) {
    if (annotations.passed === 0) faults.push(`\`${name}\` passed nothing.`);
    if (annotations.failed > 0) faults.push(`\`${name}\` failed in ${annotations.failed}; 0 are allowed.`);
    const age = (rules.now.getTime() - Date.parse(annotations.finishedAt)) / 1000;
    if (!(age <= rules.maximumAgeSeconds))
      faults.push(`\`${name}\` ended ${Math.round(age)} s ago; ${rules.maximumAgeSeconds} s are allowed.`);
    if (!(age >= -rules.clockSkewSeconds))
      faults.push(`\`${name}\` ended ${Math.round(-age)} s in the future; ${rules.clockSkewSeconds} s are allowed.`);
  }
  return faults;
}

export interface SignOffRules {
  readonly release: string;
  readonly resourceUri: string;
  /** Digests of the records that are evidence for this release, the Examiner's, and counted when this was signed. */
  readonly evidence: ReadonlySet<string>;
  /** Sha256 (hex) of the policy's file in the release's commit. */
  readonly policyDigest: string;
  readonly now: Date;
  readonly clockSkewSeconds: number;
}

/** Why a sign-off does not open a deploy, as sentences; none where it does. Who signed it is judged by its signature. */
export function refuseSignOff({ subject: [about], predicate }: SignOff, rules: SignOffRules): readonly string[] {
  const faults: string[] = [];
  if (about.digest.sha256 !== rules.release)
    faults.push(`It is for the release ${about.digest.sha256.slice(0, 12)}, not ${rules.release.slice(0, 12)}.`);
  if (predicate.resourceUri !== rules.resourceUri)
    faults.push(`It is for \`${predicate.resourceUri}\`, not \`${rules.resourceUri}\`.`);
  if (predicate.verificationResult !== "PASSED") faults.push(`Its result is ${predicate.verificationResult}; PASSED is wanted.`);
  if (predicate.policy.digest.sha256 !== rules.policyDigest)
    faults.push(`It names another \`${predicate.policy.uri}\` than the release holds.`);
  const ahead = (Date.parse(predicate.timeVerified) - rules.now.getTime()) / 1000;
  if (!(ahead <= rules.clockSkewSeconds))
    faults.push(`It was signed ${Math.round(ahead)} s in the future; ${rules.clockSkewSeconds} s are allowed.`);
  const missing = predicate.inputAttestations.filter(({ digest }) => !rules.evidence.has(digest.sha256));
  for (const { digest } of missing)
    faults.push(
      `The evidence ${digest.sha256.slice(0, 12)} that it names is not on record, or did not count when it was signed.`,
    );
  return faults;
}
