/** The operator's interruption as an abort signal that says what caused it. */

import { constants } from "node:os";

/** Aborted at this process's first SIGINT or SIGTERM; a second one ends it at once. */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const heed = () => {
      if (!interrupted.signal.aborted) return interrupted.abort(new Error(`Ended by ${signal}.`));
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
