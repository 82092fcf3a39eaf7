/** `deck up`: the stack as declared, and success only behind an open gate. */

import { forStack } from "../model/operatorCommand.ts";
import { rollbackVariable } from "../model/rollback.ts";
import type { Cleared } from "../release/mayDeploy.ts";
import { bringUp, deployedTree } from "./bringUp.ts";
import { recovered } from "./byItself.ts";
import { answersYes } from "./confirm.ts";
import type { gateStack } from "./gate.ts";
import { runStackGate } from "./gate.ts";
import { waitOption, waitSecondsOf } from "./lease.ts";
import { checkBackend, findPulumi, splitEnvironment } from "./pulumi.ts";
import { openStack, type Stack, withHost } from "./session.ts";
import { openSignOff } from "./signOff.ts";
import { mendTornState } from "./tornState.ts";
import { runUpdate, type UpdateCall, type UpdateEnd } from "./update.ts";
import { type Call, DeckError, exitCodes, type Outcome, type Verb, type World } from "./verb.ts";

/**
 * Reaches the host before Pulumi does: refreshing the state over a connection that is refused would tell neither why nor what to do.
 * @throws DeckError with code 2 for settings or a state that may not be used; HostUnreachable. Nothing was touched.
 */
async function updateCall(call: Call, world: World, command: UpdateCall["command"]): Promise<UpdateCall> {
  const stack: Stack = await openStack(call, world);
  await checkBackend(stack);
  await withHost(stack, async () => undefined);
  const { path, variables } = await findPulumi(stack);
  const { secret, rest } = splitEnvironment(stack);
  const environment = { ...rest, ...variables };
  // A preview, too, reads it.
  await mendTornState({ root: world.root, stack: call.stack, environment });
  return {
    command,
    root: world.root,
    stack: call.stack,
    pulumi: path,
    // Only `deck rollback` hands one over.
    environment: { ...environment, [rollbackVariable]: undefined },
    secretVariables: secret,
    verbose: call.options.verbose === true,
    output: world.output,
    signal: world.signal,
  };
}

/**
 * Runs the update and, where it deleted something or could not tell, the gate once more: Pulumi deletes after the program
 * has ended, hence after the program's own gate.
 */
export async function up(call: Call, world: World, gate: typeof runStackGate = runStackGate): Promise<UpdateEnd> {
  const waitSeconds = waitSecondsOf(call.options.wait, call);
  const before = await openSignOff(call, world);
  const stack = await openStack(call, world);
  const update = await updateCall(call, world, "up");
  return bringUp({
    ...{ purpose: "npx deck up", waitSeconds, stack, world, update },
    tree: () => deployedTree(stack, world),
    cleared: async (hasWaited) => (hasWaited ? openSignOff(call, world) : before),
    work: (under) => gatedUpdate({ call, gate, ...under }),
  });
}

interface GatedUpdate {
  readonly call: Call;
  readonly world: World;
  readonly update: UpdateCall;
  readonly gate: typeof runStackGate;
  readonly signOff: Cleared;
}

async function gatedUpdate({ call, world, update, gate, signOff }: GatedUpdate): Promise<UpdateEnd> {
  const end = await runUpdate(update);
  if (end.code !== exitCodes.done || end.deleted === 0) return end;
  const deleted = end.deleted === null ? "may have deleted resources" : `deleted ${counted(end.deleted)}`;
  world.output.progress(`The update ${deleted} after its gate; the gate runs once more.`);
  const again = await gate(call, world, signOff);
  if (signOff.kind === "signed" && again.code === exitCodes.done && again.report.release !== signOff.release.digest) {
    const summary = "The tree changed during the update: what the gate judged is not what was signed; nothing is released.";
    return { ...end, code: exitCodes.unknown, summary, evidence: again.page };
  }
  return { ...end, code: again.code, summary: again.summary, evidence: again.page };
}

function counted(resources: number): string {
  return resources === 1 ? "1 resource" : `${resources} resources`;
}

