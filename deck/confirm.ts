/** The question before something is lost, and what counts as an answer without one. */

import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import { DeckError } from "./verb.ts";

interface Question {
  readonly question: string;
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
  readonly signal: AbortSignal;
}

interface Asking extends Omit<Question, "question"> {
  /** What happens on yes, as one sentence. */
  readonly consequence: string;
  /** The command that needs no question. */
  readonly withoutQuestion: string;
}

/** @returns true for a plain yes; an end of the input, an interruption and every other answer is a no. */
export async function answersYes({ question, input, output, signal }: Question): Promise<boolean> {
  // Line by line, so that Ctrl-C stays the signal that ends everything else as well.
  const lines = createInterface({ input, output, terminal: false });
  try {
    const closed = once(lines, "close").then(() => "");
    const answer = await Promise.race([lines.question(`${question} Type yes to go on: `, { signal }), closed]);
    return answer.trim().toLowerCase() === "yes";
  } catch (error) {
    if (!signal.aborted) throw error;
    output.write("\n");
    return false;
  } finally {
    lines.close();
  }
}

interface Decision {
  readonly question: string;
  /** The command that needs no question, and what of it is not given. */
  readonly withoutQuestion: string;
  readonly missing?: string;
  /** What a no has left, as a sentence, and what to type then. */
  readonly refused: string;
  readonly remedy?: string;
  readonly signal: AbortSignal;
}

/**
 * Asks on this process's terminal, and returns where the answer was yes.
 * @throws DeckError with code 2 without a terminal to ask on, with code 4 for every other answer.
 */
export async function decide({ question, withoutQuestion, refused, remedy, signal, ...rest }: Decision): Promise<void> {
  const { missing = "`--yes` is not given" } = rest;
  const { stdin: input, stderr: output } = process;
  if (input.isTTY !== true) throw new DeckError("usage", `There is no terminal to ask on, and ${missing}.`, withoutQuestion);
  if (!(await answersYes({ question, input, output, signal }))) throw new DeckError("refused", refused, remedy);
}

/**
 * Returns where the answer was yes, or `--yes` was given.
 * @throws DeckError with code 2 for any other argument and without a terminal to ask on, with code 4 for every other answer.
 */
export async function confirm(args: readonly string[], { consequence, withoutQuestion, ...asking }: Asking): Promise<void> {
  const unknown = args.filter((arg) => arg !== "--yes");
  if (unknown.length > 0)
    throw new DeckError("usage", `\`${unknown.join(" ")}\` is not known; the only option is \`--yes\`.`, withoutQuestion);
  if (args.includes("--yes")) return;
  if (asking.input.isTTY !== true)
    throw new DeckError("usage", "There is no terminal to ask on, and `--yes` is not given.", withoutQuestion);
  if (!(await answersYes({ ...asking, question: `${consequence} Go on?` })))
    throw new DeckError("refused", "Nothing was removed.");
}
