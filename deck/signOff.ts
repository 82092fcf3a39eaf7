/** `deck up`'s own look at the signatures, before Pulumi is started: it says why not in words of its own. */

import { keepRefusal } from "../release/history.ts";
import { type Cleared, mayDeploy, refusalLines } from "../release/mayDeploy.ts";
import { evidenceFolderOf } from "./session.ts";
import { readRawSettings } from "./stackSettings.ts";
import { type Call, DeckError, type World } from "./verb.ts";

/** @throws DeckError with code 4 where nobody signed it, with code 3 where that cannot be told; either is recorded. */
export async function openSignOff({ stack }: Pick<Call, "stack">, { root, now, signal }: World): Promise<Cleared> {
  const raw = await readRawSettings(root, stack);
  const answer = await mayDeploy(root, { stack, raw, now: now(), signal });
  if (answer.kind !== "refused") return answer;
  const { code, reasons, remedy } = answer;
  await keepRefusal(root, { stack, evidenceFolder: evidenceFolderOf(root, stack), now: now(), reason: reasons[0] });
  throw new DeckError(code === 4 ? "refused" : "unknown", refusalLines(answer).join("\n"), remedy);
}
