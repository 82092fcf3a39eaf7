/** A keyed fingerprint of secret text: it changes with the text, and tells nothing to whoever lacks the key. */

import { createHmac } from "node:crypto";
import type { Secret } from "../model/secret.ts";

/** @param key a secret of at least 128 random bits. @returns 32 hex digits, safe to show. */
export function fingerprint(text: string, key: Secret): string {
  return createHmac("sha256", key.reveal()).update(text).digest("hex").slice(0, 32);
}
