/** The emulator in motion: holds the state, lets pollers and watchers wait, and plays the faults. Knows no HTTP. */

import { type Bot, userPresses, userWrites } from "./chat.ts";
import { type Answer, callMethod, failure, type Parameters, success, whole } from "./methods.ts";
import { type Entry, emptyState, entriesSince, type Fault, type State, take, type User, type Watch } from "./state.ts";

/** What becomes of a request: an answer, or the connection is closed without one. */
export type Fate = Answer | "close";

const conflict = failure(
  409,
  "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
);
const webhookConflict = failure(
  409,
  "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
);

interface Waiting {
  readonly settle: (fate: Fate) => void;
}

export class Emulator {
  #state: State = emptyState;
  /** The one poller that waits for updates. */
  #poller: Waiting | undefined;
  /** Requests left unanswered by the fault `hang`. */
  readonly #hung = new Set<Waiting>();
  readonly #watchers = new Set<() => void>();
  readonly #calls = new Map<string, number>();
  readonly #unknown = new Set<string>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  get state(): State {
    return this.#state;
  }

  /** How often each method was called, and which of them the emulator does not know. */
  get calls(): { readonly counts: Readonly<Record<string, number>>; readonly unknown: readonly string[] } {
    return { counts: Object.fromEntries(this.#calls), unknown: [...this.#unknown] };
  }

  /** Plays another fault from now on. Whoever waits is answered by it at once; whoever hung is let go. */
  setFault(fault: Fault): void {
    this.#state = { ...this.#state, fault };
    for (const waiting of this.#hung) waiting.settle("close");
    const fate = this.#fated("getUpdates");
    if (fate !== undefined && fate !== "hang") this.#poller?.settle(fate);
  }

  userWrites(from: User, text: string): number {
    const { state, updateId } = userWrites(this.#state, this.#now(), { from, text });
    this.#change(state);
    return updateId;
  }

  userPresses(from: User, press: { readonly messageId: number; readonly data: string; readonly bot: Bot }): number {
    const { state, updateId } = userPresses(this.#state, this.#now(), { from, ...press });
    this.#change(state);
    return updateId;
  }

  /** Forgets pending updates and what was said; ids go on growing. */
  clear(): void {
    this.#change({ ...this.#state, pending: [], log: [] });
  }

  /** What happened since; waits until something did, `waitMs` ran out, or the asker left. */
  async watch(watch: Watch, waitMs: number, left: AbortSignal): Promise<readonly Entry[]> {
    const until = AbortSignal.any([left, AbortSignal.timeout(waitMs)]);
    while (entriesSince(this.#state, watch).length === 0 && !until.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#watchers.delete(done);
          until.removeEventListener("abort", done);
          resolve();
        };
        this.#watchers.add(done);
        until.addEventListener("abort", done);
      });
    }
    return entriesSince(this.#state, watch);
  }

  /** Carries out a call of the Bot API by a holder of the token, whatever the fault makes of it. */
  async call(method: string, request: { readonly parameters: Parameters; readonly bot: Bot; readonly left: AbortSignal }) {
    this.#calls.set(method, (this.#calls.get(method) ?? 0) + 1);
    const fate = this.#fated(method);
    if (fate === "hang") return await this.#wait(request.left, (waiting) => this.#hang(waiting));
    if (fate !== undefined) return fate;
    if (method.toLowerCase() === "getupdates") return await this.#getUpdates(request.parameters, request.left);
    const { parameters, bot } = request;
    const outcome = callMethod(method, { state: this.#state, parameters, bot, now: this.#now() });
    if (outcome === undefined) {
      this.#unknown.add(method);
      return failure(404, "Not Found");
    }
    this.#change(outcome.state);
    return outcome.answer;
  }

  #fated(method: string): Fate | "hang" | undefined {
    switch (this.#state.fault) {
      case "none":
        return undefined;
      case "401":
        return failure(401, "Unauthorized");
      case "409":
        return method.toLowerCase() === "getupdates" ? conflict : undefined;
      case "500":
        return failure(500, "Internal Server Error");
      case "hang":
        return "hang";
      case "gone":
        return "close";
      default:
        return this.#state.fault satisfies never;
    }
  }

  async #getUpdates(parameters: Parameters, left: AbortSignal): Promise<Fate> {
    // As at Telegram, the newer poller wins and the older one learns of it, even where the newer one does not wait.
    this.#poller?.settle(conflict);
    if (this.#state.webhookUrl !== "") return webhookConflict;
    const ask = { offset: whole(parameters.offset) ?? 0, limit: clamp(whole(parameters.limit) ?? 100, 1, 100) };
    const timeoutMs = clamp(whole(parameters.timeout) ?? 0, 0, 50) * 1000;
    const first = this.#take(ask);
    if (first.length > 0 || timeoutMs === 0) return success(first);
    return await this.#wait(left, (waiting) => {
      const arrived = () => {
        const updates = this.#take(ask);
        if (updates.length > 0) waiting.settle(success(updates));
      };
      const timer = setTimeout(() => waiting.settle(success([])), timeoutMs);
      this.#poller = waiting;
      this.#watchers.add(arrived);
      return () => {
        clearTimeout(timer);
        this.#watchers.delete(arrived);
        if (this.#poller === waiting) this.#poller = undefined;
      };
    });
  }

  #hang(waiting: Waiting): () => void {
    this.#hung.add(waiting);
    return () => this.#hung.delete(waiting);
  }

  /** Waits until somebody settles it or the asker leaves; `begin` returns what ends the waiting. */
  #wait(left: AbortSignal, begin: (waiting: Waiting) => () => void): Promise<Fate> {
    const { promise, resolve } = Promise.withResolvers<Fate>();
    let end = (): void => {};
    const gone = () => waiting.settle("close");
    const waiting: Waiting = {
      settle: (fate) => {
        end();
        left.removeEventListener("abort", gone);
        resolve(fate);
      },
    };
    end = begin(waiting);
    if (left.aborted) gone();
    else left.addEventListener("abort", gone);
    return promise;
  }

  #take(ask: { readonly offset: number; readonly limit: number }) {
    const taken = take(this.#state, ask);
    this.#state = taken.state;
    return taken.updates;
  }

  #change(state: State): void {
    this.#state = state;
    for (const tell of [...this.#watchers]) tell();
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
