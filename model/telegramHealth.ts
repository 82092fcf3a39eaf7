/** Whether the Telegram channel is healthy: every term of the rule, each read from what the gateway and the Bot API said. */

import { z } from "zod";
import { answerSchema } from "./answer.ts";
import type { CheckStatus, Finding } from "./check.ts";

/** What one side said: its answer as it came, or why there is none. */
export type Reading = { readonly answer: unknown } | { readonly silent: string };

/** What an answer of the Bot API was: `ok` with a result, or a refusal with its code. */
export type BotApiReading = Reading | { readonly refused: number };

export interface TelegramReadings {
  /** The gateway's answer to `health`. */
  readonly gateway: Reading;
  /** What the gateway's container says of the bot's conversations, and of its own way to the Bot API. */
  readonly container: Reading;
  /** The results of `getMe` and `getWebhookInfo`, asked directly. */
  readonly me: BotApiReading;
  readonly webhook: BotApiReading;
  /** The bot's id: the part of the token before the colon. */
  readonly botId: string;
  /** The time at which the gateway was asked, by its host's clock: epoch milliseconds. */
  readonly askedAtMs: number;
}

/** One term of the rule. */
export interface Term {
  readonly id: string;
  readonly status: CheckStatus;
  /** One sentence with the measured and the allowed value. */
  readonly summary: string;
  /** What was measured; null where nothing was. */
  readonly value: boolean | number | string | null;
}

/** Only what is used. `ok` false, or a channel that is not there, is an unknown shape and so never passes. */
const healthSchema = z.object({
  ok: z.literal(true),
  channels: z.object({ telegram: z.object({ accounts: z.object({ default: z.record(z.string(), z.unknown()) }) }) }),
});

const meSchema = z.object({ id: z.int(), is_bot: z.literal(true), username: z.string().optional() });
const containerSchema = z.strictObject({ muted: z.int().min(0), botApi: answerSchema });
const webhookSchema = z.object({ url: z.string(), pending_update_count: z.int().min(0) });

function unknownShape(id: string, who: string, error: z.ZodError): Term {
  const paths = [...new Set(error.issues.map((issue) => `\`${issue.path.join(".") || "answer"}\``))].join(", ");
  const summary = `${who} answered in an unknown shape: ${paths} is missing or not as documented.`;
  return { id, status: "inconclusive", summary, value: null };
}

const judged = (id: string, value: NonNullable<Term["value"]>, holds: boolean, summary: string): Term => ({
  id,
  status: holds ? "pass" : "fail",
  summary,
  value,
});

const silence = (id: string, summary: string): Term => ({ id, status: "error", summary, value: null });

/** A word of the gateway's own, kept short and to harmless characters. */
const word = (text: string) => text.replace(/[^A-Za-z0-9_-]/g, "?").slice(0, 40);

const flag = z.boolean();
const phrase = z.string().transform(word);
/** The text of an error may quote anything, so only that there is one is told. */
const errorText = z
  .string()
  .nullable()
  .transform((text) => (text === null ? "none" : "set"));

/** What each member of the account must be. A stopped account lacks some, so each is read by itself. */
const accountRules = [
  { id: "running", type: flag, wanted: true },
  { id: "connected", type: flag, wanted: true },
  { id: "lifecycle", type: phrase, wanted: "ready" },
  { id: "tokenStatus", type: phrase, wanted: "available" },
  { id: "lastError", type: errorText, wanted: "none" },
  { id: "restartPending", type: flag, wanted: false },
] as const;

/** Three of the gateway's long polls, which last 30 s each; one alone may end late. */
const silenceLimitMs = 90_000;

/** As far as the gate lets clocks be apart. What lies further ahead cannot be compared. */
const aheadLimitMs = 30_000;

/** `connected` is the gateway's memory: a poll that finds no way to Telegram leaves it true. This is when a poll last ended well. */
function activityTerm(account: Readonly<Record<string, unknown>>, askedAtMs: number): Term {
  const id = "lastTransportActivityAt";
  const seen = z.int().min(0).safeParse(account[id]);
  const allowed = `at most ${silenceLimitMs / 1000} s is allowed`;
  const unknown = (summary: string): Term => ({ id, status: "inconclusive", summary, value: null });
  if (!seen.success) return unknown(`\`${id}\` is missing from the gateway's answer, or no time; ${allowed}.`);
  const ageMs = askedAtMs - seen.data;
  const age = Math.round(ageMs / 1000);
  if (!(ageMs >= -aheadLimitMs)) return unknown(`\`${id}\` is ${-age} s ahead of the host's clock; ${allowed}.`);
  const holds = ageMs <= silenceLimitMs;
  const meaning = holds ? "" : ": the gateway's polls do not reach Telegram";
  return judged(id, age, holds, `\`${id}\` is ${age} s old; ${allowed}${meaning}.`);
}

function accountTerms(account: Readonly<Record<string, unknown>>): readonly Term[] {
  return accountRules.map(({ id, type, wanted }) => {
    const seen = type.safeParse(account[id]);
    if (!seen.success) {
      const summary = `\`${id}\` is missing from the gateway's answer, or of an unknown kind; ${wanted} is required.`;
      return { id, status: "inconclusive", summary, value: null };
    }
    return judged(id, seen.data, seen.data === wanted, `\`${id}\` is ${seen.data}; ${wanted} is required.`);
  });
}

