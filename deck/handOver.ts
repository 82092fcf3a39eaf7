/** Hands values to the update's own program over a socket: in an environment, every process that Pulumi starts would inherit them. */

import { createServer } from "node:net";
import { join } from "node:path";

export interface HandOver extends AsyncDisposable {
  /** Absolute path of the socket. */
  readonly path: string;
}

/**
 * Answers every connection with `values`, as JSON, until disposed: an update with a question runs its program twice.
 *
 * @param folder one that nobody but this user may enter.
 */
export async function handOver(folder: string, values: Readonly<Record<string, string>>): Promise<HandOver> {
  const path = join(folder, "secrets");
  const server = createServer((socket) => {
    // Whoever goes away in between wanted nothing.
    socket.on("error", () => {});
    socket.end(JSON.stringify(values));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  return {
    path,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
