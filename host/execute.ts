/** The one place that starts a process on the operator's machine. */

import { homedir } from "node:os";
import { execa } from "execa";
import type { RunOptions, RunResult } from "./host.ts";

/** Milliseconds that a command may take where the caller names no bound. */
export const defaultTimeoutMs = 60_000;
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** All that a process of ours inherits. The caller's environment may hold the passphrase and tokens, so nothing else is handed on. */
export function environment(): Record<string, string> {
  return { PATH: process.env.PATH ?? defaultPath, HOME: process.env.HOME ?? homedir(), LANG: "C.UTF-8" };
}

/** ssh may ask the operator's agent for a key: the agent's socket is all that it gets beside the usual. */
export function agentVariables(): Record<string, string> {
  const socket = process.env.SSH_AUTH_SOCK;
  return socket === undefined ? {} : { SSH_AUTH_SOCK: socket };
}

/**
 * Runs `argv` here, within its bound, with `environment()` and what `extra` adds to it.
 * A program that is not installed ends with 127, one that cannot be started with 126, as in a shell.
 */
export async function execute(
  argv: readonly string[],
  options: RunOptions = {},
  extra: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error("A command needs at least one word.");
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const bound = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? bound : AbortSignal.any([bound, options.signal]);
  const started = execa(file, args, {
    env: { ...environment(), ...extra },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    cancelSignal: signal,
    detached: options.uninterrupted === true,
    ...(options.stdin === undefined ? { stdin: "ignore" as const } : { input: options.stdin }),
  });
  // ssh hands its output to the shared connection's process, which keeps it open for as long as the command on the host runs.
  started.once("exit", () => {
    if (!signal.aborted) return;
    started.stdout.destroy();
    started.stderr.destroy();
  });
  const ended = await started;
  const result = { code: ended.exitCode ?? null, stdout: ended.stdout, stderr: ended.stderr };
  if (ended.isCanceled) {
    const why = bound.aborted ? `after ${timeoutMs} ms` : "on request";
    return { ...result, code: null, stderr: `${ended.stderr}\`${file}\` was ended ${why}.\n` };
  }
  if (ended.isMaxBuffer) {
    // A list or a log that is cut off must not be judged as if it were whole.
    return { ...result, code: null, stderr: `\`${file}\` printed more than can be taken; its output is cut off.\n` };
  }
  if (ended.exitCode === undefined && ended.signal === undefined && ended.code !== undefined) {
    const code = ended.code === "ENOENT" ? 127 : 126;
    return { ...result, code, stderr: `\`${file}\` could not be started (${ended.code}).\n` };
  }
  return result;
}
