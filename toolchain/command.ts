/** Runs the programs that set-up needs: output goes to a log, and a failure shows that log's end. */

import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { execa } from "execa";

interface LoggedOptions {
  readonly log: string;
  readonly signal: AbortSignal;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds; set-up must never hang on a network. */
  readonly timeoutMs?: number;
}

export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

const tailLines = 15;

/** Runs argv to its end. Throws CommandFailed with the end of the log. */
export async function logged(argv: readonly [string, ...string[]], options: LoggedOptions): Promise<void> {
  mkdirSync(dirname(options.log), { recursive: true });
  appendFileSync(options.log, `$ ${argv.join(" ")}\n`);
  const [file, ...args] = argv;
  const output = { file: options.log, append: true } as const;
  const result = await execa(file, args, {
    stdin: "ignore",
    stdout: output,
    stderr: output,
    buffer: false,
    reject: false,
    cancelSignal: options.signal,
    timeout: options.timeoutMs ?? 30 * 60_000,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  if (result.failed) throw new CommandFailed(describeFailure(argv, result, options.log));
}

function describeFailure(argv: readonly string[], result: { shortMessage?: string | undefined }, log: string): string {
  return `${result.shortMessage ?? `Command failed: ${argv.join(" ")}`}\n${tail(log)}\nThe whole log: ${log}`;
}

/** The last lines of a log, indented, so that they read as a quotation. */
export function tail(log: string): string {
  try {
    const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-tailLines);
    return lines.map((line) => `  | ${line}`).join("\n");
  } catch {
    return "  | (no log)";
  }
}

/**
 * Runs argv and returns what it printed, or undefined if it failed, is missing or takes too long.
 * @param env the whole environment, where the program needs nothing of the caller's, which may hold secrets.
 */
export async function ask(
  argv: readonly [string, ...string[]],
  env?: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const [file, ...args] = argv;
  const own = env === undefined ? {} : { env, extendEnv: false };
  const result = await execa(file, args, { stdin: "ignore", reject: false, timeout: 10_000, ...own });
  return result.failed ? undefined : result.stdout;
}
