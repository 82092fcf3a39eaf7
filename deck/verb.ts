/** What every verb of the command line is, is called with and hands back; its conventions are kept in `deck/commandLine.ts`. */

import type { Secret } from "../model/secret.ts";

/** How a verb ended; documented in `--help`. */
export const exitCodes = {
  /** Done. */
  done: 0,
  /** A check failed, or a finding stands. */
  finding: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** Could not tell: unreachable, timed out. */
  unknown: 3,
  /** Refused: by the operating model, or by the operator's own no. */
  refused: 4,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Where a verb's words go, redacted: data on standard output, progress on standard error. */
export interface Output {
  /** A piece of data; only for verbs that stream. With `--json` a verb hands its data back instead. */
  data(text: string): void;
  /** One line of progress. */
  progress(line: string): void;
  /** The last line, redrawn each time, until it is empty; absent without a terminal. */
  status?(text: string): void;
  /** From now on these values are redacted from all that is printed. */
  hide(secrets: ReadonlyMap<string, Secret>): void;
}

/** A verb as it was called: the checked command line, nothing more. */
export interface Call {
  /** The verb's full name, such as `docs sync`. */
  readonly verb: string;
  readonly stack: string;
  readonly json: boolean;
  /** Answer every question with yes; false for verbs that change nothing. */
  readonly yes: boolean;
  /** Say what would be done; false for verbs that change nothing. */
  readonly dryRun: boolean;
  readonly args: readonly string[];
  /** The verb's own options by their camel-cased names; absent where not given and without default. */
  readonly options: Readonly<Record<string, string | boolean>>;
}

/** What a verb is given besides its call, so that a test can stand in for the world. */
export interface World {
  /** Absolute path of the project's folder. */
  readonly root: string;
  /** As it was at the start: this process's own loses its secrets as they are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  readonly now: () => Date;
  /** Aborted when the operator interrupts. */
  readonly signal: AbortSignal;
}

/** What a verb hands back. `data` is printed with `--json`, under `schema: "phillbot/<verb>/v1"`; `text` otherwise. */
export interface Outcome {
  readonly code: ExitCode;
  readonly data: Readonly<Record<string, unknown>>;
  readonly text: string;
}

interface VerbOption {
  /** As commander writes them: `-f, --follow`, `--since <duration>`. */
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly default?: string;
}

/** One verb; one file each, listed in `deck/main.ts`. */
export interface Verb {
  /** `ps`, or noun and verb: `docs sync`. */
  readonly name: string;
  readonly summary: string;
  /** True where it changes something: it takes `--yes` and `--dry-run`. */
  readonly changes?: boolean;
  /** Positional arguments as commander writes them, such as `<what>` or `[text]`, with what each means. */
  readonly arguments?: readonly { readonly name: string; readonly description: string; readonly choices?: readonly string[] }[];
  readonly options?: readonly VerbOption[];
  run(call: Call, world: World): Promise<Outcome>;
}

/** Thrown by a verb that cannot do its work: a sentence, the exit code it means, and the command to type next. */
export class DeckError extends Error {
  override readonly name = "DeckError";
  readonly code: Exclude<ExitCode, 0>;
  readonly remedy: string | undefined;

  constructor(kind: Exclude<keyof typeof exitCodes, "done">, message: string, remedy?: string) {
    super(message);
    this.code = exitCodes[kind];
    this.remedy = remedy;
  }
}
