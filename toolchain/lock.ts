/** Lets one set-up at a time work on this machine; the lock of a process that has ended is void. */

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processStart } from "./machine.ts";

export interface LockOwner {
  readonly pid: number;
  /** When that process began: a pid alone may have passed to another. */
  readonly start: string | undefined;
  readonly project: string;
}

export interface LockOptions {
  readonly file: string;
  readonly project: string;
  readonly waitMs: number;
  readonly onWait?: (owner: LockOwner) => void;
  readonly startOf?: (pid: number) => string | undefined;
}

/** One for each user, not for each clone: clones share the engine, its images and the build caches. */
export function lockFile(uid: number | undefined = process.getuid?.()): string {
  return join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), `phillbot-toolchain-${uid ?? "user"}.lock`);
}

export async function withLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  await acquire(options);
  try {
    return await work();
  } finally {
    rmSync(options.file, { force: true });
  }
}

async function acquire({ file, project, waitMs, onWait, startOf = processStart }: LockOptions): Promise<void> {
  const mine: LockOwner = { pid: process.pid, start: startOf(process.pid), project };
  const deadline = Date.now() + waitMs;
  let told = false;
  while (!claim(file, mine)) {
    const owner = readOwner(file);
    if (owner !== undefined && isStale(owner, startOf)) {
      discard(file, owner);
      continue;
    }
    if (owner !== undefined && !told) onWait?.(owner);
    told ||= owner !== undefined;
    if (Date.now() > deadline) throw new Error(waitedTooLong(file, owner));
    await sleep(200);
  }
}

/** True once nobody answers for the lock any more. */
export function isStale(owner: LockOwner, startOf: (pid: number) => string | undefined = processStart): boolean {
  const start = startOf(owner.pid);
  return start === undefined || (owner.start !== undefined && start !== owner.start);
}

/** A link is made whole or not at all, with its content in it: no reader ever sees an empty lock. */
function claim(file: string, owner: LockOwner): boolean {
  const draft = `${file}.${owner.pid}`;
  writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readOwner(file: string): LockOwner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof value === "object" && value !== null && "pid" in value ? (value as LockOwner) : undefined;
  } catch {
    return undefined;
  }
}

/** Two may find the same stale lock: the slower one must not take away the lock that the faster has made since. */
function discard(file: string, stale: LockOwner): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const taken = readOwner(aside);
  try {
    if (taken?.pid !== stale.pid || taken.start !== stale.start) linkSync(aside, file);
  } finally {
    rmSync(aside, { force: true });
  }
}

function waitedTooLong(file: string, owner: LockOwner | undefined): string {
  const who = owner === undefined ? "an unknown process" : `process ${owner.pid} in ${owner.project}`;
  return `Another set-up, ${who}, holds ${file} for too long. End it, or remove the file if no such process runs.`;
}
