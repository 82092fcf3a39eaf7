/** When Pulumi may be told of an interrupt: at once, but for what its command provider would cut off in the middle. */

import type { EngineEvent } from "./engineEvents.ts";
import type { Output } from "./verb.ts";

/**
 * Components whose command is waited for. On a cancellation the provider kills what it runs: a migration would be whole or not at
 * all, but which of both nobody would have seen. What else is cut off, such as the bot's index, is just done again.
 */
const uncut = ["phillbot:memory:MemorySchema"];
const changing = new Set(["create", "update", "create-replacement", "replace"]);

export class SafePoint {
  readonly #reached = new AbortController();
  readonly #running = new Map<string, string>();
  readonly #asked: AbortSignal;
  readonly #output: Pick<Output, "progress">;

  /** @param asked aborted where the operator, or whoever else may, wants the work to end. */
  constructor(asked: AbortSignal, output: Pick<Output, "progress">) {
    this.#asked = asked;
    this.#output = output;
    if (asked.aborted) this.#reach();
    else asked.addEventListener("abort", () => this.#heed(), { once: true });
  }

  /** Aborted with the same reason, as soon as nothing runs that is not to be cut off. */
  get signal(): AbortSignal {
    return this.#reached.signal;
  }

  hear(event: EngineEvent): void {
    if (event.kind !== "began" && event.kind !== "ended" && event.kind !== "failed") return;
    if (event.kind === "began") {
      if (changing.has(event.op) && isUncut(event)) this.#running.set(event.urn, event.name);
      return;
    }
    if (this.#running.delete(event.urn) && this.#asked.aborted && this.#running.size === 0) this.#reach();
  }

  #heed(): void {
    const names = [...this.#running.values()].join(", ");
    if (names === "") this.#reach();
    else this.#output.progress(`Interrupted: waiting for ${names} to end. A second Ctrl-C cuts it off.`);
  }

  #reach(): void {
    this.#reached.abort(this.#asked.reason);
  }
}

const isUncut = ({ urn, type }: { readonly urn: string; readonly type: string }) =>
  type.startsWith("command:") && uncut.some((component) => urn.includes(`${component}$`));
