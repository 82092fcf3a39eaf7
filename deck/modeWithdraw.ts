/** `deck mode withdraw`: where two moves follow the same one, the owner of one takes it back, and the other stands. */

import { withdrawal, withdrawalSchema } from "../model/modeMoves.ts";
import { forStack } from "../model/operatorCommand.ts";
import { type ForkedMove, refuseWithdrawal } from "../release/modes.ts";
import { decide } from "./confirm.ts";
import { fetchedModes, modesOptions, named } from "./modes.ts";
import { keyOption, putOnRecord, sealed } from "./signing.ts";
import { type Call, DeckError, exitCodes, type Verb } from "./verb.ts";

export const modeWithdrawVerb: Verb = {
  name: "mode withdraw",
  summary: "Withdraw a move of your role where another follows the same one, so that the other stands",
  changes: true,
  arguments: [{ name: "<move>", description: "the move's record, as `mode history` names it" }],
  options: [keyOption, { flags: "--for <move>", description: "the move that stands instead (default: the other one)" }],
  async run(call, world) {
    const { output, now, signal } = world;
    const options = await modesOptions(call.stack, world);
    const read = await fetchedModes(call, world, options);
    if (read.ok)
      throw new DeckError(
        "refused",
        `No two moves that count follow the same one; the mode is ${named(read.state.mode)}.`,
        forStack("npx deck mode history", call.stack),
      );
    const move = moveNamed(call.args[0], read.fork, call);
    const others = read.fork.filter((each) => each !== move);
    const stands = moveNamed(call.options.for ?? (others.length === 1 ? others[0]?.digest : undefined), others, call);
    const statement = withdrawal({ move: move.digest, stands: stands.digest, at: now() });
    const { trust, table } = options;
    const record = await sealed({ kind: "mode", schema: withdrawalSchema, statement, trust }, call, world);
    const problem = refuseWithdrawal(move, { trust, table, signer: record.signer });
    if (problem !== undefined) throw new DeckError("refused", problem, forStack("npx deck mode history", call.stack));
    const words = `${worded(move)}, so that ${worded(stands)} stands; signed by ${record.signer}`;
    const data = { withdrawn: move.digest, stands: stands.digest, signer: record.signer, dryRun: call.dryRun };
    if (call.dryRun) return { code: exitCodes.done, data: { ...data, mode: null }, text: `Would withdraw ${words}.` };
    output.progress(words);
    if (!call.yes) await ask(call, signal);
    await putOnRecord("modes", record.content, world);
    const after = await fetchedModes(call, world, options);
    const mode = after.ok ? after.state.mode : null;
    const text = `Withdrawn ${words}.\n${after.ok ? `The mode is ${named(after.state.mode)}.` : after.problem}`;
    return { code: exitCodes.done, data: { ...data, mode }, text };
  },
};

const worded = ({ digest, signer, move: { predicate } }: ForkedMove): string =>
  `${digest.slice(0, 12)} (${predicate.from}→${predicate.to} by ${signer})`;

function moveNamed(name: string | boolean | undefined, among: readonly ForkedMove[], { stack }: Call): ForkedMove {
  const found =
    typeof name === "string" && /^[0-9a-f]{6,64}$/.test(name) ? among.filter(({ digest }) => digest.startsWith(name)) : [];
  const [one, ...more] = found;
  if (one !== undefined && more.length === 0) return one;
  throw new DeckError(
    "usage",
    `\`${name ?? ""}\` names ${found.length} of the moves that follow the same one: ${among.map(worded).join(", ")}.`,
    forStack("npx deck mode history", stack),
  );
}

function ask({ stack }: Call, signal: AbortSignal): Promise<void> {
  const how = forStack("npx deck mode withdraw --yes", stack);
  const refused = "Nothing was put on record.";
  return decide({ question: "Withdraw this move, for good?", withoutQuestion: how, refused, remedy: how, signal });
}
