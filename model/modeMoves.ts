/** A move of the mode as it stands on record: an in-toto Statement about a commit, and the mode that a chain of moves leads to. */

import { z } from "zod";
import { type Mode, modes, type Proof, proofs } from "./modes.ts";
import { sha256 } from "./sha256.ts";

const commit = z.string().regex(/^[0-9a-f]{40}$/, "a commit's whole id, 40 hex digits");

/** What a proof is looked up by. A stamp needs no name: it is found by the paths that it is for. */
export const evidenceOf = {
  "architecture-stamp": undefined,
  "examiner-evidence": sha256,
  "signed-release": sha256,
  incident: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "an incident's id"),
  milestone: z.string().trim().min(1).max(200),
  "failed-evidence": sha256,
} as const satisfies Readonly<Record<Proof, z.ZodType | undefined>>;

const evidence = z
  .strictObject({ proof: z.enum(proofs), value: z.string().min(1) })
  .refine(
    ({ proof, value }) => evidenceOf[proof]?.safeParse(value).success === true,
    "evidence of another form than its kind has",
  );

/** Who moved it is who signed it; when, is when it was first put on record and, as they say, `at`. */
export const modeMoveSchema = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  /** The commit at which the mode is entered. */
  subject: z.tuple([z.strictObject({ name: z.literal("commit"), digest: z.strictObject({ gitCommit: commit }) })]),
  predicateType: z.literal("https://phillbot.invalid/mode/v0.1"),
  predicate: z.strictObject({
    from: z.enum(modes),
    to: z.enum(modes),
    at: z.iso.datetime(),
    /** Sha256 of the record of the move before; null for the first. */
    before: sha256.nullable(),
    evidence: z.array(evidence),
  }),
});

export type ModeMove = z.output<typeof modeMoveSchema>;
export type MoveEvidence = ModeMove["predicate"]["evidence"][number];

export const commitOf = ({ subject: [about] }: ModeMove): string => about.digest.gitCommit;

export interface MoveFacts {
  readonly from: Mode;
  readonly to: Mode;
  readonly at: Date;
  readonly commit: string;
  readonly before: string | null;
  readonly evidence: readonly MoveEvidence[];
}

export function modeMove({ from, to, at, commit: id, before, evidence: proven }: MoveFacts): ModeMove {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "commit", digest: { gitCommit: id } }],
    predicateType: "https://phillbot.invalid/mode/v0.1",
    predicate: { from, to, at: at.toISOString(), before, evidence: [...proven] },
  };
}

/** Withdraws a move where another that counts follows the same one, so that it is known again where the project stands. */
export const withdrawalSchema = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  /** Sha256 of the record of the move that is withdrawn. */
  subject: z.tuple([z.strictObject({ name: z.literal("mode-move"), digest: z.strictObject({ sha256 }) })]),
  predicateType: z.literal("https://phillbot.invalid/mode-withdrawal/v0.1"),
  predicate: z.strictObject({
    /** Sha256 of the record of the move that stands instead. */
    stands: sha256,
    at: z.iso.datetime(),
  }),
});

export type Withdrawal = z.output<typeof withdrawalSchema>;

export function withdrawal({
  move,
  stands,
  at,
}: {
  readonly move: string;
  readonly stands: string;
  readonly at: Date;
}): Withdrawal {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "mode-move", digest: { sha256: move } }],
    predicateType: "https://phillbot.invalid/mode-withdrawal/v0.1",
    predicate: { stands, at: at.toISOString() },
  };
}

/** Where the project stands. */
export interface ModeState {
  readonly mode: Mode;
  /** Sha256 of the last move's record; null before the first. */
  readonly last: string | null;
  /** The commit from which the changes of this mode are counted; undefined: from the start of history. */
  readonly entered: string | undefined;
  /** The mode by which what was changed since `entered` is judged: after C→B still Stabilize. */
  readonly judgedBy: Mode;
  /** In Build: the commit until which what `judgedBy` allows needs no stamp, because nobody was building yet. */
  readonly resumed: string | undefined;
  /** The commit of the last release that Operate was entered with: what production was last given whole. */
  readonly released: string | undefined;
  /** Since an incident, its commit: what was made until then may also be what Operate allows, and may run already. */
  readonly operated: string | undefined;
}

/** Every project begins to be built with its first commit. */
export const firstState: ModeState = {
  ...{ mode: "A", last: null, entered: undefined },
  ...{ judgedBy: "A", resumed: undefined, released: undefined, operated: undefined },
};

/**
 * The state that a move leads to. Backwards, the measure stays where it was: what was made meanwhile was not judged, and must not
 * go out for having been there before. An incident is mended on what runs, so nothing else becomes the measure by it.
 * @param digest of the move's record.
 */
export function stateAfter(state: ModeState, move: ModeMove, digest: string): ModeState {
  const { from, to } = move.predicate;
  const commit = commitOf(move);
  const { judgedBy, released, operated } = state;
  const next = { mode: to, last: digest, resumed: undefined, released, operated: undefined } as const;
  if (to === "A") return { ...next, entered: state.entered, judgedBy, resumed: commit };
  if (to === "D") return { ...next, entered: commit, judgedBy: to, released: commit };
  if (from === "D") return { ...next, entered: released, judgedBy: to, operated: commit };
  // Between Stabilize and Validate, in both directions.
  if (from !== "A" && judgedBy === "C") return { ...next, entered: state.entered, judgedBy, operated };
  return { ...next, entered: commit, judgedBy: to };
}