function gatewayTerms(reading: Reading, askedAtMs: number): readonly Term[] {
  if ("silent" in reading) return [silence("gateway", reading.silent)];
  const parsed = healthSchema.safeParse(reading.answer);
  if (!parsed.success) return [unknownShape("gateway", "The gateway (`health`)", parsed.error)];
  const account = parsed.data.channels.telegram.accounts.default;
  return [...accountTerms(account), activityTerm(account, askedAtMs)];
}

/**
 * An owner may tell the bot to be silent; it then hears every message and answers none, its commands included. And where the
 * gateway stands, the Bot API may be out of reach though it answers here.
 */
function containerTerms(reading: Reading): readonly Term[] {
  if ("silent" in reading) return [silence("muted", reading.silent)];
  const parsed = containerSchema.safeParse(reading.answer);
  if (!parsed.success) return [unknownShape("muted", "The gateway's container", parsed.error)];
  const { muted, botApi } = parsed.data;
  const found = "status" in botApi ? botApi.status : botApi.silent;
  const reached: Term =
    "status" in botApi
      ? judged("fromGateway", found, true, `The Bot API answers the gateway with ${found}; any answer is wanted.`)
      : { ...silence("fromGateway", `The Bot API does not answer the gateway (${found}); any answer is wanted.`), value: found };
  const told = `In ${muted} ${muted === 1 ? "conversation" : "conversations"} the bot was told \`/send off\`; 0 are allowed.`;
  return [judged("muted", muted, muted === 0, told), reached];
}

/** A refused token is a finding about the bot; any other refusal is the Bot API's own trouble and settles nothing. */
function refusal(id: string, method: string, code: number): Term {
  const measured = `The Bot API answered \`${method}\` with ${code}; 200 is required`;
  if (code === 401) return judged(id, code, false, `${measured}: the token is revoked or was never valid.`);
  if (code === 404)
    return judged(id, code, false, `${measured}: the token has no token's shape, or \`telegram.apiRoot\` is no Bot API.`);
  return { id, status: "error", summary: `${measured}.`, value: code };
}

function meTerm(reading: BotApiReading, botId: string): Term {
  if ("silent" in reading) return silence("getMe", reading.silent);
  if ("refused" in reading) return refusal("getMe", "getMe", reading.refused);
  const parsed = meSchema.safeParse(reading.answer);
  if (!parsed.success) return unknownShape("getMe", "The Bot API (`getMe`)", parsed.error);
  const id = String(parsed.data.id);
  return judged("getMe", id, id === botId, `The Bot API's bot has id ${id}; the token in use is of ${botId}.`);
}

function webhookTerms(reading: BotApiReading): readonly Term[] {
  if ("silent" in reading) return [silence("webhook", reading.silent)];
  if ("refused" in reading) return [refusal("webhook", "getWebhookInfo", reading.refused)];
  const parsed = webhookSchema.safeParse(reading.answer);
  if (!parsed.success) return [unknownShape("webhook", "The Bot API (`getWebhookInfo`)", parsed.error)];
  const { url, pending_update_count: waiting } = parsed.data;
  const webhook = url === "" ? "none" : "set";
  return [
    judged("webhook", webhook, url === "", `A webhook is ${webhook}; none is allowed, because the gateway polls.`),
    judged("pending", waiting, waiting === 0, `${waiting} updates wait for the bot; 0 are allowed.`),
  ];
}

/** Judges every term; none is skipped because another failed. */
export function telegramTerms(readings: TelegramReadings): readonly Term[] {
  const { gateway, container, me, webhook, botId, askedAtMs } = readings;
  return [...gatewayTerms(gateway, askedAtMs), ...containerTerms(container), meTerm(me, botId), ...webhookTerms(webhook)];
}

/** The terms that must all be there, because one that was not read cannot pass. */
export const termIds = [
  "running",
  "connected",
  "lifecycle",
  "tokenStatus",
  "lastError",
  "restartPending",
  "lastTransportActivityAt",
  "muted",
  "fromGateway",
  "getMe",
  "webhook",
  "pending",
] as const;

/** A measured failure says more than what could not be measured, so it decides; then what could not, then what did not settle. */
const decisive = ["fail", "error", "inconclusive"] as const;

/** Puts the terms together. Passes only where every term of `termIds` is there, and every term passes. */
export function judgeTelegram(terms: readonly Term[]): Omit<Finding, "remedy"> {
  const measured = Object.fromEntries(terms.map(({ id, value }) => [id, value]));
  const broken = terms.filter((term) => term.status !== "pass");
  const missing = termIds.filter((id) => !terms.some((term) => term.id === id));
  if (broken.length === 0 && missing.length === 0) {
    return { status: "pass", summary: "The channel runs and is connected; 0 updates wait.", measured };
  }
  const status = decisive.find((one) => broken.some((term) => term.status === one)) ?? "inconclusive";
  const unread = broken.length === 0 ? [`These terms were not read: ${missing.join(", ")}.`] : [];
  return { status, summary: [...broken.map((term) => term.summary), ...unread].join(" "), measured };
}
