/** `faults.yaml`, typed: what is expected of each fault, and what a gate named. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { CheckStatus } from "../../model/check.ts";
import type { Ended } from "./project.ts";

export interface Expected {
  readonly fault: string;
  /** Where it is made; default: a development stack. */
  readonly stack?: "prod";
  /** The checks that name it, when `deck gate` is asked. */
  readonly checks?: Readonly<Record<string, CheckStatus>>;
  /** For a fault that stops a command before its gate. */
  readonly exit?: number;
  readonly says?: string;
}

const table = parse(readFileSync(new URL("faults.yaml", import.meta.url), "utf8")) as readonly Expected[];

/** The faults that one kind of stack can have. */
export const faultTable = (stack: "dev" | "prod"): readonly Expected[] => table.filter((each) => (each.stack ?? "dev") === stack);

/** How `deck gate` ends on such checks. */
export const exitOf = (checks: Readonly<Record<string, CheckStatus>>): number => (Object.values(checks).includes("fail") ? 1 : 3);

/** What a gate that was asked for JSON names, by check. */
export function namedBy({ stdout }: Ended): { outcome: string; checks: Record<string, CheckStatus | undefined> } {
  const { verdict, checks } = JSON.parse(stdout) as {
    verdict: { outcome: string; blockedBy: { check: string }[] };
    checks: { id: string; status: CheckStatus }[];
  };
  const blocking = new Set(verdict.blockedBy.map(({ check }) => check));
  return {
    outcome: verdict.outcome,
    checks: Object.fromEntries(checks.filter(({ id }) => blocking.has(id)).map(({ id, status }) => [id, status])),
  };
}

export interface Fault {
  make(): Promise<void>;
  /** Undoes it as an operator would. */
  mend(): Promise<void>;
  /** Variables that the command gets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** For what happens while the gate runs: called with each line of its progress. */
  during?(line: string): Promise<void>;
}
