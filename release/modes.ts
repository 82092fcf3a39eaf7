/** Reads the moves of the mode off the branch `records`, as a chain: each names the one before it, and what does not hold is refused and named. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { canonicalJson } from "../model/canonical.ts";
import {
  commitOf,
  firstState,
  type ModeMove,
  type ModeState,
  modeMoveSchema,
  stateAfter,
  withdrawalSchema,
} from "../model/modeMoves.ts";
import { checkModes, type Modes, modeNames, type ParsedModes, refuseMove } from "../model/modes.ts";
import type { RoleName, Roles } from "../model/roles.ts";
import { open } from "./envelope.ts";
import { isAncestor } from "./log.ts";
import { type ProofVerifiers, prove } from "./modeProofs.ts";
import { withObjects } from "./objects.ts";
import { parseOperatorYaml } from "./operatorFile.ts";
import { readRecords } from "./records.ts";
import { type GitOptions, gitOf } from "./repository.ts";
import type { Seen } from "./seen.ts";
import type { Trust } from "./sshSignature.ts";

export const modesFile = "operations/modes.yaml";

/** From the file's text to checked moves, or to every fault of it. */
export function parseModes(text: string): ParsedModes {
  const yaml = parseOperatorYaml(text);
  return yaml.ok ? checkModes(yaml.data) : yaml;
}

/** @returns the file of this tree; one that cannot be read is a fault. */
export async function readModesFile(projectRoot: string): Promise<ParsedModes> {
  const text = await readFile(join(projectRoot, modesFile), "utf8").catch(() => undefined);
  if (text === undefined) return { ok: false, faults: [{ path: modesFile, problem: "It cannot be read." }] };
  return parseModes(text);
}

export interface ModesOptions extends GitOptions {
  readonly trust: Trust & { readonly roles: Roles };
  readonly table: Modes;
  readonly verifiers: ProofVerifiers;
  /** When this machine first saw each record: the time that a commit on the branch says of itself can be any. */
  readonly seen: Seen;
  readonly now: Date;
}

/** A move that counts. */
export interface MoveOnRecord {
  /** Sha256 (hex) of the record. */
  readonly digest: string;
  readonly move: ModeMove;
  /** Id of the person whose key signed it. */
  readonly signer: string;
  /** When this machine first saw it, by which its key and its proof are judged. */
  readonly at: Date;
}

/** A record of a move that counts for nothing, and why, as sentences. */
export interface RefusedMove {
  readonly digest: string;
  readonly reasons: readonly string[];
}

/** One of several that follow the same one. */
export interface ForkedMove extends MoveOnRecord {
  /** True where a move names it as the one before: it cannot be withdrawn any more, because that one's owner relied on it. */
  readonly isFollowed: boolean;
}

/** A move that its owner withdrew, since another followed the same one. */
export interface WithdrawnMove {
  readonly digest: string;
  /** The one that stands instead. */
  readonly stands: string;
  /** Id of whoever withdrew it. */
  readonly signer: string;
  /** Sha256 (hex) of the record by which it was withdrawn. */
  readonly record: string;
  /** The commit of the move. */
  readonly commit: string;
}

interface Read {
  /** Oldest first. */
  readonly moves: readonly MoveOnRecord[];
  readonly withdrawn: readonly WithdrawnMove[];
  readonly refused: readonly RefusedMove[];
}

/**
 * Where two moves that both count follow the same one, nobody can say where the project stands, until all of them but one are
 * withdrawn in favour of that one, each by who owns such a move, and none of them followed by another: nobody undoes what another
 * role decided.
 */
export type ModesRead =
  | (Read & { readonly ok: true; readonly state: ModeState })
  | (Read & { readonly ok: false; readonly fork: readonly ForkedMove[]; readonly problem: string });

/**
 * The moves on this clone's branch `records`, which the caller has fetched.
 * @throws RecordsAltered, GitFailed
 */
