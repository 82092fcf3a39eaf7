/** `deck backup restore`: another state takes the place of the gateway's, with today's secrets, and the gate judges what then runs. */

import { randomBytes } from "node:crypto";
import { readSourceDocuments } from "../checks/sourceDocuments.ts";
import { BackupUnusable, botOfState, exchangeState, type NewState, prepareState, settleState } from "../host/backup.ts";
import { docker } from "../host/engine.ts";
import { ensureFile, mustRun } from "../host/ensure.ts";
import { findContainer, indexTimeoutMs, refreshIndex } from "../host/gateway.ts";
import { envFileEntries, renderEnvFile } from "../model/envFile.ts";
import { stopSeconds } from "../model/gatewayContainer.ts";
import type { HistoryDraft } from "../model/history.ts";
import { gatewayName, modes } from "../model/layout.ts";
import { forStack } from "../model/operatorCommand.ts";
import { record } from "../release/history.ts";
import type { HeldLease } from "../release/lease.ts";
import { type Backups, findBackup, withBackups } from "./backupPlace.ts";
import { decide } from "./confirm.ts";
import { gateVerb } from "./gate.ts";
import { waitOption, waitSecondsOf, withLease } from "./lease.ts";
import { openStack } from "./session.ts";
import { type Call, DeckError, exitCodes, type Outcome, type Verb, type World } from "./verb.ts";

export const backupRestoreVerb: Verb = {
  name: "backup restore",
  summary: "Put the state of a backup in the place of the gateway's, which is kept aside, and gate what then runs",
  changes: true,
  arguments: [{ name: "[name]", description: "the backup, as `deck backup list` shows it" }],
  options: [
    { flags: "--previous", description: "instead of a backup: the state that the last restore put aside" },
    { flags: "--empty", description: "instead of a backup: none, where the state cannot be used and no backup is there" },
    waitOption,
  ],
  async run(call, world) {
    const { from, consequence } = await withBackups(call, world, async (backups) => {
      const from = await wanted(call, backups);
      const consequence = `${sentence(from)} takes the place of stack \`${call.stack}\`'s gateway's. What the bot was told since then is no longer in its sessions; that state is kept aside until the next restore. The gateway stops for it.${imageNote(from, backups)}`;
      return { from, consequence };
    });
    if (call.dryRun) return { code: exitCodes.done, data: { dryRun: true, from: from.kind }, text: `Would do: ${consequence}` };
    if (!call.yes) {
      const withoutQuestion = forStack(`npx deck backup restore ${typed(from)} --yes`, call.stack);
      const refused = "Nothing was changed.";
      await decide({ question: `${consequence} Go on?`, withoutQuestion, refused, signal: world.signal });
    }
    const asked = { purpose: "npx deck backup restore", waitSeconds: waitSecondsOf(call.options.wait, call) };
    return withLease(await openStack(call, world), world, asked, ({ lease }) =>
      withBackups(call, world, (backups) => restore(from, backups, { call, world, lease })),
    );
  },
};

/** @throws DeckError */
async function wanted({ args, options, stack }: Call, backups: Backups): Promise<NewState> {
  const [name] = args;
  const given = [name !== undefined, options.previous === true, options.empty === true].filter(Boolean);
  if (given.length !== 1) {
    const problem = "One of a backup's name, `--previous` and `--empty` is wanted.";
    throw new DeckError("usage", problem, forStack("npx deck backup list", stack));
  }
  if (options.empty === true) return { kind: "empty" };
  if (name === undefined) return { kind: "previous" };
  const { backup } = await findBackup(backups, name);
  const from: NewState = { kind: "backup", backup };
  refuseOtherBot(from, backup.bot, backups);
  return from;
}

/** @throws DeckError with code 4 */
function refuseOtherBot(from: NewState, bot: string | undefined, { bot: own, stack }: Backups): void {
  if (bot === undefined || bot === own) return;
  const problem = `${sentence(from)} is of another bot than the one whose token this stack has; its sessions would answer the wrong people. Nothing was changed.`;
  throw new DeckError("refused", problem, forStack("npx deck backup list", stack.stack));
}

/** An image migrates what an older one wrote, and cannot read what a newer one wrote. */
function imageNote(from: NewState, { container }: Backups): string {
  if (from.kind !== "backup" || container === undefined || from.backup.image === container.image) return "";
  const whose =
    from.backup.image === undefined ? "Nobody knows which image wrote it" : "Another image wrote it than the one that runs";
  return ` ${whose}: the one that runs can read it only where that one was no newer.`;
}

const typed = (from: NewState): string => (from.kind === "backup" ? from.backup.name : `--${from.kind}`);

function words(from: NewState): string {
  if (from.kind === "backup") return `the state of ${from.backup.name}`;
  return from.kind === "previous" ? "the state that the last restore put aside" : "an empty state";
}

const sentence = (from: NewState): string => words(from).replace(/^./, (letter) => letter.toUpperCase());

interface Asked {
  readonly call: Call;
  readonly world: World;
  readonly lease: HeldLease;
}

async function restore(from: NewState, backups: Backups, asked: Asked): Promise<Outcome> {
  const ready = await makeReady(from, backups, asked);
  await exchange(ready, backups, asked.world, { restart: true });
  return judge(from, backups, asked);
}

