/** The steps of a drill, one after the other: each says what it saw, and the first that does not hold is the last. */

import { itemsPath } from "../checks/openItems.ts";
import { resolveSecrets } from "../host/secretSource.ts";
import { compareData, type Drill, type DrillData, type DrillStep, type DrillStepId, drillSteps } from "../model/drill.ts";
import type { Secret } from "../model/secret.ts";
import { packagesOf } from "../release/kept.ts";
import { moveTree } from "../release/ownTree.ts";
import { breakGateway, drillGateway, lastOnRecord, readData, useGateway } from "./drillGateway.ts";
import { drillEnvironment, type Ended, runDeck } from "./drillProgram.ts";
import { refuseSameToken, type Source } from "./drillSource.ts";
import { type DrillStack, makeDrillStack, setGateway } from "./drillStack.ts";
import type { Stack } from "./session.ts";
import { readSettings } from "./stackSettings.ts";
import { type Call, DeckError, exitCodes, type World } from "./verb.ts";

interface Practising {
  readonly call: Call;
  readonly world: World;
  readonly stack: Stack;
  readonly source: Source;
  readonly drill: DrillStack;
}

interface Practised extends Pick<Drill, "steps" | "data"> {
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Set where the operating model refuses the drill itself. */
  readonly refusal: DeckError | undefined;
}

type Seen = Pick<DrillStep, "status" | "summary">;

const titles: Readonly<Record<DrillStepId, string>> = {
  prepare: "Making a throw-away stack",
  running: "Bringing up what runs",
  candidate: "Bringing up the candidate",
  break: "Breaking it",
  rollback: "Rolling back, with the state",
  compare: "Comparing the state",
};

/** Never throws: what is thrown on the way is what a step saw. */
export async function practise(practising: Practising): Promise<Practised> {
  const { world } = practising;
  const { work, left } = workOf(practising);
  const steps: DrillStep[] = [];
  let refusal: DeckError | undefined;
  for (const [index, id] of drillSteps.entries()) {
    world.output.progress(`${index + 1}/${drillSteps.length} ${titles[id]}.`);
    const [startedAt, from] = [world.now().toISOString(), performance.now()];
    const seen = await work[id]().catch((error: unknown): Seen => {
      if (error instanceof DeckError && error.code === exitCodes.refused) refusal = error;
      const why = error instanceof Error ? error.message.split("\n", 1)[0] : undefined;
      return { status: "unknown", summary: why || "Something that is no error was thrown." };
    });
    const told: Seen = world.signal.aborted ? { status: "unknown", summary: "It was interrupted." } : seen;
    steps.push({ id, ...told, startedAt, durationMs: Math.round(performance.now() - from) });
    world.output.progress(`  ${told.summary}`);
    if (told.status !== "held") break;
  }
  const { before, candidate, after, secrets } = left;
  const isRead = before !== undefined && candidate !== undefined && after !== undefined;
  return { steps, data: isRead ? { before, candidate, after } : null, secrets, refusal };
}

/** What one step leaves for the next. */
interface Left extends Partial<Record<"before" | "candidate" | "after", DrillData>> {
  secrets: ReadonlyMap<string, Secret>;
  /** The tree that the first update deployed, by the drill's own record: the stack's file is in it. */
  deployed?: string | undefined;
}

/** More memory than the running one, in MB: a state is archived where the container is replaced, which not every candidate causes. */
const moreMemoryMb = 16;

function workOf({ call, world, stack, source, drill }: Practising) {
  const { signal } = world;
  const { running, candidate } = source;
  const environment = drillEnvironment(stack);
  const left: Left = { secrets: new Map() };
  const deck = (...words: readonly string[]) =>
    runDeck(words, { drill, environment, verbose: call.options.verbose === true, world });
  const place = { root: world.root, stack: call.stack };
  const use = async (user: string) => {
    const gateway = await drillGateway(drill);
    await useGateway(gateway, user, world);
    return readData(gateway, signal);
  };
  const onRecord = async () => lastOnRecord(drill, await drillGateway(drill));

  const work: Readonly<Record<DrillStepId, () => Promise<Seen>>> = {
    prepare: async () => {
      const packages = await packagesOf(place);
      await makeDrillStack(drill, { commit: running.content.base, packages, environment }, world);
      await refuseSameToken(stack, drill);
      const settings = await readSettings(drill.root, drill.stack);
      left.secrets = await resolveSecrets(settings.secrets, { env: {}, projectRoot: drill.root });
      world.output.hide(left.secrets);
      // Open items are a live fact: what the running release once held of them says nothing of today.
      const but = { path: itemsPath, commit: candidate.content.commit };
      await moveTree({ packages }, drill.root, { ...running.content, but });
      await setGateway(drill, running.gateway);
      return held(`The stack \`${drill.stack}\` has a work tree, secrets, ports and names of its own.`);
    },
    running: async () => {
      const ended = await deck("up", "--yes");
      // What runs says nothing of a rollback where it does not so much as come up.
      if (ended.code !== exitCodes.done) return untold("What runs does not come up anew.", ended);
      left.deployed = (await onRecord())?.tree;
      left.before = await use("4242");
      return held(ended.summary);
    },
    candidate: async () => {
      await moveTree({ packages: await packagesOf(place) }, drill.root, candidate.content);
      await setGateway(drill, candidate.gateway);
      const { memoryMb } = (await readSettings(drill.root, drill.stack)).gateway;
      await setGateway(drill, { ...candidate.gateway, memoryMb: memoryMb + moreMemoryMb });
      const ended = await deck("up", "--yes");
      if (isUntold(ended)) return untold("Whether the candidate comes up could not be told.", ended);
      if (ended.code !== exitCodes.done) return notHeld("The candidate does not come up.", ended);
      left.candidate = await use("4343");
      return held(ended.summary);
    },
    break: async () => {
      await breakGateway(await drillGateway(drill));
      return held("The gateway was killed, and its state's database overwritten.");
    },
    rollback: async () => {
      // Whatever keeps it from its end, what ran before is not proven to be back.
      const ended = await deck("rollback", "--with-state", "--yes");
      if (ended.code !== exitCodes.done) return notHeld("The rollback failed.", ended);
      const last = await onRecord();
      const isBack = last?.event === "rolled-back" && last.verdict === "open" && last.tree === left.deployed;
      return isBack ? held(ended.summary) : notHeld("The record does not say that what ran before is back.", ended);
    },
    compare: async () => {
      const { before, candidate } = left;
      const after = await readData(await drillGateway(drill), signal);
      left.after = after;
      if (before === undefined || candidate === undefined) throw new Error("Nothing was read before.");
      return compareData({ before, candidate, after });
    },
  };
  return { work, left };
}

const held = (summary: string): Seen => ({ status: "held", summary });
const isUntold = ({ code }: Ended) => code === undefined || code === exitCodes.unknown;
const untold = (what: string, { summary }: Ended): Seen => ({ status: "unknown", summary: `${what} ${summary}` });
const notHeld = (what: string, { summary }: Ended): Seen => ({ status: "failed", summary: `${what} ${summary}` });
