/** Holds a stack's lease for as long as a verb changes the stack; whoever comes second waits, or is told who is at work. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../host/host.ts";
import { type LeasePlace, LeaseUnusable } from "../host/lease.ts";
import { refuseForeignFolder } from "../host/ownership.ts";
import { layoutOf } from "../model/layout.ts";
import { leaseSentence } from "../model/lease.ts";
import { forStack } from "../model/operatorCommand.ts";
import { claimOf, type HeldLease, type Taken, takeLease } from "../release/lease.ts";
import { type Stack, withHost } from "./session.ts";
import { type Call, DeckError, type World } from "./verb.ts";

/** What a lease is taken for. */
export interface Wanted {
  /** What was typed. */
  readonly purpose: string;
  /** How long somebody else's end is waited for. Default: not at all. */
  readonly waitSeconds?: number;
  /** Called where the lease is not had, before that is thrown. */
  readonly onRefused?: (reason: string) => Promise<void>;
}

/** A lease, and whether it had to be waited for: what was looked at before that may be another by now. */
export interface UnderLease {
  readonly lease: HeldLease;
  readonly hasWaited: boolean;
}

/**
 * Takes the lease of a stack for `work`, and gives it back whatever happens. Nothing is written into a folder of another stack's.
 * @throws DeckError, with nothing touched: code 2 where the folder is another's, 3 where somebody else is at work or the host could not tell.
 */
export function withLease<T>(stack: Stack, world: World, wanted: Wanted, work: (under: UnderLease) => Promise<T>): Promise<T> {
  return withHost(stack, async (host) => {
    const place = { host, path: layoutOf(stack.settings).lease };
    const { lease, hasWaited } = await refuseForeign(host, stack)
      .then(() => waitForLease({ place, root: stack.root, stack: stack.stack }, world, wanted))
      .catch(async (error: Error) => {
        await wanted.onRefused?.(error.message.split("\n", 1)[0] ?? error.message);
        throw error;
      });
    await using held = lease;
    return await work({ lease: held, hasWaited });
  });
}

/** @throws DeckError with code 2 where the folder is another stack's, with code 3 where the host could not tell. */
export async function refuseForeign(host: Host, { stack, settings }: Pick<Stack, "stack" | "settings">): Promise<void> {
  const refusal = await refuseForeignFolder(host, stack, settings).catch((error: Error) => {
    throw new DeckError("unknown", error.message);
  });
  if (refusal !== undefined) throw new DeckError("usage", refusal);
}

interface LeaseOf {
  readonly place: LeasePlace;
  /** Absolute path of the project. */
  readonly root: string;
  readonly stack: string;
}

const pollMs = 1000;

/** The lease, which the caller disposes of. @throws DeckError with code 3 */
export async function waitForLease({ place, root, stack }: LeaseOf, world: World, wanted: Wanted): Promise<UnderLease> {
  const claim = await claimOf(root, stack, wanted.purpose);
  const deadline = performance.now() + (wanted.waitSeconds ?? 0) * 1000;
  let awaited: string | undefined;
  try {
    for (;;) {
      const taken = await takeLease(place, claim).catch(asDeckError);
      if ("held" in taken) return { lease: taken.held, hasWaited: awaited !== undefined };
      const left = deadline - performance.now();
      if (left <= 0 || taken.busy.kind === "torn") throw busy(taken.busy, stack);
      if (awaited !== taken.busy.name) world.output.progress(`${leaseSentence(taken.busy, stack)} Waiting for its end.`);
      world.output.status?.(`Waiting for the lease, for ${Math.ceil(left / 1000)} s at most`);
      awaited = taken.busy.name;
      await pause(Math.min(pollMs, left), world.signal);
    }
  } finally {
    if (awaited !== undefined) world.output.status?.("");
  }
}

function busy(lease: Extract<Taken, { busy: unknown }>["busy"], stack: string): DeckError {
  const remedy = lease.kind === "torn" ? "npx deck lease break --why '<why>'" : "npx deck lease show";
  return new DeckError("unknown", `${leaseSentence(lease, stack)} Nothing was touched.`, forStack(remedy, stack));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw new DeckError("unknown", "Interrupted while waiting for the lease; nothing was touched.");
  });
}

/** The host could not keep the lease, or not tell of it. */
export class LeaseUntold extends DeckError {}

/** What cannot be used could not be told of. */
export function asDeckError(error: unknown): never {
  if (error instanceof LeaseUnusable) throw new LeaseUntold("unknown", `${error.message}\nNothing was touched.`);
  throw error;
}

/** What verbs that change a stack take. */
export const waitOption = {
  flags: "--wait <seconds>",
  description: "wait so long where somebody else is at work on the stack",
};

const longestWait = 86_400;

/** @throws DeckError with code 2 where it is no number of seconds. */
export function waitSecondsOf(option: string | boolean | undefined, { verb, stack }: Pick<Call, "verb" | "stack">): number {
  if (option === undefined) return 0;
  const seconds = typeof option === "string" && /^\d{1,5}$/.test(option) ? Number(option) : Number.NaN;
  if (seconds <= longestWait) return seconds;
  throw new DeckError(
    "usage",
    `\`--wait\` takes seconds, ${longestWait} at most.`,
    forStack(`npx deck ${verb} --wait 600`, stack),
  );
}
