/** `deck release diff`: what a release changes, in as few lines as a Judge can read. */

import { inLine } from "../model/legible.ts";
import { forStack } from "../model/operatorCommand.ts";
import { differingSubjects } from "../model/releaseManifest.ts";
import { type ChangedFile, type Difference, readDifference } from "../release/difference.ts";
import { rangeText } from "../release/judged.ts";
import { readKnown } from "./releasePlace.ts";
import { manifestIn, manifestNamed } from "./releaseShow.ts";
import { type Call, DeckError, exitCodes, type Verb, type World } from "./verb.ts";

export const releaseDiffVerb: Verb = {
  name: "release diff",
  summary: "Name what changed from one commit to another: parts of the release, their files, and the commits",
  arguments: [
    { name: "[from]", description: "a commit; default: the last signed release of the stack, by the trust that is installed" },
    { name: "[to]", description: "another; default: `HEAD`" },
  ],
  async run(call, world) {
    const to = await manifestNamed(call.args[1] ?? "HEAD", world);
    const from = await manifestNamed(call.args[0] ?? (await lastSigned(to.commit, call, world)), world);
    const differing = differingSubjects(manifestIn(from), manifestIn(to));
    const { root, signal } = world;
    const difference = await readDifference(root, { from: from.commit, to: to.commit, signal });
    const text = [...partLines(differing, difference.files), ...commitLines(difference)].join("\n");
    return { code: exitCodes.done, data: { from: from.commit, to: to.commit, differing, ...difference }, text };
  },
};

/** @throws DeckError with code 2 where there is none, with code 4 where nobody can say. */
async function lastSigned(commit: string, call: Call, world: World): Promise<string> {
  await using known = await readKnown(call, world);
  const [from, until] = (await rangeText(known, commit)).split("..");
  if (from !== undefined && until !== undefined) return from;
  const problem = `No release of \`${call.stack}\` was signed before ${commit.slice(0, 12)}: name the commit to compare it with.`;
  throw new DeckError("usage", problem, forStack("npx deck release diff HEAD~1", call.stack));
}

/** More than anybody reads in a list; `--json` holds all of them. */
const shown = 10;

function shortened<T>(all: readonly T[], line: (one: T) => string): readonly string[] {
  const more = all.length > shown ? [`  and ${all.length - shown} more`] : [];
  return [...all.slice(0, shown).map((one) => `  ${line(one)}`), ...more];
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;

export function partLines(differing: readonly string[], files: readonly ChangedFile[]): readonly string[] {
  const lineOf = ({ path, how }: ChangedFile) => `${inLine(path)}${how === "changed" ? "" : ` (${how})`}`;
  const lines = differing.flatMap((subject) => {
    const own = files.filter(({ part }) => part === subject);
    return own.length === 0 ? [subject] : [`${subject}: ${counted(own.length, "file")}`, ...shortened(own, lineOf)];
  });
  const besides = files.filter(({ part }) => part === undefined);
  return [
    ...(lines.length === 0 ? ["Nothing that decides behaviour differs."] : lines),
    ...(besides.length === 0 ? [] : ["read anew by each gate:", ...shortened(besides, lineOf)]),
  ];
}

function commitLines({ commits, lost }: Difference): readonly string[] {
  const lineOf = ({ id, author, subject }: Difference["commits"][number]) =>
    `${id.slice(0, 12)} ${inLine(author)}: ${inLine(subject)}`;
  return [
    ...(commits.length === 0 ? [] : [`${counted(commits.length, "commit")}:`, ...shortened(commits.toReversed(), lineOf)]),
    ...(lost === 0 ? [] : [`It lacks ${counted(lost, "commit")} of the first: what they did is taken back.`]),
  ];
}
