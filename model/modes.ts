/** The modes Build, Validate, Stabilize and Operate: which moves there are, who owns them, what they need, and what a release may change in each. */

import { z } from "zod";
import { liveFacts } from "./releaseManifest.ts";
import { type RoleName, roleNames } from "./roles.ts";

export const modes = ["A", "B", "C", "D"] as const;
export type Mode = (typeof modes)[number];

export const modeNames: Readonly<Record<Mode, string>> = { A: "Build", B: "Validate", C: "Stabilize", D: "Operate" };

/** What a move must prove. */
export const proofs = [
  "architecture-stamp",
  "examiner-evidence",
  "signed-release",
  "incident",
  "milestone",
  "failed-evidence",
] as const;
export type Proof = (typeof proofs)[number];

/** The legal moves and what each needs at the least: the file may ask for more and name the owner (but of C→D), never add a move or take a proof away. */
const legalMoves = {
  "A→B": "architecture-stamp",
  "B→C": "examiner-evidence",
  "C→D": "signed-release",
  "D→C": "incident",
  "D→A": "milestone",
  // Backwards when evidence fails.
  "B→A": "failed-evidence",
  "C→B": "failed-evidence",
} as const satisfies Record<string, Proof>;

export type Move = keyof typeof legalMoves;
export const moves = Object.keys(legalMoves) as readonly Move[];

const mode = z.enum(modes);
const move = z.strictObject({
  from: mode,
  to: mode,
  owner: z.enum(roleNames),
  needs: z.array(z.enum(proofs)).min(1),
});

/** A folder (ends in `/`) or a file: no patterns. */
const part = z.string().regex(/^(?!\/)[^\s*?[\]\\\0]+$/, "a folder that ends in `/`, or a file");

/** The file `operations/modes.yaml`. */
export const modesSchema = z.strictObject({
  version: z.literal(1),
  /** Parts of the tree whose change needs an architecture stamp. */
  architecture: z.array(part).min(1),
  moves: z.array(move),
});

export type Modes = z.output<typeof modesSchema>;

export interface ModesFault {
  readonly path: string;
  /** A sentence. */
  readonly problem: string;
}

export type ParsedModes =
  | { readonly ok: true; readonly modes: Modes }
  | { readonly ok: false; readonly faults: readonly ModesFault[] };

const moveOf = (from: Mode, to: Mode): string => `${from}→${to}`;
const isLegal = (name: string): name is Move => name in legalMoves;

/** What is released is the judge's to say, whatever the tree that is to be released says of it. */
const fixedOwners: Partial<Readonly<Record<Move, RoleName>>> = { "C→D": "judge" };

/** @param raw the file's data. Every legal move must stand in it, with an owner. */
export function checkModes(raw: unknown): ParsedModes {
  const parsed = modesSchema.safeParse(raw);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => ({
      path: z.core.toDotPath(path) || "modes",
      problem: `${message}.`,
    }));
    return { ok: false, faults };
  }
  const listed = parsed.data.moves.map(({ from, to }) => moveOf(from, to));
  const faults = [
    ...parsed.data.moves.flatMap(moveFaults),
    ...listed.flatMap((name, index) =>
      listed.indexOf(name) < index ? [{ path: `moves[${index}]`, problem: `${name} is there twice.` }] : [],
    ),
    ...moves.filter((name) => !listed.includes(name)).map((name) => ({ path: "moves", problem: `${name} is missing.` })),
  ];
  return faults.length === 0 ? { ok: true, modes: parsed.data } : { ok: false, faults };
}

function moveFaults({ from, to, owner, needs }: Modes["moves"][number], index: number): readonly ModesFault[] {
  const name = moveOf(from, to);
  if (!isLegal(name)) return [{ path: `moves[${index}]`, problem: `${name} is no legal move; there are ${moves.join(", ")}.` }];
  const least = legalMoves[name];
  const fixed = fixedOwners[name] ?? owner;
  return [
    ...(owner === fixed ? [] : [{ path: `moves[${index}].owner`, problem: `${name} is the ${fixed}'s, not the ${owner}'s.` }]),
    ...(needs.includes(least) ? [] : [{ path: `moves[${index}].needs`, problem: `${name} needs at least \`${least}\`.` }]),
  ];
}

