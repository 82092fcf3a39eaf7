/** Fetches over HTTPS, within bounds: set-up never waits for a network that is not there. */

import { createWriteStream } from "node:fs";
import http from "node:http";
import { pipeline } from "node:stream/promises";

const answerMs = 5_000;
const downloadMs = 10 * 60_000;

/** True if the address answers within a few seconds, with whatever status: it is the way there that is in question. */
export async function answers(address: string, signal: AbortSignal): Promise<boolean> {
  try {
    await fetch(address, { method: "HEAD", signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]) });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** Writes what an address serves into a file; false if it serves nothing of the kind, or breaks off. */
export async function download(address: string, file: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(downloadMs)]) });
    if (!response.ok || response.body === null) return false;
    await pipeline(response.body, createWriteStream(file));
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** Lets `work` fetch through the proxy that the environment names, as the programs that it starts do by themselves. */
export async function throughProxy<T>(work: () => Promise<T>): Promise<T> {
  const restore = http.setGlobalProxyFromEnv();
  try {
    return await work();
  } finally {
    restore();
  }
}
