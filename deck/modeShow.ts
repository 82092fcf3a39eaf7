/** `deck mode show` and `deck mode history`: the mode that the project is in, and how it came there. */

import { inLine } from "../model/legible.ts";
import { allowedChanges } from "../model/modes.ts";
import type { RefusedMove } from "../release/modes.ts";
import { nobodysOf } from "../release/nobodys.ts";
import { fetchedModes, modesOptions, named, stateIn } from "./modes.ts";
import { exitCodes, type Verb } from "./verb.ts";

export const modeShowVerb: Verb = {
  name: "mode show",
  summary: "Print the mode that the project is in, and what a release may change in it",
  async run(call, world) {
    const options = await modesOptions(call.stack, world);
    const read = await fetchedModes(call, world, options);
    const { mode, entered, resumed, released, last } = stateIn(read);
    const since = resumed ?? entered;
    // Whoever may push can put down what nobody signed, for good: `mode history` names it, and it is no finding.
    const nobodys = await nobodysOf(world.root, read, options);
    const refused = read.refused.filter((each) => !nobodys.has(each));
    const allowed = allowedChanges[mode];
    const next = options.table.moves.filter(({ from }) => from === mode);
    const text = [
      `${named(mode)}${since === undefined ? "" : `, since ${since.slice(0, 12)}`}`,
      `  A release may change ${allowed.length === 0 ? "nothing: production accepts none of it" : allowed.join(", ")}.`,
      ...next.map(({ to, owner, needs }) => `  To ${named(to)}: the ${owner}, with ${needs.join(", ")}.`),
      ...refused.map(refusedLine),
    ];
    const code = refused.length === 0 ? exitCodes.done : exitCodes.finding;
    return { code, data: { mode, entered, released, last, allowed, next, refused }, text: text.join("\n") };
  },
};

export const modeHistoryVerb: Verb = {
  name: "mode history",
  summary: "Print every move of the mode on record: who, when, from, to, by what evidence",
  async run(call, world) {
    const options = await modesOptions(call.stack, world);
    const read = await fetchedModes(call, world, options);
    const nobodys = await nobodysOf(world.root, read, options);
    const moves = read.moves.map(({ digest, signer, at, move: { predicate, subject } }) => ({
      digest,
      signer,
      recordedAt: at.toISOString(),
      commit: subject[0].digest.gitCommit,
      ...predicate,
    }));
    const lines = moves.map(({ recordedAt, from, to, signer, commit, evidence }) => {
      const by = evidence.map(({ proof, value }) => `, ${proof} ${inLine(value.slice(0, 40))}`).join("");
      return `${recordedAt}  ${from}→${to}  ${signer}  ${commit.slice(0, 12)}${by}`;
    });
    const problem = read.ok ? [] : [read.problem];
    const { withdrawn, refused } = read;
    const text = [
      ...(lines.length === 0 ? ["The mode was never moved: it is A (Build)."] : lines),
      ...withdrawn.map(
        (each) => `  ${each.digest.slice(0, 12)} was withdrawn by ${each.signer}: ${each.stands.slice(0, 12)} stands.`,
      ),
      ...refused.map((each) => (nobodys.has(each) ? nobodysLine(each) : refusedLine(each))),
      ...problem,
    ];
    // What somebody signed and does not count is a finding; a fork leaves the mode unknown.
    const code = !read.ok ? exitCodes.refused : refused.length === nobodys.size ? exitCodes.done : exitCodes.finding;
    const told = refused.map((each) => ({ ...each, nobodys: nobodys.has(each) }));
    return { code, data: { moves, withdrawn, refused: told, problem: problem[0] ?? null }, text: text.join("\n") };
  },
};

const refusedLine = ({ digest, reasons }: RefusedMove): string =>
  `✗ The record ${digest.slice(0, 12)} counts for nothing. ${reasons.join(" ")}`;

const nobodysLine = ({ digest, reasons }: RefusedMove): string =>
  `· The record ${digest.slice(0, 12)} is nobody's, and counts for nothing. ${reasons.join(" ")}`;
