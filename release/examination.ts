/** The Examiner's attestations as proof of a move: about this commit's release, and with the result that the move needs. */

import type { GatePolicy } from "../model/gate.ts";
import { evidenceSchema, refuseEvidence } from "../model/statements.ts";
import { open } from "./envelope.ts";
import { buildManifest, NoRelease } from "./manifest.ts";
import type { ProofVerifiers } from "./modeProofs.ts";
import { readRecords } from "./records.ts";
import type { GitOptions } from "./repository.ts";
import type { Seen } from "./seen.ts";
import type { Trust } from "./sshSignature.ts";

interface ExaminationOptions extends GitOptions {
  readonly trust: Trust;
  readonly freshness: GatePolicy["freshness"];
  readonly seen: Seen;
  readonly now: Date;
}

/** Evidence is as fresh as the policy wants when this machine first sees the move; that a release failed grows no older. */
export function examinationOn(
  folder: string,
  { trust, freshness, seen, now, ...options }: ExaminationOptions,
): ProofVerifiers["examination"] {
  return async ({ digest, commit, at, result }) => {
    const short = digest.slice(0, 12);
    const record = (await readRecords(folder, options)).find((each) => each.kind === "attestations" && each.digest === digest);
    if (record === undefined) return `There is no attestation ${short} on record.`;
    const opened = await open(record.content, {
      kind: "attestation",
      schema: evidenceSchema,
      trust,
      at: seen.heardAt(digest, now),
      objects: options.objects,
    });
    if (!opened.ok) return `The attestation ${short} does not count. ${opened.reason}`;
    await seen.enter(digest, now);
    const release = await manifestDigest(folder, { commit, ...options });
    if ("problem" in release) return `${commit.slice(0, 12)} is no release. ${release.problem}`;
    const evidence = opened.statement;
    if (result === "FAILED") {
      const isAbout = evidence.subject[0].digest.sha256 === release.digest;
      if (!isAbout) return `The attestation ${short} is not about ${commit.slice(0, 12)}.`;
      return evidence.predicate.result === "FAILED"
        ? undefined
        : `The attestation ${short} says ${evidence.predicate.result}, not FAILED.`;
    }
    const [maximumAgeSeconds, clockSkewSeconds] = [freshness.evidence, freshness.clockSkew];
    const faults = refuseEvidence(evidence, { release: release.digest, now: at, maximumAgeSeconds, clockSkewSeconds });
    return faults.length === 0 ? undefined : `The attestation ${short} does not count. ${faults.join(" ")}`;
  };
}

async function manifestDigest(folder: string, options: GitOptions & { readonly commit: string }) {
  try {
    return { digest: (await buildManifest(folder, options)).digest };
  } catch (error) {
    if (error instanceof NoRelease) return { problem: error.message };
    throw error;
  }
}
