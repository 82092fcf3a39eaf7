/** `deck chat`: a conversation with the bot, line by line or one message and its answer. */

import { createInterface } from "node:readline";
import { ChatClient, type ChatUser, type Heard } from "./chatClient.ts";
import { type ExitCode, exitCodes, type Output } from "./verb.ts";

export interface ChatOptions {
  /** The emulated Bot API's root. */
  readonly apiRoot: string;
  readonly from: ChatUser;
  /** Say this, wait for one answer, end. Without it: a conversation on a terminal, else each line of the input and its answer. */
  readonly text?: string;
  /** Milliseconds to wait for the answer to each text; default 60,000. */
  readonly answerLimitMs?: number;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: Pick<Output, "data" | "progress">;
  /** Draws on the terminal that a conversation is held on, as it is given. */
  readonly draw?: (text: string) => void;
  /** Ends the conversation. */
  readonly signal: AbortSignal;
}

export interface ChatOutcome {
  /** Done, or 3 where something that was said had no answer in time. */
  readonly code: ExitCode;
  readonly answers: readonly string[];
}

const listenMs = 25_000;
const eraseLine = "\r\u001b[2K";
/** Drawn over itself where an answer was as quick as what was said. */
const prompt = `${eraseLine}> `;

/** Runs the conversation. @throws DeckError where the emulator does not answer. */
export async function chat(options: ChatOptions): Promise<ChatOutcome> {
  const client = new ChatClient(options.apiRoot, options.from);
  if (options.text !== undefined) return sayOnce(client, options.text, options);
  return options.input.isTTY === true ? converse(client, options) : sayEach(client, options);
}

async function sayOnce(
  client: ChatClient,
  text: string,
  { answerLimitMs = 60_000, output, signal }: ChatOptions,
): Promise<ChatOutcome> {
  const end = performance.now() + answerLimitMs;
  for (let after = await client.say(text, signal); ; ) {
    const left = end - performance.now();
    const heard = left <= 0 ? [] : await client.listen(after, Math.min(left, listenMs), signal);
    const answers = heard.filter(isSpeech).map((one) => one.text);
    if (answers.length > 0) {
      for (const answer of answers) output.data(`${answer}\n`);
      return { code: exitCodes.done, answers };
    }
    if (left <= 0) {
      output.progress(`The bot did not answer ${JSON.stringify(text)} within ${answerLimitMs / 1000} s; an answer is required.`);
      return { code: exitCodes.unknown, answers };
    }
    after = heard.at(-1)?.seq ?? after;
  }
}

/** Each line of a pipe or a file waits for its answer: what comes next may depend on it, and the input's end must not cut it off. */
async function sayEach(client: ChatClient, options: ChatOptions): Promise<ChatOutcome> {
  const said: ChatOutcome[] = [];
  try {
    for await (const line of createInterface({ input: options.input, signal: options.signal })) {
      if (line.trim() !== "") said.push(await sayOnce(client, line, options));
    }
  } catch (error) {
    if (!options.signal.aborted) throw error;
    said.push({ code: exitCodes.unknown, answers: [] });
  }
  const areAnswered = said.every(({ code }) => code === exitCodes.done);
  return { code: areAnswered ? exitCodes.done : exitCodes.unknown, answers: said.flatMap(({ answers }) => answers) };
}

/** Speaks and listens at once: the bot may say several things, or something unasked. */
async function converse(client: ChatClient, { input, output, signal, from, draw = () => {} }: ChatOptions): Promise<ChatOutcome> {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const answers: string[] = [];
  output.progress(`You are Telegram user ${from.id} (${from.username}). Try /whoami; Ctrl+D ends.`);
  draw(prompt);
  const listening = follow(client, both, (heard) => {
    answers.push(heard.text);
    draw(eraseLine);
    output.data(`${heard.kind === "edit" ? "(edited) " : ""}${heard.text}\n`);
    draw(prompt);
  });
  const speaking = speak(client, input, { signal: both, said: () => draw(prompt) });
  try {
    // Either may fail first, and then the other must not go on.
    await Promise.race([speaking, listening]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    over.abort();
    await Promise.allSettled([speaking, listening]);
    draw(eraseLine);
  }
  return { code: exitCodes.done, answers };
}

interface Speaking {
  readonly signal: AbortSignal;
  /** Called after each line. */
  readonly said: () => void;
}

async function speak(client: ChatClient, input: NodeJS.ReadableStream, { signal, said }: Speaking): Promise<void> {
  const lines = createInterface({ input, signal });
  for await (const line of lines) {
    if (line.trim() !== "") await client.say(line, signal);
    said();
  }
}

async function follow(client: ChatClient, signal: AbortSignal, tell: (heard: Heard) => void): Promise<void> {
  // What was said before stays unsaid: the emulator's marks are the clock's milliseconds.
  for (let after = Date.now(); !signal.aborted; ) {
    for (const heard of await client.listen(after, listenMs, signal)) {
      after = heard.seq;
      if (isSpeech(heard)) tell(heard);
    }
  }
}

const isSpeech = ({ kind, text }: Heard) => (kind === "message" || kind === "edit" || kind === "answer") && text !== "";
