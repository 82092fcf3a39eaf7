/** `deck gate`: the very checks of an update, outside one. */

import type { Report } from "../checks/evidence/report.ts";
import { verdictSentence } from "../model/rehearsal.ts";
import { type MayDeploy, mayDeploy } from "../release/mayDeploy.ts";
import { resultLines } from "./results.ts";
import { openPolicy, openStack, openTargetOf, type Stack } from "./session.ts";
import { readRawSettings } from "./stackSettings.ts";
import { type Call, type ExitCode, exitCodes, type Verb, type World } from "./verb.ts";

export interface StackGateEnd {
  readonly code: ExitCode;
  /** One sentence. */
  readonly summary: string;
  /** Absolute path of the evidence page. */
  readonly page: string;
  readonly report: Report;
}

/**
 * Runs the gate on what the stack's last update declared.
 * @param signOff what was said of the signatures before.
 * @throws DeckError, HostUnreachable
 */
export async function runStackGate(call: Call, world: World, signOff: MayDeploy): Promise<StackGateEnd> {
  return gateStack(await openStack(call, world), world, signOff);
}

/** The same of a stack that is open. @throws DeckError, HostUnreachable */
export async function gateStack(stack: Stack, world: World, signOff: MayDeploy): Promise<StackGateEnd> {
  // All checks together load a good deal; verbs that need none should not wait for it.
  const [{ checksFor }, { runGate }] = await Promise.all([import("../checks/all.ts"), import("../checks/gate.ts")]);
  const policy = await openPolicy(world);
  await using session = await openTargetOf(stack, world);
  const { target } = session;
  const { report, page, code } = await runGate({
    target,
    policy,
    checks: checksFor(target.settings, policy),
    trigger: "gate",
    signOff,
    now: world.now,
    signal: world.signal,
    onProgress: (id, line) => world.output.progress(`${id}: ${line}`),
    onResult: ({ id, status, durationMs }) => world.output.progress(`${id}: ${status} in ${(durationMs / 1000).toFixed(1)} s`),
  });
  return { code, summary: verdictSentence(report, report.checks.length), page, report };
}

export const gateVerb: Verb = {
  name: "gate",
  summary: "Prove by all checks that what runs may be called released",
  async run(call, world) {
    const raw = await readRawSettings(world.root, call.stack);
    const signOff = await mayDeploy(world.root, { stack: call.stack, raw, now: world.now(), signal: world.signal });
    const { code: judged, summary: sentence, page, report } = await runStackGate(call, world, signOff);
    // Checks that pass are no release where nobody signed what they were run on, or where it was taken back.
    const unsigned = judged === exitCodes.done ? unsignedOf(report) : undefined;
    const code = unsigned?.code ?? judged;
    const summary = unsigned === undefined ? sentence : [sentence, ...unsigned.lines].join("\n");
    const { verdict, checks } = report;
    const waived = verdict.waived.map(({ check, item, owner, until }) => `  waived until ${until} by ${owner}: ${check} ${item}`);
    const text = [...checks.map(resultLines), ...waived, "", summary, `Evidence: ${page}`].join("\n");
    return { code, data: { verdict, checks, evidence: page, unsigned: unsigned?.lines ?? null }, text };
  },
};

/** Why an open gate is no release here; undefined where it may be one, or nothing need be signed. */
function unsignedOf({ signOff }: Report): { code: ExitCode; lines: readonly string[] } | undefined {
  if (signOff?.kind === "none" || signOff?.kind === "signed") return undefined;
  const code = signOff?.kind === "unsigned" ? exitCodes.refused : exitCodes.unknown;
  return {
    code,
    lines: signOff === undefined ? [] : [...signOff.reasons.map((reason) => `  ${reason}`), `    ${signOff.remedy}`],
  };
}
