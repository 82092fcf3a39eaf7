/** Tells Pulumi that what a killed update was making is settled, once an update after it came to its end. */

import { clearPendingCreates, readPendingCreates } from "./pulumi.ts";
import type { Stack } from "./session.ts";
import { exitCodes, type World } from "./verb.ts";

/** An update that is about to begin, of a stack that an earlier one may have left half-way. */
export interface Settling {
  /** Called when the update has ended: what was noted as being made is there by then, or removed. */
  readonly end: (update: { readonly code: number }) => Promise<void>;
}

/** Reads what is noted while the update begins; what it notes itself meanwhile is taken away by itself. */
export function settling(stack: Stack, { output, signal }: World): Settling {
  // Not worth failing for: without it, Pulumi repeats a warning.
  const pending = readPendingCreates(stack, signal).catch(() => []);
  return {
    async end({ code }) {
      if ((await pending).length === 0 || code !== exitCodes.done) return;
      await clearPendingCreates(stack, signal).then(
        () => output.progress("What an earlier update was killed at is settled, and no longer noted as under way."),
        (error: Error) => output.progress(`Pulumi's state still notes what an earlier update was killed at. ${error.message}`),
      );
    },
  };
}