/** Makes a state ready beside the one in use, proven and on record as about to come. @returns what `exchange` takes. */
export async function makeReady(from: NewState, backups: Backups, { call, world, lease }: Asked): Promise<string> {
  const { place } = backups;
  const settled = await settleState(place);
  if (settled !== undefined) world.output.progress(`An earlier exchange had been interrupted; it is ${settled}.`);
  world.output.progress(`Making ${words(from)} ready, beside the one in use.`);
  const ready = await prepareState(place, from, randomBytes(4).toString("hex")).catch((error: unknown) => {
    throw error instanceof BackupUnusable
      ? new DeckError("finding", `${error.message} Nothing was changed.`, forStack("npx deck backup verify", call.stack))
      : error;
  });
  // By its own word, now that it lies here: what was on record, or put aside, need not be what somebody took it for.
  if (from.kind !== "empty") refuseOtherBot(from, await botOfState(place, ready), backups);
  await exchangeState(place, ready, true).catch((error: Error) => {
    throw new DeckError("unknown", `${error.message} Nothing was changed.`);
  });
  const lost = await lease.whyLost();
  if (lost !== undefined)
    throw new DeckError("unknown", `${lost} Nothing was changed.`, forStack("npx deck lease show", call.stack));
  if (world.signal.aborted) throw new DeckError("unknown", "Interrupted before anything was changed.");
  await put(backups, world, { event: "restoring", summary: `${sentence(from)} is about to take the place of the gateway's.` });
  return ready;
}

/** Whatever runs now is for the gate to say. */
async function judge(from: NewState, backups: Backups, { call, world }: Asked): Promise<Outcome> {
  const ofBackup = from.kind === "backup" ? { backup: from.backup } : {};
  if (backups.container === undefined) {
    const summary = `${sentence(from)} is in place, and there is no gateway to run on it.`;
    await put(backups, world, { event: "restored", summary, ...ofBackup });
    const text = `${summary}\nNext: ${forStack("npx deck up", call.stack)}`;
    return { code: exitCodes.unknown, data: { from: from.kind, gate: null }, text };
  }
  await bringIndexUpToDate(backups, world);
  const gate = await gateVerb.run(call, world);
  const how = gate.code === exitCodes.done ? "was open" : `was not (exit ${gate.code})`;
  const verdict = gate.code === exitCodes.done ? "open" : "blocked";
  const summary = `${sentence(from)} is in place; the gate after it ${how}.`;
  await put(backups, world, { event: "restored", verdict, summary, ...ofBackup });
  return { code: gate.code, data: { from: from.kind, gate: gate.data }, text: `${gate.text}\n${summary}` };
}

/** Puts on the stack's record what became of the state. */
export async function put(
  { history, about }: Backups,
  { now }: World,
  what: Pick<HistoryDraft, "event" | "summary" | "verdict" | "backup">,
) {
  await record(history, { at: now().toISOString(), ...about, ...what });
}

/**
 * Not interrupted from here on: in the middle of it there is no gateway. Whatever goes wrong, the gateway is started with whichever
 * state is in place, because a bot that stands still is mended by nobody.
 * @param restart false where an update follows that makes the container anew: then it stays stopped, unless something goes wrong.
 * @throws DeckError with what to type next.
 */
export async function exchange(
  ready: string,
  { place, container, stack, secrets, bot }: Backups,
  { output }: World,
  { restart }: { readonly restart: boolean },
): Promise<void> {
  const { host, layout, uid, gid, via } = place;
  const name = gatewayName(stack.settings);
  const timeoutMs = (stopSeconds + 60) * 1000;
  const faults: string[] = [];
  const tell = (error: Error) => void faults.push(error.message);
  const stopAndExchange = async () => {
    if (container !== undefined) {
      output.progress("Stopping the gateway; it may take a while to end its work.");
      await mustRun(host, docker(host, "stop", "--time", String(stopSeconds), name), { timeoutMs, uninterrupted: true });
      if ((await findContainer(host, name))?.isRunning === true) throw new Error(`Somebody started \`${name}\` meanwhile.`);
    }
    await exchangeState(place, ready);
    // Today's values, never those of then; where the container was made with others, the gate says so.
    const content = renderEnvFile(envFileEntries(stack.settings, secrets)).reveal();
    await ensureFile(host, { path: layout.envFile, mode: 0o600, uid, gid, via }, content);
    await ensureFile(host, { path: layout.botFile, mode: modes.botFile, uid, gid, via }, bot);
  };
  await stopAndExchange().catch(tell);
  // Also where it runs: it may have been started on the state that was put aside.
  if (container !== undefined && (restart || faults.length > 0))
    await mustRun(host, docker(host, "restart", "--time", String(stopSeconds), name), { timeoutMs, uninterrupted: true }).catch(
      tell,
    );
  if (faults.length === 0) return;
  const next = forStack(
    "npx deck up # brings an exchange to its end or undoes it, writes the env file, and starts the gateway",
    stack.stack,
  );
  throw new DeckError("unknown", `The exchange did not come to its end. ${faults.join(" ")}`, next);
}

/** An index of then knows other documents. What cannot be done here, the gate tells. */
async function bringIndexUpToDate({ place, secrets, stack }: Backups, { output, root }: World): Promise<void> {
  output.progress("Waiting for the gateway to boot and to bring the bot's index of the documents up to date.");
  try {
    const { title } = await readSourceDocuments(root, secrets);
    await mustRun(place.host, refreshIndex(place.host, gatewayName(stack.settings), title), { timeoutMs: indexTimeoutMs });
  } catch (error) {
    output.progress(`The bot's index was not brought up to date. ${error instanceof Error ? error.message : ""}`);
  }
}
