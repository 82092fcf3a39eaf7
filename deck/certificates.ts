/** Refuses to begin where nobody's certificate would be verified. */

import { unprovenCertificates } from "../model/certificateProof.ts";
import { DeckError, type World } from "./verb.ts";

/** @throws DeckError with code 2. */
export function refuseUnprovenCertificates(environment: World["environment"]): void {
  const fault = unprovenCertificates(environment);
  if (fault !== undefined) throw new DeckError("usage", fault.message, fault.remedy);
}
