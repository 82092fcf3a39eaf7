/** What several measurements ask of a stack that runs. */

import { checksFor } from "../../checks/all.ts";
import { runGate } from "../../checks/gate.ts";
import type { Session } from "../../deck/session.ts";
import type { Call, World } from "../../deck/verb.ts";
import type { GatePolicy } from "../../model/gate.ts";
import { docker, until } from "../e2e/gatewayStack.ts";
import type { TestProject } from "../e2e/project.ts";
import { type Measured, timed } from "./measure.ts";

/** The whole gate on what the stack declared. It throws where it is blocked. */
export function gateOnce({ target }: Session, policy: GatePolicy): Measured {
  const checks = checksFor(target.settings, policy);
  const quiet = { onProgress: () => {}, onResult: () => {} };
  return timed(async () => {
    const run = { target, policy, checks, trigger: "gate", signOff: { kind: "free" }, now: () => new Date(), ...quiet } as const;
    const ended = await runGate(run);
    if (ended.code !== 0) throw new Error(`The gate is blocked: ${JSON.stringify(ended.report.verdict.blockedBy)}`);
  });
}

/** Of a container that is there, until the bot is ready. */
export async function secondsToBoot(container: string, url: string): Promise<number> {
  await docker("stop", "--time", "330", container);
  const from = performance.now();
  await docker("start", container);
  await until("the bot to be ready", async () => ((await isReady(url)) ? true : undefined), 180_000);
  return (performance.now() - from) / 1000;
}

/** Whether the gateway says that its bot is. */
export async function isReady(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    (answer) => answer.status === 200,
    () => false,
  );
}

/** The stack as the operator's command line opens it. */
export function callOf({ stack }: TestProject): Call {
  return { verb: "gate", stack, json: false, yes: true, dryRun: false, args: [], options: {} };
}

export function worldOf({ root }: TestProject): World {
  const output = { data: () => {}, progress: () => {}, hide: () => {} };
  return { root, environment: process.env, output, now: () => new Date(), signal: new AbortController().signal };
}
