/** Runs the steps of set-up: a done one is skipped, independent lanes run side by side, the first failure stops all. */

import type { Progress } from "./progress.ts";

export interface Step {
  readonly title: string;
  /** Cheap, because it is asked on every start. */
  done(): boolean | Promise<boolean>;
  run(context: StepContext): Promise<void>;
}

export interface StepContext {
  /** Aborted when another lane has failed. */
  readonly signal: AbortSignal;
  say(line: string): void;
}

/** Steps that wait for each other. */
export type Lane = readonly Step[];

/** True if no step of any lane is left to do. */
export async function allDone(lanes: readonly Lane[]): Promise<boolean> {
  const answers = await Promise.all(lanes.flat().map(async (step) => step.done()));
  return answers.every(Boolean);
}

/** Returns the titles of the steps that were run. */
export async function runLanes(lanes: readonly Lane[], progress: Progress): Promise<readonly string[]> {
  const stop = new AbortController();
  const ran: string[] = [];
  const outcomes = await Promise.allSettled(
    lanes.map(async (lane) => {
      for (const step of lane) {
        if (stop.signal.aborted) return;
        if (await runStep(step, { signal: stop.signal, progress, stop })) ran.push(step.title);
      }
    }),
  );
  // The first to fail is the cause; what the others say then is the effect of being stopped.
  if (stop.signal.aborted) throw stop.signal.reason;
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return ran;
}

interface Runner {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly stop: AbortController;
}

async function runStep(step: Step, { signal, progress, stop }: Runner): Promise<boolean> {
  try {
    if (await step.done()) return false;
  } catch (error) {
    stop.abort(error);
    throw error;
  }
  const end = progress.begin(step.title);
  try {
    await step.run({ signal, say: progress.say });
    end("done");
    return true;
  } catch (error) {
    end(signal.aborted ? "stopped" : "failed");
    stop.abort(error);
    throw error;
  }
}