export async function readModes(folder: string, options: ModesOptions): Promise<ModesRead> {
  const refused: RefusedMove[] = [];
  const said: MoveOnRecord[] = [];
  const withdrawals: Omit<WithdrawnMove, "commit">[] = [];
  const { seen, now, trust, objects } = options;
  const records = (await readRecords(folder, options)).filter(({ kind }) => kind === "modes");
  const hear = async ({ digest, content }: (typeof records)[number]) => {
    const at = seen.heardAt(digest, now);
    return { digest, at, opened: await open(content, { kind: "mode", schema: statementSchema, trust, at, objects }) };
  };
  for (const { digest, at, opened } of await Promise.all(records.map(hear))) {
    if (!opened.ok) {
      refused.push({ digest, reasons: [opened.reason] });
      continue;
    }
    await seen.enter(digest, now);
    const { statement, signer } = opened;
    if (isMove(statement)) said.push({ digest, move: statement, signer, at });
    else {
      const { subject, predicate } = statement;
      withdrawals.push({ digest: subject[0].digest.sha256, stands: predicate.stands, signer, record: digest });
    }
  }
  const { moves: waiting, moveOf } = withoutCopies(said);
  const moves: MoveOnRecord[] = [];
  const withdrawn: WithdrawnMove[] = [];
  let state = firstState;
  for (;;) {
    const valid: MoveOnRecord[] = [];
    const { last } = state;
    for (const each of waiting.filter(({ move }) => moveOf(move.predicate.before) === last)) {
      waiting.splice(waiting.indexOf(each), 1);
      const reasons = await judgeMove(folder, { ...options, ...each, state: { ...state, last: each.move.predicate.before } });
      if (reasons.length === 0) valid.push(each);
      else refused.push({ digest: each.digest, reasons });
    }
    const isNext = (move: ModeMove, { digest, move: before }: MoveOnRecord) =>
      moveOf(move.predicate.before) === digest && move.predicate.from === before.predicate.to;
    const fork = valid.map((each) => ({
      ...each,
      // By whose move it is: a senseless one, which anybody on record can sign, must not keep a move from being withdrawn.
      isFollowed: waiting.some((follower) => isNext(follower.move, each) && ownsMove(follower.move, { ...options, ...follower })),
    }));
    const withdrew = (move: ForkedMove, stands: MoveOnRecord) =>
      withdrawals
        .filter((each) => moveOf(each.digest) === move.digest && moveOf(each.stands) === stands.digest)
        .find(({ signer }) => refuseWithdrawal(move, { ...options, signer }) === undefined);
    const standing = fork.filter((one) => fork.every((other) => other === one || withdrew(other, one) !== undefined));
    const [next, ...others] = standing;
    if (next === undefined || others.length > 0) {
      for (const { digest } of waiting) refused.push({ digest, reasons: ["It follows no move that counts."] });
      return fork.length > 0
        ? { ok: false, moves, withdrawn, refused, fork, problem: forkProblem(fork) }
        : { ok: true, moves, withdrawn, refused, state };
    }
    for (const each of fork) {
      const by = each === next ? undefined : withdrew(each, next);
      if (by !== undefined) withdrawn.push({ ...by, commit: each.move.subject[0].digest.gitCommit });
    }
    moves.push(next);
    state = stateAfter(state, next.move, next.digest);
  }
}

/**
 * What one person said once is one move, however often and in whatever writing it is on record: the bytes around a signature are
 * anybody's to change, and must not fork the mode.
 */
function withoutCopies(said: readonly MoveOnRecord[]) {
  const first = new Map<string, MoveOnRecord>();
  const known = new Map<string | null, string>();
  for (const each of said.toSorted((a, b) => a.at.getTime() - b.at.getTime())) {
    const key = `${each.signer} ${canonicalJson(each.move)}`;
    const original = first.get(key) ?? each;
    first.set(key, original);
    known.set(each.digest, original.digest);
  }
  /** The record that stands for it, where a move names a copy. */
  const moveOf = (digest: string | null) => known.get(digest) ?? digest;
  return { moves: said.filter(({ digest }) => known.get(digest) === digest), moveOf };
}

