/** Holding a stack's lease for as long as an update takes: taken, renewed, proven before anything is called released, given back. */

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { hasEnded, thisClaimant } from "../host/claimant.ts";
import { askLease, type LeasePlace } from "../host/lease.ts";
import { type LeaseClaim, leaseSeconds, lossSentence, type TakenLease, type TornLease } from "../model/lease.ts";
import { whoActs } from "./history.ts";

/** This process's claim to the lease of a stack. @param purpose what was typed. */
export async function claimOf(projectRoot: string, stack: string, purpose: string): Promise<LeaseClaim> {
  const process = thisClaimant();
  const who = await whoActs(projectRoot);
  return { stack, who, machine: hostname(), purpose, ...(process === undefined ? {} : { process }) };
}

export interface LeaseOptions {
  /** How long it lasts unrenewed. Default: `leaseSeconds`. */
  readonly seconds?: number;
}

export type Taken = { readonly held: HeldLease } | { readonly busy: TakenLease<"held"> | TornLease };

/**
 * Takes the lease, where nobody holds it or the one who does ran on this machine and has ended.
 * @throws LeaseUnusable; HostUnreachable
 */
export async function takeLease(
  place: LeasePlace,
  claim: LeaseClaim,
  { seconds = leaseSeconds }: LeaseOptions = {},
): Promise<Taken> {
  const id = randomUUID();
  const take = (ended?: string) => askLease(place, { do: "take", id, seconds, claim, ended });
  try {
    let { isDone, lease } = await take();
    if (!isDone && lease.kind === "held" && hasEnded(lease.claim?.process, lease.name))
      ({ isDone, lease } = await take(lease.name));
    if (isDone) return { held: new HeldLease(place, { id, seconds, isOwn: true }) };
    if (lease.kind === "held" || lease.kind === "torn") return { busy: lease };
    throw new Error("A lease that is free was not given.");
  } catch (error) {
    // Where the answer alone was lost, nobody else need wait for it.
    await askLease(place, { do: "release", id }).catch(() => undefined);
    throw error;
  }
}

/**
 * Holds on to a lease that who started this process has taken.
 * @returns why it is not held, as a sentence, where it is not.
 */
export async function followLease(place: LeasePlace, id: string): Promise<HeldLease | string> {
  const { isDone, lease } = await askLease(place, { do: "renew", id });
  return isDone ? new HeldLease(place, { id, seconds: leaseSeconds, isOwn: false }) : lossSentence(lease, id);
}

interface Holding {
  readonly id: string;
  readonly seconds: number;
  /** False where somebody else took it, and will give it back. */
  readonly isOwn: boolean;
}

/** A lease that this process holds, renewed until it is disposed of. It keeps no process from ending. */
export class HeldLease implements AsyncDisposable {
  readonly id: string;
  readonly #place: LeasePlace;
  readonly #holding: Holding;
  readonly #gone = new AbortController();
  #renewedMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> = Promise.resolve();
  #lost: string | undefined;
  #hasEnded = false;

  constructor(place: LeasePlace, holding: Holding) {
    this.id = holding.id;
    this.#place = place;
    this.#holding = holding;
    this.#renewIn(this.#ms / 3);
  }

  /** Aborted once it is known to be lost. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Asks the host. @returns why what was done under it counts for nothing, as a sentence; undefined where it is held. */
  async whyLost(): Promise<string | undefined> {
    const untold = (await this.#renew()) && (await this.#renew());
    return this.#lost ?? (untold === undefined ? undefined : `Whether the update's lease is held could not be told. ${untold}`);
  }

  /** Renews it no more, so that its folder may go. */
  async stop(): Promise<void> {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    await this.#renewal;
  }

  /** Gives it back, where it is this process's own. What hinders that hides no error: unrenewed, it runs out. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#holding.isOwn) await askLease(this.#place, { do: "release", id: this.id }).catch(() => undefined);
  }

  get #ms(): number {
    return this.#holding.seconds * 1000;
  }

  #renewIn(ms: number): void {
    if (this.#hasEnded || this.#lost !== undefined) return;
    this.#timer = setTimeout(() => {
      // A host that did not answer is asked again while there is time.
      this.#renewal = this.#renew().then((untold) => this.#renewIn(untold === undefined ? this.#ms / 3 : this.#ms / 12));
    }, ms).unref();
  }

  /** @returns why it could not be told whether it is held. */
  async #renew(): Promise<string | undefined> {
    if (this.#lost !== undefined) return undefined;
    // The host counts from when it is asked, which is later than this.
    const from = performance.now();
    try {
      const { isDone, lease } = await askLease(this.#place, { do: "renew", id: this.id });
      if (this.#hasEnded) return undefined;
      if (isDone) this.#renewedMs = from;
      else this.#lose(lossSentence(lease, this.id));
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown error";
      if (performance.now() - this.#renewedMs < this.#ms) return reason;
      this.#lose(`The update's lease ran out, because it could not be renewed. ${reason}`);
      return undefined;
    }
  }

  #lose(sentence: string): void {
    this.#lost = sentence;
    this.#gone.abort(new Error(sentence));
  }
}