/** The same, and what the gate's policy says to do about a blocked one. */
export async function upOrBack(call: Call, world: World, gates: Partial<Gates> = {}): Promise<UpdateEnd> {
  const once = () => up(call, world, gates.up);
  return recovered(call, world, { end: await once(), up: once, gate: gates.back });
}

interface Gates {
  readonly up: typeof runStackGate;
  readonly back: typeof gateStack;
}

/** What both verbs take. */
const options = [{ flags: "--verbose", description: "show all that Pulumi prints, as it prints it" }];

export const upVerb: Verb = {
  name: "up",
  summary: "Bring the stack up as declared; succeeds only if the release gate is open",
  changes: true,
  options: [...options, waitOption],
  async run(call, world): Promise<Outcome> {
    if (call.dryRun) return previewVerb.run(call, world);
    if (call.yes) return upOutcome(call, await upOrBack(call, world));
    if (!process.stdin.isTTY) {
      throw new DeckError("usage", "There is no terminal to ask on, and `--yes` is not given.", "npx deck up --yes");
    }
    return upAfterQuestion(call, world, { input: process.stdin, output: process.stderr });
  },
};

/** Previews, asks, and only on a yes brings the stack up. */
export async function upAfterQuestion(
  call: Call,
  world: World,
  terminal: Pick<Parameters<typeof answersYes>[0], "input" | "output">,
): Promise<Outcome> {
  const preview = await runUpdate(await updateCall(call, world, "preview"));
  if (preview.code !== exitCodes.done) return outcomeOf(preview);
  const question = `${planned(preview)} Bring stack \`${call.stack}\` up?`;
  if (await answersYes({ ...terminal, question, signal: world.signal })) return upOutcome(call, await upOrBack(call, world));
  const end = { ...preview, code: exitCodes.refused, summary: "Nothing was changed." };
  return outcomeOf(end);
}

export const previewVerb: Verb = {
  name: "preview",
  summary: "Show what `up` would change, and whether it would be refused",
  options,
  async run(call, world) {
    const end = await runUpdate(await updateCall(call, world, "preview"));
    const { text, ...outcome } = outcomeOf(end);
    return { ...outcome, text: end.changes === null || end.upWouldBeRefused === null ? text : `${planned(end)}\n${text}` };
  },
};

/** What an update would do, in one sentence. */
function planned({ changes }: UpdateEnd): string {
  if (changes === null) return "What would change could not be counted.";
  const { same, ...changed } = changes;
  const parts = Object.entries(changed).flatMap(([what, count]) => (count > 0 ? [`${what} ${count}`] : []));
  return parts.length === 0
    ? `Nothing would change in the ${counted(same)} that ${same === 1 ? "is" : "are"} there; the gate's checks would run.`
    : `It would ${parts.join(", ")}, and leave ${same} as they are.`;
}

/** The command to type next. */
export function nextStep({ code, evidence }: Pick<UpdateEnd, "code" | "evidence">, stack: string): string {
  if (code === exitCodes.done) return `Look at it: ${forStack("npx deck report", stack)}`;
  // Without a verdict, some of it may have changed, and some not.
  const runs = evidence === undefined ? "" : "What was brought up runs on, unproven; nothing is rolled back. ";
  // Where it could not be told how it ended, there may be nothing to mend.
  const named = code === exitCodes.unknown ? ", if anything is" : "";
  return `${runs}Mend what is named above${named}, then: ${forStack("npx deck up", stack)}`;
}

function upOutcome({ stack }: Call, end: UpdateEnd): Outcome {
  const { text, ...outcome } = outcomeOf(end);
  return { ...outcome, text: `${text}\n${nextStep(end, stack)}` };
}

function outcomeOf(end: UpdateEnd): Outcome {
  const text = [end.summary, ...(end.evidence === undefined ? [] : [`Evidence: ${end.evidence}`])].join("\n");
  return { code: end.code, text, data: { ...end } };
}
