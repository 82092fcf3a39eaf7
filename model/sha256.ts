/** The digest that files and statements are named by, as their schemas want it. */

import { z } from "zod";

/** In hex. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "a sha256 digest: 64 hex digits");
