/** What a move of the mode must prove, looked up where it stands: in the history, on record, or with whoever verifies releases. */

import { commitOf, type ModeMove, type ModeState, type MoveEvidence } from "../model/modeMoves.ts";
import type { Proof } from "../model/modes.ts";
import { missingStamps } from "./architecture.ts";
import { refuseRelease, refuseSince } from "./changes.ts";
import { type GitOptions, gitOf } from "./repository.ts";

/** What is asked of a record. */
export interface ProofAsked {
  /** Sha256 (hex) of the record. */
  readonly digest: string;
  /** The commit that it must be about. */
  readonly commit: string;
  /** When this machine first saw the move, or now where it is not on record yet. */
  readonly at: Date;
  /** True for a move that is about to be made; it is on record otherwise. */
  readonly isMade?: boolean;
}

/** Each gives the reason for which the record is no proof, as a sentence; undefined where it is one. */
export interface ProofVerifiers {
  /** An attestation by the Examiner, about this commit's release, that says this result. */
  readonly examination: (asked: ProofAsked & { readonly result: "PASSED" | "FAILED" }) => Promise<string | undefined>;
  /** A release of this commit that the Judge signed and, where the move is about to be made, nobody revoked. */
  readonly signedRelease: (asked: ProofAsked) => Promise<string | undefined>;
}

interface Proving extends GitOptions, Pick<ProofAsked, "isMade"> {
  readonly state: ModeState;
  readonly move: ModeMove;
  readonly at: Date;
  readonly architecture: readonly string[];
  /** Before the first move: the commit until which everything is taken as it is, by the installed roles. */
  readonly baseline: string | undefined;
  readonly verifiers: ProofVerifiers;
}

export interface Proven {
  readonly proven: readonly Proof[];
  /** Why something that was named is no proof, as sentences. */
  readonly faults: readonly string[];
}

/** @throws GitFailed where the repository cannot say. */
export async function prove(folder: string, asked: Proving): Promise<Proven> {
  const proven: Proof[] = [];
  const faults: string[] = [];
  for (const [proof, problems] of await answers(folder, asked)) {
    if (problems.length === 0) proven.push(proof);
    faults.push(...problems);
  }
  return { proven, faults };
}

type Answer = readonly [proof: Proof, problems: readonly string[]];

async function answers(folder: string, asked: Proving): Promise<readonly Answer[]> {
  const { move, state } = asked;
  const found: Answer[] = [];
  // Nobody names stamps: the paths that were changed say which are wanted.
  if (move.predicate.to === "B" && move.predicate.from === "A") {
    const { architecture, baseline } = asked;
    const { entered, judgedBy, resumed } = state;
    const without = resumed === undefined ? undefined : { until: resumed, judgedBy };
    const range = { from: entered ?? baseline, to: commitOf(move), architecture, ...(without && { without }), ...gitOf(asked) };
    found.push(["architecture-stamp", shortened(await missingStamps(folder, range))]);
  }
  for (const each of move.predicate.evidence) found.push([each.proof, await problemsOf(folder, each, asked)]);
  return found;
}

const shown = 10;

function shortened(problems: readonly string[]): readonly string[] {
  if (problems.length <= shown) return problems;
  return [...problems.slice(0, shown), `${problems.length - shown} more paths have none either.`];
}

async function problemsOf(
  folder: string,
  { proof, value }: MoveEvidence,
  { move, state, at, verifiers, isMade, ...rest }: Proving,
) {
  const commit = commitOf(move);
  const asked = { digest: value, commit, at };
  const ifAny = (problem: string | undefined) => (problem === undefined ? [] : [problem]);
  switch (proof) {
    case "examiner-evidence":
      return [
        ...ifAny(await verifiers.examination({ ...asked, result: "PASSED" })),
        // What was built since Validate was entered, nobody has decided and no later step measures.
        ...(move.predicate.from === "B" && move.predicate.to === "C"
          ? await refuseSince(folder, {
              ...{ commit, baseline: state.entered, mode: state.judgedBy, operated: state.operated },
              ...gitOf(rest),
            })
          : []),
      ];
    case "failed-evidence":
      return ifAny(await verifiers.examination({ ...asked, result: "FAILED" }));
    case "signed-release":
      return [
        ...ifAny(await verifiers.signedRelease({ ...asked, ...(isMade && { isMade }) })),
        ...(await refuseRelease(folder, { commit, state, purpose: "milestone", ...gitOf(rest) })),
      ];
    // A person says so, and signs it.
    case "incident":
    case "milestone":
      return [];
    case "architecture-stamp":
      return ["Stamps are found by the paths that they are for; none is named."];
    default:
      return proof satisfies never;
  }
}
