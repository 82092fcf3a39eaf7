/** The operator's interruption as an abort signal that says what caused it. */

import { constants } from "node:os";

/** Why the work is to end. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly by: "SIGINT" | "SIGTERM";

  constructor(by: "SIGINT" | "SIGTERM") {
    super(`Ended by ${by}.`);
    this.by = by;
  }
}

/** Aborted at this process's first SIGINT or SIGTERM; a second one ends it at once. */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const heed = () => {
      if (!interrupted.signal.aborted) return interrupted.abort(new Interrupted(signal));
      process.removeListener(signal, heed);
      // A process that a signal ends runs no handler of its exit: what must not outlive it, such as a file of passwords, goes here.
      process.emit("exit", 128 + constants.signals[signal]);
      process.kill(process.pid, signal);
    };
    // Not `once`: with no listener left, execa takes it that nobody heeds the signal, and ends what it has started.
    process.on(signal, heed);
  }
  return interrupted.signal;
}

/** True where a terminal's Ctrl-C caused it: that reaches every process of the terminal by itself and need not be passed on. */
export function wasTyped(signal: AbortSignal, terminal: boolean = process.stdin.isTTY === true): boolean {
  return terminal && signal.reason instanceof Interrupted && signal.reason.by === "SIGINT";
}
