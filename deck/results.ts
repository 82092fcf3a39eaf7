/** Results of checks as lines for a person, and as an exit code. */

import { styleText } from "node:util";
import type { Check } from "../checks/check.ts";
import { runChecks } from "../checks/run.ts";
import type { CheckResult, CheckStatus } from "../model/check.ts";
import type { GatePolicy } from "../model/gate.ts";
import { redact } from "../model/redact.ts";
import type { Secret } from "../model/secret.ts";
import { type ExitCode, exitCodes, type Outcome, type World } from "./verb.ts";

const looks = {
  pass: { mark: "✓", colour: "green" },
  fail: { mark: "✗", colour: "red" },
  inconclusive: { mark: "?", colour: "yellow" },
  error: { mark: "!", colour: "yellow" },
} as const satisfies Record<CheckStatus, { mark: string; colour: "green" | "red" | "yellow" }>;

/** One result in one line, and the command to type next in a second. Coloured only where standard output is a terminal that wants it. */
export function resultLines({ id, status, summary, durationMs, remedy }: CheckResult): string {
  const { mark, colour } = looks[status];
  const head = styleText(colour, `${mark} ${status}`, { stream: process.stdout });
  const line = `${head}  ${id} (${(durationMs / 1000).toFixed(1)} s): ${summary}`;
  return remedy === undefined || status === "pass" ? line : `${line}\n    ${remedy}`;
}

/** Done only where something was checked and all of it passed. */
export function codeOf(results: readonly Pick<CheckResult, "status">[]): ExitCode {
  if (results.some(({ status }) => status === "fail")) return exitCodes.finding;
  const allPassed = results.length > 0 && results.every(({ status }) => status === "pass");
  return allPassed ? exitCodes.done : exitCodes.unknown;
}

interface Bench<T> {
  readonly target: T & { readonly stack: string; readonly secrets: ReadonlyMap<string, Secret> };
  readonly policy: GatePolicy;
  readonly world: World;
}

/** Runs checks outside the gate, by the gate's own runner, and hands back what they said. */
export async function runOutsideGate<T>(checks: readonly Check<T>[], { target, policy, world }: Bench<T>): Promise<Outcome> {
  const results = await runChecks(checks, target, {
    policy,
    stack: target.stack,
    now: world.now,
    signal: world.signal,
    redact: (text) => redact(text, target.secrets),
    onProgress: (id, line) => world.output.progress(`${id}: ${line}`),
  });
  return { code: codeOf(results), data: { checks: results }, text: results.map(resultLines).join("\n") };
}
