/** `deck secrets scan`: the tree's part of the check `exposure`. */

import { runTreeCheck } from "./tree.ts";
import type { Verb } from "./verb.ts";

export const secretsScanVerb: Verb = {
  name: "secrets scan",
  summary: "Look for secrets in the tree, its commits since the last release, and earlier evidence",
  run: (call, world) => runTreeCheck("exposure", call, world),
};