const statementSchema = z.union([modeMoveSchema, withdrawalSchema]);
const isMove = (statement: z.output<typeof statementSchema>): statement is ModeMove => "from" in statement.predicate;

/** Why somebody may not withdraw a move, as a sentence; undefined where they may: it is a move of their role. */
export function refuseWithdrawal(
  { digest, move, isFollowed }: ForkedMove,
  { trust, table, signer }: Pick<ModesOptions, "trust" | "table"> & { readonly signer: string },
): string | undefined {
  if (isFollowed) return `Another move follows ${digest.slice(0, 12)}, which so cannot be withdrawn any more.`;
  if (ownsMove(move, { trust, table, signer })) return undefined;
  const { from, to } = move.predicate;
  const owner = ownerOf(move, table);
  const roles = rolesOf({ trust, signer });
  return `The move ${from}→${to} is the ${owner ?? "nobody"}'s to withdraw; yours is ${roles.join(", ") || "no role"}.`;
}

const ownerOf = ({ predicate: { from, to } }: ModeMove, { moves }: Modes): RoleName | undefined =>
  moves.find((each) => each.from === from && each.to === to)?.owner;

function ownsMove(move: ModeMove, { trust, table, signer }: Pick<MoveJudged, "trust" | "table" | "signer">): boolean {
  const owner = ownerOf(move, table);
  return owner !== undefined && rolesOf({ trust, signer }).includes(owner);
}

function forkProblem(fork: readonly MoveOnRecord[]): string {
  const named = fork.map(
    ({ digest, signer, move: { predicate } }) => `${digest.slice(0, 12)} (${predicate.from}→${predicate.to} by ${signer})`,
  );
  return `The moves ${named.join(" and ")} follow the same one, so that the mode cannot be told.`;
}

export interface MoveJudged extends ModesOptions {
  /** Where the project stands before it. */
  readonly state: ModeState;
  readonly move: ModeMove;
  readonly signer: string;
  readonly at: Date;
  /** True where it is about to be made; it is on record otherwise. */
  readonly isMade?: boolean;
}

/** Why a move does not count, as sentences; none where it does. */
export async function judgeMove(folder: string, judged: MoveJudged): Promise<readonly string[]> {
  const { state, move, table, verifiers, at, isMade = false } = judged;
  const options = gitOf(judged);
  const { from, to, before } = move.predicate;
  const commit = commitOf(move);
  if (before !== state.last)
    return [`It names ${before?.slice(0, 12) ?? "no move"} as the one before it; that is ${state.last?.slice(0, 12) ?? "none"}.`];
  if (from !== state.mode)
    return [`It leaves ${from} (${modeNames[from]}); the mode is ${state.mode} (${modeNames[state.mode]}).`];
  if ((await commitHere(folder, commit, options)) === undefined)
    return [`The commit ${commit.slice(0, 12)} is not in this clone.`];
  if (state.entered !== undefined && state.entered !== commit && !(await isAncestor(folder, state.entered, commit, options)))
    return [`The commit ${commit.slice(0, 12)} does not contain ${state.entered.slice(0, 12)}, at which ${from} was entered.`];
  const { architecture } = table;
  const { baseline } = judged.trust.roles;
  const { proven, faults } = await prove(folder, { state, move, at, architecture, baseline, verifiers, isMade, ...options });
  return [...faults, ...refuseMove(table, { from, to, roles: rolesOf(judged), proven })];
}

function rolesOf({ trust, signer }: Pick<MoveJudged, "trust" | "signer">): readonly RoleName[] {
  return trust.roles.people.find(({ id }) => id === signer)?.roles ?? [];
}

const commitHere = (folder: string, commit: string, options: GitOptions): Promise<string | undefined> =>
  withObjects(folder, options, (objects) => objects.commitId(commit));
