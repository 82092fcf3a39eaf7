/** The Bot API's methods other than `getUpdates`: parameters in, the answer and the changed state out. Pure. */

import { type Bot, type BotAct, botActs, botUser, plainText } from "./chat.ts";
import { type Button, emptyState, type State } from "./state.ts";

export type Parameters = Readonly<Record<string, unknown>>;

export interface Call {
  readonly state: State;
  readonly parameters: Parameters;
  readonly now: Date;
  readonly bot: Bot;
}

/** What the Bot API answers, `ok` or not, with the HTTP status it uses. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Outcome {
  readonly state: State;
  readonly answer: Answer;
}

type Method = (call: Call) => Outcome;

export const success = (result: unknown): Answer => ({ status: 200, body: { ok: true, result } });
export const failure = (code: number, description: string): Answer => ({
  status: code,
  body: { ok: false, error_code: code, description },
});

/** Reads a whole number that JSON sends as one and forms send as text; undefined where it is neither. */
export function whole(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
}

/** Reads a member that forms send as JSON text. */
function structured(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const badRequest = (call: Call, why: string): Outcome => ({ state: call.state, answer: failure(400, `Bad Request: ${why}`) });
const unchanged =
  (result: (call: Call) => unknown): Method =>
  (call) => ({ state: call.state, answer: success(result(call)) });

function buttonsOf(markup: unknown): readonly (readonly Button[])[] | undefined {
  const parsed = structured(markup) as { inline_keyboard?: unknown } | undefined;
  return Array.isArray(parsed?.inline_keyboard) ? (parsed.inline_keyboard as Button[][]) : undefined;
}

function act(call: Call, kind: BotAct["kind"], said: string, reply: "message" | "true"): Outcome {
  const chat = whole(call.parameters.chat_id);
  if (chat === undefined) return badRequest(call, "chat not found");
  const messageId = whole(call.parameters.message_id);
  if (kind !== "message" && messageId === undefined) return badRequest(call, "message identifier is not specified");
  const buttons = buttonsOf(call.parameters.reply_markup);
  const { state, message } = botActs(call.state, call.now, {
    kind,
    chat,
    text: said,
    bot: call.bot,
    ...(messageId === undefined || kind === "message" ? {} : { messageId }),
    ...(buttons === undefined ? {} : { buttons }),
  });
  return { state, answer: success(reply === "message" ? message : true) };
}

function sendText(kind: "message" | "edit"): Method {
  return (call) => {
    const said = plainText(text(call.parameters.text), text(call.parameters.parse_mode));
    return said.trim() === "" ? badRequest(call, "message text is empty") : act(call, kind, said, "message");
  };
}

/** Files are not kept: those who watch see what kind it was, and the caption. */
const sendMedia =
  (kind: string): Method =>
  (call) =>
    act(call, "message", `[${kind}] ${text(call.parameters.caption)}`.trim(), "message");

function answerPress(call: Call): Outcome {
  const query = text(call.parameters.callback_query_id);
  const press = call.state.log.find((entry) => entry.kind === "press" && String(entry.seq) === query);
  if (press === undefined) return badRequest(call, "query is too old and response timeout expired or query ID is invalid");
  const parameters = { chat_id: press.chat, message_id: press.messageId };
  return act({ ...call, parameters }, "answer", text(call.parameters.text), "true");
}

function editMarkup(call: Call): Outcome {
  const messageId = whole(call.parameters.message_id);
  const shown = call.state.log.findLast((entry) => entry.messageId === messageId && entry.by === "bot")?.text ?? "";
  return act(call, "edit", shown, "message");
}

function react(call: Call): Outcome {
  const reactions = structured(call.parameters.reaction);
  const shown = Array.isArray(reactions) ? reactions.map((one: { emoji?: string }) => one.emoji ?? "").join("") : "";
  return act(call, "reaction", shown, "true");
}

function setWebhook(call: Call): Outcome {
  return { state: { ...call.state, webhookUrl: text(call.parameters.url) }, answer: success(true) };
}

function deleteWebhook(call: Call): Outcome {
  const drop = call.parameters.drop_pending_updates;
  const pending = drop === true || drop === "true" ? emptyState.pending : call.state.pending;
  return { state: { ...call.state, pending, webhookUrl: "" }, answer: success(true) };
}

/** Keyed by the name in lower case: the Bot API ignores the case of method names. */
const methods: ReadonlyMap<string, Method> = new Map(
  Object.entries({
    getMe: unchanged((call) => ({
      ...botUser(call.bot),
      can_join_groups: true,
      can_read_all_group_messages: false,
      supports_inline_queries: false,
    })),
    setWebhook,
    deleteWebhook,
    getWebhookInfo: unchanged((call) => ({
      url: call.state.webhookUrl,
      has_custom_certificate: false,
      pending_update_count: call.state.pending.length,
    })),
    setMyCommands: unchanged(() => true),
    deleteMyCommands: unchanged(() => true),
    getMyCommands: unchanged(() => []),
    sendChatAction: unchanged(() => true),
    getChat: unchanged((call) => ({ id: whole(call.parameters.chat_id), type: "private" })),
    getChatMember: unchanged((call) => ({ status: "member", user: { id: whole(call.parameters.user_id), is_bot: false } })),
    getUserProfilePhotos: unchanged(() => ({ total_count: 0, photos: [] })),
    getFile: (call: Call) => badRequest(call, "invalid file_id"),
    sendMessage: sendText("message"),
    editMessageText: sendText("edit"),
    editMessageReplyMarkup: editMarkup,
    deleteMessage: (call: Call) => act(call, "delete", "", "true"),
    setMessageReaction: react,
    answerCallbackQuery: answerPress,
    pinChatMessage: unchanged(() => true),
    unpinChatMessage: unchanged(() => true),
    sendPhoto: sendMedia("photo"),
    sendDocument: sendMedia("document"),
    sendVideo: sendMedia("video"),
    sendAudio: sendMedia("audio"),
    sendVoice: sendMedia("voice"),
    sendAnimation: sendMedia("animation"),
    sendSticker: sendMedia("sticker"),
  } satisfies Record<string, Method>).map(([name, method]) => [name.toLowerCase(), method]),
);

/** Carries out a method; undefined where the emulator does not know it. */
export function callMethod(name: string, call: Call): Outcome | undefined {
  return methods.get(name.toLowerCase())?.(call);
}
