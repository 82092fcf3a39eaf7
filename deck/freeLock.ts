/** Takes away what a killed update left of its work on a stack's state: what is torn, and its lock, where it is certain that its process has ended. */

import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { devFolders } from "./devStack.ts";
import { locksOf } from "./ownState.ts";
import { mendTornState } from "./tornState.ts";
import { DeckError, type Output } from "./verb.ts";

interface Locked {
  readonly root: string;
  readonly stack: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Looks where the state is this folder's own; elsewhere another machine may be at work, and Pulumi refuses by itself.
 * Each void lock goes by its own name, so that one that was made in between stays.
 * @throws DeckError with code 3 where an update is at work.
 */
export async function freeLock({ root, stack, environment }: Locked, output: Pick<Output, "progress">): Promise<void> {
  await mendTornState({ root, stack, environment });
  const { state } = devFolders(root, stack);
  if (environment.PULUMI_BACKEND_URL !== `file://${state}`) return;
  const { ended, alive } = await locksOf(state, stack);
  for (const file of ended) await rm(file, { force: true });
  if (ended.length > 0) output.progress("An earlier update was killed; its lock is taken away.");
  const [holder] = alive;
  if (holder === undefined) return;
  const { pid, hostname: host } = holder;
  const isHere = host === hostname();
  const who = pid === undefined ? "somebody" : `process ${pid}${isHere ? "" : ` on \`${host}\``}`;
  throw new DeckError(
    "unknown",
    `Another update of the stack \`${stack}\` is at work: ${who} holds its lock.`,
    isHere ? `ps -fp ${pid}` : `eval "$(npx deck env --stack ${stack})"; pulumi cancel ${stack} # only where it has ended`,
  );
}
