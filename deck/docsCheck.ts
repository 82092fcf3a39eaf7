/** `deck docs check`: the living documents are stamped, and were written for this release. */

import { runTreeCheck } from "./tree.ts";
import type { Verb } from "./verb.ts";

export const docsCheckVerb: Verb = {
  name: "docs check",
  summary: "Check the documents' stamps, as the gate does",
  run: (call, world) => runTreeCheck("documents", call, world),
};
