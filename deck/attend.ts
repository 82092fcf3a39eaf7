/** Runs the Pulumi CLI before the operator's eyes: their interrupt reaches it once, and its own end is waited for. */

import { closeSync, openSync } from "node:fs";
import { execa } from "execa";

interface Attended {
  /** The Pulumi CLI. */
  readonly pulumi: string;
  readonly args: readonly string[];
  /** Absolute path of the project. */
  readonly root: string;
  /** The whole environment of the CLI. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Absolute path of a file that what it prints is added to; without one, the operator sees it. */
  readonly log?: string | undefined;
}

/**
 * @returns the exit code; undefined where a signal ended it or it could not be started.
 * @throws the signal's reason where the operator interrupted before it began.
 */
export async function attend({ pulumi, args, root, environment, signal, log }: Attended): Promise<number | undefined> {
  signal.throwIfAborted();
  // A file and no pipe: an update that outlives this process goes on to its end, and would die of a pipe that nobody reads.
  // Data goes to standard output, and a tree that redraws itself is progress.
  // execa hands any open descriptor on, but its types know the lowest alone.
  const out = (log === undefined ? 2 : openSync(log, "a", 0o600)) as 2;
  const started = execa(pulumi, args, {
    cwd: root,
    env: environment,
    extendEnv: false,
    stdio: ["inherit", out, out],
    reject: false,
    // Out of reach of the terminal, whose Ctrl-C would reach it past its caller, and in the middle of anything.
    detached: true,
  });
  // On an interrupt the engine ends what it has begun before it stops; a second one stops it at once.
  const stop = () => void started.kill("SIGINT");
  signal.addEventListener("abort", stop, { once: true });
  // Where this process ends before it, which a second Ctrl-C does.
  process.once("exit", stop);
  try {
    return (await started).exitCode;
  } finally {
    signal.removeEventListener("abort", stop);
    process.removeListener("exit", stop);
    if (log !== undefined) closeSync(out);
  }
}
