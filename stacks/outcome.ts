/** Writes down how the program ended, for whoever started Pulumi: its exit code says only that something failed. */

import { writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";

/** The exit codes of `deck` (ARCHITECTURE.md): 0 done, 1 a check failed, 2 wrong configuration, 3 could not tell, 4 refused. */
export type OutcomeCode = 0 | 1 | 2 | 3 | 4;

export interface ProgramOutcome {
  readonly code: OutcomeCode;
  readonly summary: string;
  /** Path of the evidence page. */
  readonly evidence?: string;
  /** The tree of the older release that was brought back, where one was. */
  readonly rolledBack?: string;
}

/** What a preview found out of an update. */
export interface ProgramForecast {
  /** As the checks ended that judge before anything is touched. */
  readonly code: OutcomeCode;
  /** The ids of those that would refuse the update. */
  readonly upWouldBeRefused: readonly string[];
}

/** Written to the file that `PHILLBOT_OUTCOME_FILE` names; without that, a bare `pulumi up` needs none. */
export function writeOutcome(outcome: ProgramOutcome | ProgramForecast): void {
  const file = process.env.PHILLBOT_OUTCOME_FILE;
  if (file !== undefined && file !== "") writeFileSync(file, JSON.stringify(outcome), { mode: 0o600 });
}

/**
 * Ends the program with a message for a person and nothing touched.
 * @param summary what is said at the end, after Pulumi showed the message whole. Default: its first line.
 */
export function refuse(code: Exclude<OutcomeCode, 0>, message: string, summary = headlineOf(message)): never {
  writeOutcome({ code, summary });
  throw new pulumi.RunError(message);
}

/** The first line alone: without what follows, its colon announces nothing. */
function headlineOf(message: string): string {
  return (message.split("\n", 1)[0] ?? message).replace(/:$/, ".");
}
