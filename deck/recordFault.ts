/** What is said where a stack's record cannot be used. */

import { forStack } from "../model/operatorCommand.ts";
import { HistoryBroken, HistoryNotWritten } from "../release/history.ts";
import { DeckError } from "./verb.ts";

/** @throws DeckError with code 1 where the record does not hold, with code 3 where the host cannot keep or tell it; else what was thrown. */
export function asRecordFault(error: unknown, stack: string): never {
  const check = forStack("npx deck history verify", stack);
  if (error instanceof HistoryBroken) throw new DeckError("finding", error.message, check);
  if (error instanceof HistoryNotWritten) throw new DeckError("unknown", error.message, check);
  throw error;
}
