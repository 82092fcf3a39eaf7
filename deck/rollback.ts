/** `deck rollback`: an older release comes back by its own program, with today's secrets, and passes its own gate and today's. */

import type { Backup } from "../model/backup.ts";
import type { Deployment } from "../model/deployments.ts";
import { forStack } from "../model/operatorCommand.ts";
import { type Rollback, rollbackVariable } from "../model/rollback.ts";
import { readKept } from "../release/kept.ts";
import { bringUp, type Under } from "./bringUp.ts";
import { decide } from "./confirm.ts";
import { refuseCutOff } from "./cutOff.ts";
import { gateStack } from "./gate.ts";
import { waitOption, waitSecondsOf, withLease } from "./lease.ts";
import { backendVariable, checkBackend, findPulumi, splitEnvironment } from "./pulumi.ts";
import { chooseDeployment } from "./rollbackChoice.ts";
import { stateBefore, withOlderState } from "./rollbackState.ts";
import { isReady, type Older, openOlder, type Ran, readRan } from "./rollbackTarget.ts";
import { wouldChange } from "./rollbackView.ts";
import { openPolicy, withHost } from "./session.ts";
import { mendTornState } from "./tornState.ts";
import { runUpdate, type UpdateCall, type UpdateEnd } from "./update.ts";
import { type Call, DeckError, exitCodes, type Outcome, type Verb, type World } from "./verb.ts";

export const rollbackVerb: Verb = {
  name: "rollback",
  summary: "Bring an older release back that ran behind an open gate, with today's secrets, and gate what then runs",
  changes: true,
  arguments: [
    {
      name: "[release]",
      description: "its tag, or the beginning of its digest or tree; default: asks, and without a terminal the one before",
    },
  ],
  options: [
    { flags: "--with-state", description: "with the gateway's state of just before the newer release" },
    { flags: "--verbose", description: "show all that Pulumi prints, as it prints it" },
    waitOption,
  ],
  async run(call, world) {
    const waitSeconds = waitSecondsOf(call.options.wait, call);
    const ran = await readRan(call, world);
    // Before anything is touched: today's gate is asked at the end of it.
    await openPolicy(world);
    const deployment = await chooseDeployment(ran, call, world);
    await makeReady(deployment, ran, { call, world, waitSeconds });
    const kept = await readKept({ root: world.root, stack: call.stack });
    const older = await openOlder(deployment, { ...ran, kept }, { world, make: false });
    const backup = call.options.withState === true ? await stateBefore(older, ran, { call, world }) : undefined;
    const change = await wouldChange(older, ran, world);
    if (call.dryRun) return dryRun(older, { call, world, change, backup: backup?.name });
    if (!call.yes) {
      world.output.progress(change.text);
      const withoutQuestion = forStack(`npx deck rollback ${deployment.name} --yes`, call.stack);
      const question = `Bring \`${deployment.name}\` back on stack \`${call.stack}\`${withState(backup?.name)}?`;
      await decide({ question, withoutQuestion, refused: "Nothing was changed.", signal: world.signal });
    }
    return outcomeOf(await rollBack({ call, world, ran, older, backup, waitSeconds }), older, call);
  },
};

/** Only one at a time may make anew what another one's program may run from; a dry run makes nothing. */
async function makeReady(deployment: Deployment, ran: Ran, { call, world, waitSeconds }: Making): Promise<void> {
  if (call.dryRun || (await isReady(deployment, ran))) return;
  // Nobody is made to wait for what is refused.
  await refuseCutOff(deployment, ran, world);
  const wanted = { purpose: `npx deck rollback ${deployment.name}`, waitSeconds };
  await withLease(ran.stack, world, wanted, () => openOlder(deployment, ran, { world, make: true }));
}

type Making = Pick<RollBack, "call" | "world" | "waitSeconds">;

interface RollBack {
  readonly call: Call;
  readonly world: World;
  /** What was on record when it was chosen. */
  readonly ran: Ran;
  readonly older: Older;
  readonly backup: Backup | undefined;
  readonly waitSeconds: number;
  /** True where nobody asked for it. */
  readonly automatic?: boolean;
}

