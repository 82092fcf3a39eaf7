/** A secret value that string conversion, JSON and inspection all redact. */

const redacted = "[secret]";
const inspect = Symbol.for("nodejs.util.inspect.custom");

/** Holds one secret value. It comes out by `reveal()` only, so that every use of it can be found by name. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it only where the value is written to its one destination. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect](): string {
    return redacted;
  }
}
