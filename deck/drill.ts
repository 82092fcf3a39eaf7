/** `deck drill`: practises a rollback on a throw-away stack, and writes down what was seen, whatever that was. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeDrill } from "../checks/evidence/drill.ts";
import { inSeconds } from "../checks/evidence/report.ts";
import { type Drill, type DrillStatus, outcomeOf } from "../model/drill.ts";
import { forStack } from "../model/operatorCommand.ts";
import { redact } from "../model/redact.ts";
import { refuseUncrossable } from "./drillContracts.ts";
import { readSource, type Source } from "./drillSource.ts";
import { type DrillStack, newDrillStack, removeDrillStack, sweepDrills } from "./drillStack.ts";
import { practise } from "./drillSteps.ts";
import { openStack, type Stack } from "./session.ts";
import { type Call, type ExitCode, exitCodes, type Outcome, type Verb, type World } from "./verb.ts";

export const drillVerb: Verb = {
  name: "drill",
  summary: "Practise a rollback on a throw-away stack: what runs, then the candidate, broken, then back with its state",
  changes: true,
  options: [
    { flags: "--keep", description: "leave the throw-away stack for a look; the next drill removes it" },
    { flags: "--verbose", description: "show all that its command line says" },
  ],
  async run(call, world) {
    const stack = await openStack(call, world);
    const source = await readSource(call, world);
    await refuseUncrossable(source, world);
    if (call.dryRun) return dryRun(call, source);
    await sweepDrills(world);
    const drill = newDrillStack(world.root);
    const isKept = () => call.options.keep === true && !world.signal.aborted;
    try {
      return await drillOutcome({ call, world, stack, source, drill, isKept });
    } finally {
      if (!isKept()) {
        world.output.progress(`Removing the throw-away stack ${drill.stack}.`);
        await removeDrillStack(drill, world);
      }
    }
  },
};

interface Drilling {
  readonly call: Call;
  readonly world: World;
  readonly stack: Stack;
  readonly source: Source;
  readonly drill: DrillStack;
  readonly isKept: () => boolean;
}

/** @throws DeckError with code 4 where the drill's bot is the stack's own; the evidence is written all the same. */
async function drillOutcome({ call, world, stack, source, drill, isKept }: Drilling): Promise<Outcome> {
  const [began, from] = [world.now(), performance.now()];
  const { steps, data, secrets, refusal } = await practise({ call, world, stack, source, drill });
  const seen = { running: source.running.named, candidate: source.candidate.named, steps, data };
  const { version } = JSON.parse(await readFile(join(world.root, "package.json"), "utf8")) as { version: string };
  const ended: Drill = {
    ...{ schema: "phillbot/drill/v1", stack: call.stack, outcome: outcomeOf(seen), ...seen, toolVersion: version },
    ...{ startedAt: began.toISOString(), finishedAt: world.now().toISOString() },
  };
  const page = await writeDrill(ended, { home: world.root, evidenceFolder: stack.evidenceFolder }, (text) =>
    redact(text, secrets),
  );
  if (refusal !== undefined) throw refusal;
  const durationMs = Math.round(performance.now() - from);
  const look = isKept() ? [`It is left for a look: cd ${drill.root} && npx deck ps --stack ${drill.stack}`] : [];
  const text = [sentenceOf(ended, durationMs), `Evidence: ${page}`, ...look, ...next(ended.outcome, call.stack)].join("\n");
  return { code: codes[ended.outcome], data: { ...ended, durationMs, evidence: page }, text };
}

const codes: Readonly<Record<DrillStatus, ExitCode>> = {
  held: exitCodes.done,
  failed: exitCodes.finding,
  unknown: exitCodes.unknown,
};

function sentenceOf({ outcome, steps, running }: Drill, durationMs: number): string {
  const last = steps.at(-1);
  const time = `after ${inSeconds(durationMs)}`;
  const standsIn = running?.standsIn ? ` ${running.standsIn}` : "";
  if (outcome === "held") return `The rollback held ${time}. ${last?.summary ?? ""}${standsIn}`;
  const how = outcome === "failed" ? "The rollback did not hold" : "Whether a rollback holds could not be told";
  return `${how} (${last?.id ?? "nothing was done"}, ${time}): ${last?.summary ?? ""}${standsIn}`;
}

const next = (outcome: DrillStatus, stack: string): readonly string[] =>
  outcome === "held" ? [] : [`Mend what is named, then: ${forStack("npx deck drill", stack)}`];

function dryRun({ stack }: Call, { running, candidate }: Source): Outcome {
  const named = ({ name, commit }: { name: string; commit: string }) => `\`${name}\` (commit ${commit.slice(0, 12)})`;
  const standsIn = running.named.standsIn === null ? "" : `\n${running.named.standsIn}`;
  const text = `Would deploy ${named(running.named)}, then ${named(candidate.named)}, break it and roll back, on a stack of its own; nothing of \`${stack}\` would be touched.${standsIn}`;
  return { code: exitCodes.done, data: { dryRun: true, running: running.named, candidate: candidate.named }, text };
}
