/** What `deck up` and `deck rollback` share: one at a time, with the lease; on record, however it ends; and kept ready where it ran. */

import { deploymentsIn, treesToKeep } from "../model/deployments.ts";
import { leaseVariable } from "../model/lease.ts";
import { treeVariable } from "../model/rollback.ts";
import { historyPlaceOf, keepRefusal, readHistory } from "../release/history.ts";
import { keep, keepOnly } from "../release/kept.ts";
import type { HeldLease } from "../release/lease.ts";
import type { Cleared } from "../release/mayDeploy.ts";
import { type Snapshot, snapshot, treeOf } from "../release/snapshot.ts";
import { freeLock } from "./freeLock.ts";
import { recordUpdateEnd } from "./history.ts";
import { imageOf } from "./keptImage.ts";
import { withLease } from "./lease.ts";
import { projectRootOf, type Stack, withHost } from "./session.ts";
import { settling } from "./settled.ts";
import type { UpdateCall, UpdateEnd } from "./update.ts";
import { exitCodes, type World } from "./verb.ts";

export interface BringUp {
  /** What was typed, for whoever comes second. */
  readonly purpose: string;
  readonly waitSeconds: number;
  readonly stack: Stack;
  readonly world: World;
  readonly update: UpdateCall;
  /** Whether it may be brought up; asked under the lease. @param hasWaited true where what was known before may be another by now. */
  readonly cleared: (hasWaited: boolean) => Promise<Cleared>;
  /** Git's id of the tree that is deployed; undefined where that cannot be told. */
  readonly tree: () => Promise<string | undefined>;
  /** True where nobody asked for it. */
  readonly automatic?: boolean;
  /** The update and its gates. `world` and `update` end with the lease as well. */
  readonly work: (under: Under) => Promise<UpdateEnd>;
}

export interface Under {
  readonly world: World;
  readonly update: UpdateCall;
  readonly signOff: Cleared;
  readonly lease: HeldLease;
}

/** @throws DeckError with nothing touched where the lease is not had, or it may not be brought up. */
export function bringUp(asked: BringUp): Promise<UpdateEnd> {
  const { purpose, waitSeconds, stack, world, update } = asked;
  const onRefused = (reason: string) => keepRefusal(stack.root, { ...stack, now: world.now(), reason });
  return withLease(stack, world, { purpose, waitSeconds, onRefused }, async ({ lease, hasWaited }) => {
    const from = world.now();
    const signOff = await asked.cleared(hasWaited);
    await freeLock({ ...update, root: stack.root }, world.output);
    // Whoever lost the lease ends what was begun: somebody else may be at work.
    const signal = AbortSignal.any([world.signal, lease.signal]);
    const tell = () => world.output.progress(`${lease.signal.reason.message} What was begun is ended.`);
    lease.signal.addEventListener("abort", tell);
    const tree = await asked.tree();
    const environment = { ...update.environment, [leaseVariable]: lease.id, [treeVariable]: tree ?? "" };
    const under = { lease, signOff, world: { ...world, signal }, update: { ...update, environment, signal } };
    const earlier = settling(stack, under.world);
    const ended = await asked.work(under).catch(async (error: Error) => {
      // What was begun and has no end would pass for killed.
      const end = { code: exitCodes.unknown, summary: firstLine(error.message), changes: null, deleted: null } as const;
      await recordUpdateEnd(stack, world, { end, from, signOff, automatic: asked.automatic });
      throw error;
    });
    await earlier.end(ended);
    const end = stillHeld(ended, await lease.whyLost());
    // Only what a gate has seen comes into the repository.
    const kept = end.code === exitCodes.done ? await unchanged(stack, world, tree) : undefined;
    const recorded = await recordUpdateEnd(stack, world, { end, from, signOff, tree: kept?.tree, automatic: asked.automatic });
    if (recorded.code === exitCodes.done && kept !== undefined) await keepReady(stack, world, kept);
    return recorded;
  });
}

const firstLine = (text: string) => text.split("\n", 1)[0] || "It failed.";

/** What was brought up without the lease, others may have changed meanwhile: whatever was judged, it is not released. */
function stillHeld(end: UpdateEnd, lost: string | undefined): UpdateEnd {
  const isOtherwiseKnown = end.code !== exitCodes.done && end.code !== exitCodes.unknown;
  if (lost === undefined || isOtherwiseKnown) return end;
  return { ...end, code: exitCodes.unknown, summary: `${lost} Nothing is released.` };
}

/** The work tree as it is about to be deployed; undefined, and said, where it can be kept in no commit. */
export async function deployedTree(stack: Stack, { output, signal }: World): Promise<string | undefined> {
  return treeOf(projectRootOf(stack), stack.stack, { signal }).catch((error: Error) => {
    signal.throwIfAborted();
    output.progress(`What is deployed now cannot be kept, so nothing can be rolled back to it. ${error.message}`);
    return undefined;
  });
}

/** Somebody may have worked on while it was deployed: then nobody knows which of both the program read. */
async function unchanged(stack: Stack, world: World, before: string | undefined): Promise<Snapshot | undefined> {
  if (before === undefined) return undefined;
  const after = await snapshot(projectRootOf(stack), stack.stack).catch(() => undefined);
  if (after?.tree === before) return after;
  world.output.progress("The tree changed during the update, so it is not kept for a rollback. `npx deck up` keeps it.");
  return undefined;
}

/** Makes it ready to come back before anything newer is deployed, and lets go of the oldest. */
async function keepReady(stack: Stack, world: World, kept: Snapshot): Promise<void> {
  const { root, settings } = stack;
  const place = { root, stack: stack.stack };
  try {
    const { image, entries } = await withHost(stack, async (host) => {
      const [image, { entries }] = await Promise.all([imageOf(host, settings), readHistory(historyPlaceOf(host, stack))]);
      return { image, entries };
    });
    if (image === undefined) throw new Error("Its image is not on the host any more.");
    await keep(place, kept, image);
    await keepOnly(place, treesToKeep(deploymentsIn(entries), settings.rollback.keep));
  } catch (error) {
    const why = error instanceof Error ? error.message : "";
    world.output.progress(`It could not be made ready to come back at once, should a newer one fail. ${why}`);
  }
}
