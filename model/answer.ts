/** Whether an address answers the gateway where it stands: the HTTP status, or why there is none. `host/scripts/answer-of.mjs` says it. */

import { z } from "zod";

/** What is silent says why by one word, such as `ENOTFOUND`: a sentence could hold anything. */
export const answerSchema = z.union([
  z.strictObject({ status: z.int().min(100).max(599) }),
  z.strictObject({ silent: z.string().regex(/^[A-Za-z0-9_]{1,40}$/) }),
]);

export type Answer = z.output<typeof answerSchema>;