export interface MoveAsked {
  readonly from: Mode;
  readonly to: Mode;
  /** Roles of the person who asks. */
  readonly roles: readonly RoleName[];
  /** What was proven. */
  readonly proven: readonly Proof[];
}

/** Why a move is refused, as sentences; none where it may be made. */
export function refuseMove({ moves: table }: Modes, { from, to, roles, proven }: MoveAsked): readonly string[] {
  const found = table.find((each) => each.from === from && each.to === to);
  if (found === undefined) {
    const ways = table.filter((each) => each.from === from).map((each) => each.to);
    return [
      `There is no move from ${from} (${modeNames[from]}) to ${to} (${modeNames[to]}); from ${from} one moves to ${ways.join(" or ")}.`,
    ];
  }
  const lacking = found.needs.filter((proof) => !proven.includes(proof));
  return [
    ...(roles.includes(found.owner)
      ? []
      : [`The move ${moveOf(from, to)} is the ${found.owner}'s; yours is ${roles.join(", ") || "no role"}.`]),
    ...lacking.map((proof) => `The move ${moveOf(from, to)} needs \`${proof}\`.`),
  ];
}

/** What a change is, told by its path and by its commit's type; the graver counts. */
export const changeKinds = ["documents", "tests", "configuration", "fix", "feature"] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** What a release may change, measured from the baseline on record when the mode was entered. */
export const allowedChanges: Readonly<Record<Mode, readonly ChangeKind[]>> = {
  // Anything may be built, and none of it reaches production.
  A: [],
  B: ["documents", "tests"],
  C: ["documents", "tests", "fix"],
  D: ["documents", "configuration"],
};

const configurationFiles = /^(?:Pulumi\.[^/]+\.yaml|operations\/.*)$/;

/** @param path from the repository's top. */
export function kindOfPath(path: string): "documents" | "tests" | "configuration" | "code" {
  // Nothing of them is deployed: they are read as they are when the gate is asked, and no release holds them.
  if (liveFacts.includes(path)) return "documents";
  if (path.startsWith("Documentation/") || /^(?:docs\/)?[^/]+\.md$/.test(path)) return "documents";
  if (path.startsWith("test/") || path.startsWith("scenarios/")) return "tests";
  return configurationFiles.test(path) ? "configuration" : "code";
}

/** Conventional Commits (https://www.conventionalcommits.org): the type of a subject; undefined where it has none. */
export function typeOf(subject: string): { readonly type: string; readonly breaking: boolean } | undefined {
  const [, type, mark] = /^([a-z]+)(?:\([^()]+\))?(!?): \S/i.exec(subject) ?? [];
  return type === undefined ? undefined : { type: type.toLowerCase(), breaking: mark === "!" };
}

export interface Change {
  readonly subject: string;
  /** The whole of it, subject and footers. */
  readonly message: string;
  readonly paths: readonly string[];
  /** True where it changes the tree, and git names no path of that. */
  readonly isUntold: boolean;
}

const breakingFooter = /^BREAKING[ -]CHANGE(?::| #)/m;

/** The gravest kind of one commit: an untyped change of code counts as a feature, and so does a fix that breaks what was. */
export function kindOf({ subject, message, paths, isUntold }: Change): ChangeKind {
  const kinds = new Set(paths.map(kindOfPath));
  const typed = typeOf(subject);
  if (isUntold || breakingFooter.test(message)) return "feature";
  if (typed?.breaking === true || typed?.type === "feat") return "feature";
  if (kinds.has("code")) return typed?.type === "fix" ? "fix" : "feature";
  if (kinds.has("configuration")) return typed?.type === "fix" ? "fix" : "configuration";
  return kinds.has("tests") ? "tests" : "documents";
}
