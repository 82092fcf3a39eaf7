/** Speaks to the bot as a Telegram user, through the emulated Bot API of a development stack. */

import { z } from "zod";
import { DeckError } from "./verb.ts";

export interface ChatUser {
  readonly id: number;
  readonly username: string;
}

/** One thing that the bot did in the chat. */
export interface Heard {
  readonly seq: number;
  readonly kind: string;
  readonly text: string;
}

const sentSchema = z.object({ after: z.int() });
const heardSchema = z.object({ messages: z.array(z.object({ seq: z.int(), kind: z.string(), text: z.string() })) });

/** What moves a terminal's cursor or colours it stays out of what the bot is shown to say. */
const harmless = (text: string) => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");

export class ChatClient {
  readonly #messages: string;
  readonly #from: ChatUser;

  /** @param apiRoot the emulated Bot API's root. */
  constructor(apiRoot: string, from: ChatUser) {
    this.#messages = `${apiRoot.replace(/\/+$/, "")}/_control/messages`;
    this.#from = from;
  }

  /**
   * Says something; gives the mark after which answers come.
   * @throws DeckError where the emulator does not take it.
   */
  async say(text: string, signal: AbortSignal): Promise<number> {
    const body = JSON.stringify({ from: this.#from, text });
    const sent = await this.#ask(this.#messages, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      signal,
    });
    return sentSchema.parse(sent).after;
  }

  /**
   * What the bot did after the mark; waits up to `waitMs` for something. Empty where there was nothing.
   * @throws DeckError where the emulator does not answer.
   */
  async listen(after: number, waitMs: number, signal: AbortSignal): Promise<readonly Heard[]> {
    const query = new URLSearchParams({
      chat: String(this.#from.id),
      by: "bot",
      after: String(after),
      wait: String(Math.round(waitMs)),
    });
    const { messages } = heardSchema.parse(await this.#ask(`${this.#messages}?${query}`, { signal }));
    return messages.map((heard) => ({ ...heard, text: harmless(heard.text) }));
  }

  async #ask(address: string, init: RequestInit): Promise<unknown> {
    try {
      const response = await fetch(address, init);
      if (response.ok) return await response.json();
    } catch (error) {
      if (init.signal?.aborted) throw error;
    }
    const { origin } = new URL(address);
    throw new DeckError(
      "unknown",
      `The emulated Telegram at ${origin} did not take part in the conversation.`,
      `curl -sS ${origin}/healthz`,
    );
  }
}
