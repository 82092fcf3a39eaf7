/** Holds the stack's lease while the program runs: the one that `deck` took for it, or its own where Pulumi was started plainly. */

import { grandparent } from "../host/claimant.ts";
import { type Host, HostUnreachable } from "../host/host.ts";
import { LeaseUnusable } from "../host/lease.ts";
import { layoutOf } from "../model/layout.ts";
import { leaseSentence, leaseVariable } from "../model/lease.ts";
import { forStack } from "../model/operatorCommand.ts";
import { claimOf, followLease, type HeldLease, takeLease } from "../release/lease.ts";
import type { Inputs } from "./inputs.ts";
import { refuse, writeOutcome } from "./outcome.ts";

const watchMs = 500;

/** A program does not always notice that its engine was killed; it would wait, and renew its lease, for ever. */
function endWithEngine(): void {
  // Between the two stands Pulumi's host for Node, which notices nothing, either.
  const engine = grandparent();
  const watch = () => void (grandparent() === engine || process.exit(1));
  setInterval(watch, watchMs).unref();
}

/** What a gate that found it out itself gets to say so. */
const graceMs = 5_000;

/** Nobody else would end what is done without the lease: `deck` does where it took it. */
function endWithLease({ signal }: HeldLease): void {
  const end = () => {
    const { message } = signal.reason as Error;
    writeOutcome({ code: 3, summary: `${message} Nothing is released.` });
    process.stderr.write(`${message} The update ends here, and nothing is released.\n`);
    process.exit(1);
  };
  signal.addEventListener("abort", () => void setTimeout(end, graceMs).unref());
}

/** Ends the program with nothing touched where somebody else is at work on the stack. */
export async function holdLease(host: Host, { stack, settings, projectRoot }: Inputs): Promise<HeldLease> {
  const place = { host, path: layoutOf(settings).lease };
  const look = forStack("npx deck lease show", stack);
  endWithEngine();
  const handed = process.env[leaseVariable] ?? "";
  try {
    if (handed !== "") {
      const lease = await followLease(place, handed);
      if (typeof lease !== "string") return lease;
      return refuse(3, `\`${leaseVariable}\` hands over a lease that is not held, so nothing is touched. ${lease}\n  ${look}`);
    }
    const taken = await takeLease(place, await claimOf(projectRoot, stack, "pulumi up"));
    if ("busy" in taken) return refuse(3, `${leaseSentence(taken.busy, stack)} Nothing is touched.\n  ${look}`);
    endWithLease(taken.held);
    // Before Pulumi's own, which ends the program; what ends otherwise is known by its process to have ended.
    process.once("beforeExit", () => void taken.held[Symbol.asyncDispose]());
    return taken.held;
  } catch (error) {
    if (error instanceof LeaseUnusable || error instanceof HostUnreachable) return refuse(3, `${error.message}\n  ${look}`);
    throw error;
  }
}