/** @throws DeckError with nothing touched where the lease is not had, or somebody deployed meanwhile. */
export async function rollBack(
  { call, world, ran, older, backup, waitSeconds, automatic = false }: RollBack,
  gate: typeof gateStack = gateStack,
): Promise<UpdateEnd> {
  return bringUp({
    ...{ purpose: `npx deck rollback ${older.deployment.name}`, waitSeconds, stack: older.stack, world, automatic },
    update: await updateCall(older, world, { command: "up", call }),
    tree: async () => older.kept.tree,
    cleared: async () => (await refuseOther(ran, older, { call, world })).signOff,
    work: async (under) => {
      if (backup === undefined) return gatedTwice(older, under, gate);
      return withOlderState(backup, { call, ran, ...under }, () => gatedTwice(older, under, gate));
    },
  });
}

/** Under the lease: somebody may have deployed while the operator read. @throws DeckError with code 3 */
async function refuseOther(before: Ran, older: Older, { call, world }: { call: Call; world: World }): Promise<Older> {
  const ran = await readRan(call, world);
  const isSame = ran.current === before.current && ran.all[0]?.entry === before.all[0]?.entry;
  if (isSame) return openOlder(older.deployment, ran, { world, make: true });
  const problem = "Somebody deployed meanwhile, so what this would replace is another than it was. Nothing was touched.";
  throw new DeckError("unknown", problem, forStack("npx deck history", call.stack));
}

interface Asked {
  readonly command: UpdateCall["command"];
  readonly call: Call;
}

/** The older program in its own folder; the state, the host's key and where secrets come from are today's. */
async function updateCall(older: Older, world: World, { command, call }: Asked): Promise<UpdateCall> {
  const { stack, today, stackFile } = older;
  await checkBackend(stack);
  await withHost(stack, async () => undefined);
  const { path, variables } = await findPulumi(stack);
  const { secret, rest } = splitEnvironment(stack);
  await mendTornState({ root: stack.root, stack: stack.stack, environment: { ...rest, ...variables } });
  const { name, tree, folder } = stack.rollback;
  const handed: Rollback = { name, tree, today: { root: stack.root, settings: today } };
  return {
    ...{ command, root: folder, stack: stack.stack, pulumi: path },
    environment: { ...(await backendVariable(stack)), ...rest, ...variables, [rollbackVariable]: JSON.stringify(handed) },
    secretVariables: secret,
    verbose: call.options.verbose === true,
    output: world.output,
    signal: world.signal,
    rollback: { tree, stackFile },
  };
}

/** Its own checks are those of then; today's may know better. */
async function gatedTwice({ stack }: Older, { world, update, signOff }: Under, gate: typeof gateStack): Promise<UpdateEnd> {
  const end = await runUpdate(update);
  if (end.code !== exitCodes.done) return end;
  world.output.progress("Its own gate is open; today's checks look as well.");
  const { code, summary, page } = await gate(stack, world, signOff);
  return { ...end, code, summary, evidence: page };
}

const withState = (backup: string | undefined): string =>
  backup === undefined
    ? ""
    : `, with the gateway's state of ${backup}; what the bot was told since then is no longer in its sessions`;

interface DryRun {
  readonly call: Call;
  readonly world: World;
  readonly change: Awaited<ReturnType<typeof wouldChange>>;
  readonly backup: string | undefined;
}

async function dryRun(older: Older, { call, world, change, backup }: DryRun): Promise<Outcome> {
  const preview = await runUpdate(await updateCall(older, world, { command: "preview", call }));
  const { name, tree } = older.stack.rollback;
  const text = `Would bring \`${name}\` back${withState(backup)}.\n${change.text}\n${preview.summary}`;
  const data = { dryRun: true, release: name, tree, backup: backup ?? null, subjects: change.subjects, changes: preview.changes };
  return { code: preview.code, data, text };
}

function outcomeOf(end: UpdateEnd, { deployment, stack }: Older, call: Call): Outcome {
  const next =
    end.code === exitCodes.done
      ? `Look at it: ${forStack("npx deck report", call.stack)}`
      : `Mend what is named above, then: ${forStack(`npx deck rollback ${deployment.name}`, call.stack)}`;
  const evidence = end.evidence === undefined ? [] : [`Evidence: ${end.evidence}`];
  const text = [end.summary, ...evidence, next].join("\n");
  return { code: end.code, data: { ...end, release: deployment.name, tree: stack.rollback.tree }, text };
}
