/** `deck docs verify`: the documents on the host are those that were synced. */

import { runOneCheck } from "./smoke.ts";
import type { Verb } from "./verb.ts";

export const docsVerifyVerb: Verb = {
  name: "docs verify",
  summary: "Compare the documents on the host with those that were synced, file by file",
  run: (call, world) => runOneCheck("context", call, world),
};
