/** Says a command to the bot as a Telegram user, through the emulated Bot API, and waits for its answer: the proof in both directions. */

import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Finding } from "../model/check.ts";
import type { Target } from "./check.ts";
import { codeOf } from "./telegramApi.ts";

/** Answered without a model, and with the user's id and name in it. */
const command = "/whoami";
/** Long enough for a busy machine; half of the check's deadline, so that it is tried twice. */
const answerLimitMs = 45_000;

const sentSchema = z.object({ after: z.int() });
const heardSchema = z.object({
  messages: z.array(z.object({ seq: z.int(), chat: z.int(), by: z.string(), kind: z.string(), text: z.string() })),
});

/** Ends with `healthy` and the time that the answer took, or with why there was none. */
export async function roundTrip({ settings }: Target, healthy: Finding, signal: AbortSignal): Promise<Finding> {
  const user = settings.telegram.owners[0] ?? "";
  const control = `${settings.telegram.apiRoot.replace(/\/+$/, "")}/_control/messages`;
  // A name of this question alone, so that no other message, the answer to an earlier question included, passes for its answer.
  const from = { id: Number(user), username: `gate_${randomBytes(6).toString("hex")}` };
  const limited = AbortSignal.any([signal, AbortSignal.timeout(answerLimitMs)]);
  const startedAt = performance.now();
  const ended = (roundTripMs: number | null) => ({ ...healthy.measured, roundTripMs });
  const unanswered = (): Finding => ({
    status: "fail",
    summary: `The bot did not answer \`${command}\` within ${Math.round((performance.now() - startedAt) / 1000)} s; an answer is required.`,
    measured: ended(null),
    remedy: "npx deck logs --since 5m",
  });
  try {
    const sent = await fetch(control, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ from, text: command }),
      signal: limited,
    });
    const { after } = sentSchema.parse(await sent.json());
    if (!(await answer(`${control}?chat=${user}&by=bot&wait=${answerLimitMs}`, { after, from, signal: limited })))
      return unanswered();
    const milliseconds = Math.round(performance.now() - startedAt);
    const summary = `${healthy.summary} The bot answered \`${command}\` in ${milliseconds} ms.`;
    return { ...healthy, summary, measured: ended(milliseconds) };
  } catch (error) {
    if (limited.aborted) return unanswered();
    const why = error instanceof z.ZodError ? "an answer of unknown shape" : codeOf(error, limited);
    const summary = `The emulated Bot API took no message from a user (${why}).`;
    return { status: "error", summary, measured: ended(null), remedy: `curl -sS ${new URL(control).origin}/healthz` };
  }
}

interface Question {
  /** Everything that was said up to the question has at most this number. */
  readonly after: number;
  readonly from: { readonly id: number; readonly username: string };
  readonly signal: AbortSignal;
}

/** Waits for a message of the bot that is the command's answer: other messages may come in between. */
async function answer(address: string, question: Question): Promise<boolean> {
  for (let seen = question.after; !question.signal.aborted; ) {
    const response = await fetch(`${address}&after=${seen}`, { signal: question.signal });
    const { messages } = heardSchema.parse(await response.json());
    if (messages.some((message) => isAnswer(message, question))) return true;
    seen = messages.at(-1)?.seq ?? seen;
    if (messages.length === 0) return false;
  }
  return false;
}

type Message = z.output<typeof heardSchema>["messages"][number];

function isAnswer({ seq, chat, by, kind, text }: Message, { after, from }: Question): boolean {
  const words = new Set(text.split(/\s+/));
  const isOurs = words.has(String(from.id)) && words.has(`@${from.username}`);
  return by === "bot" && kind === "message" && chat === from.id && seq > after && isOurs;
}
