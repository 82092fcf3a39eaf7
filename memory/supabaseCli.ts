/** Runs the Supabase CLI against a database's URL: the one place that knows its environment and how it says that it failed. */

import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { z } from "zod";
import { jsonIn } from "../model/jsonIn.ts";
import type { DatabaseAccess } from "./database.ts";
import { writePasswordFile } from "./passwordFile.ts";

export interface CliOptions {
  /** Holds the folder `supabase/`. */
  readonly workdir: string;
  /** The databases that it is given the URLs of: their passwords reach it by a 0600 file, never by argument or environment. */
  readonly databases: readonly DatabaseAccess[];
  /** PEM file by which a server's certificate is verified, where it is not the system's to know. */
  readonly authorityFile: string | undefined;
  readonly signal: AbortSignal;
  /** What may be passed on of the CLI's own message, which may quote a definition and the values in it; nothing by default. */
  readonly told?: (message: string) => string | undefined;
}

/** The CLI's own word for what went wrong is `code`, for example `DbConnectError`; `told` is what was let through of its message. */
export class SupabaseCliError extends Error {
  override readonly name = "SupabaseCliError";
  readonly code: string;
  readonly told: string | undefined;

  constructor(code: string, message: string, told?: string) {
    super(told === undefined ? message : `${message.replace(/\.$/, "")}: ${told}`);
    this.code = code;
    this.told = told;
  }
}

const failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/**
 * Runs one command and returns the one JSON object it prints. Throws `SupabaseCliError` where it failed or printed
 * something else, and the signal's reason where it was aborted.
 */
export async function supabaseCli<T>(args: readonly string[], answer: z.ZodType<T>, options: CliOptions): Promise<T> {
  using passwords = await writePasswordFile(options.databases);
  const run = await execa(process.execPath, [cliScript(), ...args, "--workdir", options.workdir, ...always], {
    env: environment(options.authorityFile, passwords.path),
    extendEnv: false,
    stdin: "ignore",
    reject: false,
    cancelSignal: options.signal,
    forceKillAfterDelay: 2_000,
  });
  options.signal.throwIfAborted();
  const printed = jsonIn(run.stdout);
  const failed = failure.safeParse(printed);
  const command = `The Supabase CLI (${args.slice(0, 2).join(" ")})`;
  if (failed.success) {
    const { code, message } = failed.data.error;
    throw new SupabaseCliError(nameOnly(code), `${command} failed.`, options.told?.(message));
  }
  const answered = answer.safeParse(printed);
  if (run.exitCode === 0 && answered.success) return answered.data;
  throw new SupabaseCliError("Unexpected", `${command} ended with code ${run.exitCode ?? run.signal} and no answer.`);
}

/** A code is one word, such as `DbConnectError`. */
function nameOnly(code: string): string {
  return /^\w{1,60}$/.test(code) ? code : "Unexpected";
}

/** `--agent no` and JSON: what it prints must not depend on who started it. */
const always = ["--output-format", "json", "--agent", "no"];

function environment(authorityFile: string | undefined, passwords: string): Record<string, string> {
  const quiet = { DO_NOT_TRACK: "1", SUPABASE_TELEMETRY_DISABLED: "1", SUPABASE_NO_UPDATE_NOTIFIER: "1" };
  const authority = authorityFile === undefined ? {} : { PGSSLROOTCERT: authorityFile };
  return { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...quiet, ...authority, PGPASSFILE: passwords };
}

function cliScript(): string {
  return fileURLToPath(import.meta.resolve("supabase/dist/supabase.js"));
}
