/** The engine's events as they come, through a pipe: they hold secrets in plain text, so they must never lie on a disk. */

import { constants, openSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { execa } from "execa";

export interface EventPipe {
  /** Ends the reading once the engine has ended, with all that it wrote handed over. */
  end(): Promise<void>;
}

/** No event looks like this; it marks the end, because a pipe that is open at both ends has none of its own. */
const lastLine = "end of events";

/**
 * Makes a pipe at `path` that the engine may write its event log to.
 * @param onLine is given each line as it comes; it must not throw.
 */
export async function openEventPipe(path: string, onLine: (line: string) => void): Promise<EventPipe> {
  await execa("mkfifo", ["-m", "600", path]);
  // Open at both ends, so that neither side waits for the other, and an engine that never writes leaves nobody waiting.
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const pipe = new Socket({ fd: descriptor, readable: true, writable: false });
  const read = new Promise<void>((resolve) => {
    createInterface({ input: pipe, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      if (line === lastLine) resolve();
      else if (line !== "") onLine(line);
    });
  });
  return {
    async end() {
      writeSync(descriptor, `\n${lastLine}\n`);
      await read;
      pipe.destroy();
    },
  };
}
