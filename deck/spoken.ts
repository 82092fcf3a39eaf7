/** What an operator puts into words for the record, which is public to all who have the repository and is never taken back. */

import { scanText } from "../checks/scan/text.ts";
import { availableSecrets } from "../host/secretSource.ts";
import { redactionPatterns } from "../model/exposurePatterns.ts";
import { steering } from "../model/legible.ts";
import type { Secret } from "../model/secret.ts";
import { openStack } from "./session.ts";
import { type Call, DeckError, type World } from "./verb.ts";

/**
 * Before anything is signed. Nothing of the words is repeated.
 * @param words by the option that they were given with.
 * @throws DeckError with code 4 for a secret, by its shape or because it is in use; with code 2 for what steers a terminal.
 */
export async function refuseUnspeakable(
  words: Readonly<Record<string, string | undefined>>,
  call: Call,
  world: World,
): Promise<void> {
  const given = Object.entries(words).flatMap(([option, text]) => (text === undefined ? [] : [{ option, text }]));
  if (given.length === 0) return;
  const secrets = await secretsHere(call, world);
  for (const { option, text } of given) {
    const [found] = await scanText(text, secrets);
    const what = found?.title ?? credentialIn(text);
    if (what !== undefined) {
      const problem = `\`--${option}\` holds ${what}, which would stand on record for good. Nothing was signed or done.`;
      throw new DeckError("refused", problem, "npx deck secrets scan # and have it replaced where it was in use");
    }
    if (text.search(steering) >= 0) {
      const problem = `\`--${option}\` holds a character that shows nothing and steers a terminal; words in one line are wanted.`;
      throw new DeckError("usage", problem);
    }
  }
}

/** By what stands beside it. A word after "basic" is one only with a digit in it. */
function credentialIn(text: string): string | undefined {
  const isOne = (kind: string, value: string) => kind !== "bearer" || /\d/.test(value);
  return redactionPatterns.find(({ kind, pattern }) => [...text.matchAll(pattern)].some(([value]) => isOne(kind, value)))?.title;
}

/** Those that have a value here: whoever signs need not have the bot's. */
async function secretsHere(call: Call, world: World): Promise<ReadonlyMap<string, Secret>> {
  const stack = await openStack(call, world).catch((error: unknown) => {
    if (error instanceof DeckError) return undefined;
    throw error;
  });
  if (stack === undefined) return new Map();
  const secrets = await availableSecrets(stack.settings.secrets, { env: stack.environment, projectRoot: stack.root });
  world.output.hide(secrets);
  return secrets;
}
