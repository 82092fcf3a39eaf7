/** What `deck up` does by itself after a blocked gate, where the gate's policy says so: what a restart mends, then what ran before. */

import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { reportSchema } from "../checks/evidence/report.ts";
import { pathsIn } from "../checks/evidence/write.ts";
import { startChannel } from "../host/gateway.ts";
import { automaticInARow, failingWhatRuns, mostInARow } from "../model/byItself.ts";
import { jsonIn } from "../model/jsonIn.ts";
import { gatewayName } from "../model/layout.ts";
import { forStack } from "../model/operatorCommand.ts";
import { treeOf } from "../release/snapshot.ts";
import { rollBack } from "./rollback.ts";
import { deploymentBefore, openOlder, readRan } from "./rollbackTarget.ts";
import { openPolicy, openStack, withHost } from "./session.ts";
import type { UpdateEnd } from "./update.ts";
import { type Call, DeckError, exitCodes, type World } from "./verb.ts";

interface Blocked {
  readonly end: UpdateEnd;
  /** Brings this tree up once more. */
  readonly up: () => Promise<UpdateEnd>;
  /** What judges a rollback besides its own program; default: today's checks. */
  readonly gate?: Parameters<typeof rollBack>[1] | undefined;
}

/**
 * The end of an update, or of what was done about it. It is done only where another update of this very tree ended so: what was
 * brought back is not what was asked for.
 */
export async function recovered(call: Call, world: World, { end, up, gate }: Blocked): Promise<UpdateEnd> {
  const failing = await reasonsOf(end, world);
  if (failing.length === 0 || world.signal.aborted) return end;
  const mended = failing.join() === "telegram" ? await startedAgain(call, world, up) : undefined;
  if (mended?.code === exitCodes.done) return mended;
  // What the second one found is what counts now; where that is nothing of what runs, nothing older would mend it.
  const last = mended ?? end;
  const still = mended === undefined ? failing : await reasonsOf(mended, world);
  if (still.length === 0 || world.signal.aborted) return last;
  try {
    return await goBack(call, world, { end: last, failing: still, gate });
  } catch (error) {
    if (!(error instanceof DeckError)) throw error;
    return { ...last, summary: `${last.summary} It was not rolled back by itself: ${error.message}` };
  }
}

/** The checks of what runs that block; none where the policy does not say that it goes back by itself, or there is no verdict. */
async function reasonsOf({ code, evidence }: UpdateEnd, world: World): Promise<readonly string[]> {
  if (code === exitCodes.done || evidence === undefined) return [];
  const { rollback } = await openPolicy(world);
  if (rollback?.automatic !== true) return [];
  const report = reportSchema.safeParse(jsonIn(await readFile(pathsIn(dirname(evidence)).json, "utf8").catch(() => "")));
  return report.success && report.data.verdict.outcome === "blocked" ? failingWhatRuns(report.data.verdict) : [];
}

/** A channel that was refused once stays down until it is told to start: an older release would be told no better. */
async function startedAgain(call: Call, world: World, up: () => Promise<UpdateEnd>): Promise<UpdateEnd | undefined> {
  const stack = await openStack(call, world);
  world.output.progress("Only the channel is down; it is started again before anything is rolled back.");
  const started = await withHost(stack, (host) => startChannel(host, gatewayName(stack.settings)));
  if (started) return up();
  world.output.progress("The gateway did not take the channel's start.");
  return undefined;
}

interface Failing extends Pick<Blocked, "end" | "gate"> {
  readonly failing: readonly string[];
}

/** @throws DeckError where there is nothing to go back to, or it may not be. */
async function goBack(call: Call, world: World, { end, failing, gate }: Failing): Promise<UpdateEnd> {
  const ran = await readRan(call, world);
  if (automaticInARow(ran.entries) >= mostInARow) {
    const person = `It was rolled back by itself ${mostInARow} times in a row, and is not again: a person is needed.`;
    return { ...end, summary: `${end.summary} ${person}` };
  }
  const [newest] = ran.all;
  if (ran.current === undefined || ran.current !== (await treeOf(world.root, call.stack)))
    return { ...end, summary: `${end.summary} It was not rolled back by itself: somebody deployed meanwhile.` };
  // What ran well before is no worse than what ran before it: something else is out.
  if (newest?.tree === ran.current)
    return { ...end, summary: `${end.summary} It was not rolled back by itself: this very tree ran behind an open gate.` };
  const older = await openOlder(deploymentBefore(ran), ran, { world, make: false });
  const { name } = older.deployment;
  world.output.progress(`${end.summary}\nThe gate's policy says to go back by itself: \`${name}\` comes back.`);
  const back = await rollBack({ call, world, ran, older, backup: undefined, waitSeconds: 0, automatic: true }, gate);
  const how =
    back.code === exitCodes.done
      ? `\`${name}\`, which ran before, is back, and passed its checks.`
      : `\`${name}\`, which ran before, was brought back by itself, and did not pass: ${back.summary} A person is needed.`;
  const look = forStack("npx deck history", call.stack);
  return { ...end, summary: `Blocked by ${failing.join(", ")}; this is not released. ${how} (${look})` };
}
