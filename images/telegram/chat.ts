/** What users and the bot do in a chat, as changes of the state: pure, and in the shapes the Bot API documents. */

import { type Button, type Entry, enqueue, record, type State, type User, withNextId } from "./state.ts";

export interface Bot {
  readonly id: number;
  readonly username: string;
}

/** The bot as `getMe` and every message of its own show it. */
export function botUser(bot: Bot) {
  return { id: bot.id, is_bot: true, first_name: "PhillBot (emulated)", username: bot.username };
}

const person = (user: User) => ({ id: user.id, is_bot: false, first_name: user.username, username: user.username });
const privateChat = (user: User) => ({ id: user.id, type: "private", first_name: user.username, username: user.username });
const seconds = (now: Date) => Math.floor(now.getTime() / 1000);

/** Telegram marks commands for the bot, and gateways rely on the mark. */
function commandEntities(text: string) {
  const command = /^\/[A-Za-z0-9_]{1,32}(@\w+)?/.exec(text)?.[0];
  return command === undefined ? {} : { entities: [{ type: "bot_command", offset: 0, length: command.length }] };
}

/** A user writes to the bot: an update is queued, and those who watch see the message. */
export function userWrites(state: State, now: Date, said: { readonly from: User; readonly text: string }) {
  const { state: next, id } = withNextId(state, now);
  const message = {
    message_id: id,
    from: person(said.from),
    chat: privateChat(said.from),
    date: seconds(now),
    text: said.text,
    ...commandEntities(said.text),
  };
  const entry: Entry = { seq: id, chat: said.from.id, by: "user", kind: "message", messageId: id, text: said.text };
  return { state: record(enqueue(next, { update_id: id, message }), entry), updateId: id };
}

/** A user presses a button under a message of the bot. */
export function userPresses(
  state: State,
  now: Date,
  press: { readonly from: User; readonly messageId: number; readonly data: string; readonly bot: Bot },
) {
  const { state: next, id } = withNextId(state, now);
  const { from, messageId, data } = press;
  const shown = state.log.findLast((entry) => entry.messageId === messageId && entry.by === "bot")?.text ?? "";
  const message = { message_id: messageId, from: botUser(press.bot), chat: privateChat(from), date: seconds(now), text: shown };
  const query = { id: String(id), from: person(from), message, chat_instance: String(from.id), data };
  const entry: Entry = { seq: id, chat: from.id, by: "user", kind: "press", messageId, text: data };
  return { state: record(enqueue(next, { update_id: id, callback_query: query }), entry), updateId: id };
}

/** What the bot does: sends, edits, deletes, reacts. A new message gets its own id; the rest name the message they are about. */
export interface BotAct {
  readonly kind: Exclude<Entry["kind"], "press">;
  readonly chat: number;
  readonly text: string;
  readonly messageId?: number;
  readonly buttons?: readonly (readonly Button[])[];
}

/** Records an act of the bot and gives the message as the Bot API returns it. */
export function botActs(state: State, now: Date, act: BotAct & { readonly bot: Bot }) {
  const { state: next, id } = withNextId(state, now);
  const messageId = act.messageId ?? id;
  const buttons = act.buttons === undefined ? {} : { buttons: act.buttons };
  const entry: Entry = { seq: id, chat: act.chat, by: "bot", kind: act.kind, messageId, text: act.text, ...buttons };
  const message = {
    message_id: messageId,
    from: botUser(act.bot),
    chat: { id: act.chat, type: "private" },
    date: seconds(now),
    ...(act.kind === "edit" ? { edit_date: seconds(now) } : {}),
    text: act.text,
  };
  return { state: record(next, entry), message };
}

const entities: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&" };

/** What a reader sees of a text sent with `parse_mode`; only HTML is understood, anything else is shown as sent. */
export function plainText(text: string, parseMode: string): string {
  if (parseMode.toUpperCase() !== "HTML") return text;
  return text.replace(/<\/?[a-z][^<>]*>/gi, "").replace(/&(?:lt|gt|quot|amp);/g, (entity) => entities[entity] ?? entity);
}
