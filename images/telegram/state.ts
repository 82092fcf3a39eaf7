/** What the emulated Bot API knows: updates not yet confirmed, what was said, the fault it plays. Pure: time is an argument. */

export const faults = ["none", "401", "409", "500", "hang", "gone"] as const;

/**
 * - `none`: as Telegram.
 * - `401`: every call is unauthorized, as with a revoked token.
 * - `409`: every `getUpdates` conflicts, as with a second poller; other calls work.
 * - `500`: every call fails within the server.
 * - `hang`: calls are accepted and never answered.
 * - `gone`: connections are closed without an answer.
 */
export type Fault = (typeof faults)[number];

export interface User {
  readonly id: number;
  readonly username: string;
}

/** As the Bot API sends it; only the fields used here are typed. */
export interface Update {
  readonly update_id: number;
  readonly [kind: string]: unknown;
}

/** One thing that happened in a chat, for those who watch. */
export interface Entry {
  /** Grows with every entry, across restarts too. */
  readonly seq: number;
  readonly chat: number;
  readonly by: "user" | "bot";
  readonly kind: "message" | "edit" | "delete" | "reaction" | "press" | "answer";
  readonly messageId: number;
  readonly text: string;
  /** The buttons under a message of the bot, row by row. */
  readonly buttons?: readonly (readonly Button[])[];
}

export interface Button {
  readonly text: string;
  readonly callback_data?: string;
}

export interface State {
  /** Last id given to anything: update, message or entry. */
  readonly lastId: number;
  /** Updates that no `getUpdates` has confirmed, oldest first. */
  readonly pending: readonly Update[];
  readonly log: readonly Entry[];
  readonly fault: Fault;
  /** Empty where none is set; with one, `getUpdates` conflicts. */
  readonly webhookUrl: string;
}

/** Entries kept for those who watch. */
const logLimit = 1000;

export const emptyState: State = { lastId: 0, pending: [], log: [], fault: "none", webhookUrl: "" };

/**
 * Gives the next id. A gateway remembers the last `update_id` in its state and drops lower ones in silence, so ids are
 * the clock's milliseconds (or one more than the last): they grow even over a restart that forgot everything.
 */
export function withNextId(state: State, now: Date): { readonly state: State; readonly id: number } {
  const id = Math.max(state.lastId + 1, now.getTime());
  return { state: { ...state, lastId: id }, id };
}

/** Adds an entry for those who watch; the oldest beyond the limit are forgotten. */
export function record(state: State, entry: Entry): State {
  return { ...state, log: [...state.log, entry].slice(-logLimit) };
}

/** Queues an update for the bot. */
export function enqueue(state: State, update: Update): State {
  return { ...state, pending: [...state.pending, update] };
}

export interface Ask {
  /** First update wanted; all lower ones are confirmed. Negative counts from the end of the queue; 0 confirms nothing. */
  readonly offset: number;
  /** 1 to 100. */
  readonly limit: number;
}

/** Confirms what `offset` confirms and hands out what is left, oldest first; what is handed out stays until confirmed. */
export function take(state: State, ask: Ask): { readonly state: State; readonly updates: readonly Update[] } {
  const pending =
    ask.offset < 0 ? state.pending.slice(ask.offset) : state.pending.filter((update) => update.update_id >= ask.offset);
  return { state: { ...state, pending }, updates: pending.slice(0, ask.limit) };
}

export interface Watch {
  readonly after: number;
  readonly chat?: number;
  readonly by?: Entry["by"];
}

/** What happened after `after`, oldest first. */
export function entriesSince(state: State, watch: Watch): readonly Entry[] {
  return state.log.filter(
    (entry) =>
      entry.seq > watch.after &&
      (watch.chat === undefined || entry.chat === watch.chat) &&
      (watch.by === undefined || entry.by === watch.by),
  );
}
