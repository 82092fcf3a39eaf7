/** What the mode will refuse of a release, told to whoever makes or signs it: the moves from it may make it right, so it is told and no more. */

import type { KnownOptions } from "../release/known.ts";
import { GitFailed } from "../release/repository.ts";
import type { Call, World } from "./verb.ts";

type Asking = (folder: string, asked: KnownOptions & { readonly commit: string }) => Promise<readonly string[]>;

/**
 * Asks, and says it line by line where there is anything to say.
 * @param heading a line that stands before the reasons.
 * @returns the reasons, as sentences.
 */
export async function warnOfMode(
  asking: Asking,
  { commit, heading }: { readonly commit: string; readonly heading: string },
  { stack }: Pick<Call, "stack">,
  { root, now, signal, output }: World,
): Promise<readonly string[]> {
  const reasons = await asking(root, { commit, stack, now: now(), signal }).catch((error: unknown) => {
    if (error instanceof GitFailed) return [error.message];
    throw error;
  });
  if (reasons.length > 0) for (const line of [heading, ...reasons.map((each) => `  ${each}`)]) output.progress(line);
  return reasons;
}
