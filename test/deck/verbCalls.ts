/** How tests call a verb: the world that it sees, what was typed, and how it must end. */

import assert from "node:assert/strict";
import type { Call, DeckError, Verb, World } from "../../deck/verb.ts";

/** A project's folder, with nothing in the environment. */
export function worldIn(root: string, { said = [], ...over }: Partial<World> & { readonly said?: string[] } = {}): World {
  return {
    root,
    environment: {},
    output: { data: () => {}, progress: (line) => void said.push(line), hide: () => {} },
    now: () => new Date(),
    signal: new AbortController().signal,
    ...over,
  };
}

/** With `--yes`, and nothing else. */
export function callOf({ name }: Pick<Verb, "name">, stack: string, over: Partial<Call> = {}): Call {
  return { verb: name, stack, json: false, yes: true, dryRun: false, args: [], options: {}, ...over };
}

/** That a verb ends so. */
export const fails = (code: number, pattern: RegExp, remedy?: RegExp) => (error: DeckError) => {
  assert.equal(error.code, code, error.message);
  assert.match(error.message, pattern);
  if (remedy !== undefined) assert.match(error.remedy ?? "", remedy);
  return true;
};
