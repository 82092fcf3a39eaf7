/** `deck history` and `deck history verify`: what was tried on a stack, by whom, and how it ended. */

import { existsSync } from "node:fs";
import { lastBegun } from "../checks/evidence/begun.ts";
import type { HistoryDraft, HistoryEntry, Recorded } from "../model/history.ts";
import { layoutOf } from "../model/layout.ts";
import { forStack } from "../model/operatorCommand.ts";
import { eventsOnRecord, type RecordedEvent } from "../release/events.ts";
import {
  HistoryBroken,
  HistoryNotWritten,
  headOf,
  historyFolderOf,
  historyPlaceOf,
  keepForHistory,
  readHistory,
  readWaiting,
  record,
  whoActs,
} from "../release/history.ts";
import type { Cleared } from "../release/mayDeploy.ts";
import { trustFolder } from "../release/trust.ts";
import { modesHere, modesOptions } from "./modes.ts";
import { bringRecords, readKnown } from "./releasePlace.ts";
import { openStack, projectRootOf, type Stack, withHost } from "./session.ts";
import type { UpdateEnd } from "./update.ts";
import { DeckError, type ExitCode, exitCodes, type Verb, type World } from "./verb.ts";

export const historyVerb: Verb = {
  name: "history",
  summary: "Show every update, refusal, release and move of the mode: who, which release, and how it ended",
  async run(call, world) {
    const stack = await openStack(call, world);
    const { entries } = await read(stack);
    const { code, records } = await recordedOf(stack, world);
    const waiting = await readWaiting(historyFolderOf(stack.evidenceFolder));
    const lines = [
      ...entries.map((entry) => ({ at: entry.at, text: line(entry, String(entry.number)) })),
      ...waiting.map((draft) => ({ at: draft.at, text: `${line(draft, "…")} (put on the record by the next update)` })),
      ...(records ?? []).map(recordLine),
    ];
    const text = lines.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at)).map((each) => each.text);
    return { code, data: { entries, waiting, records }, text: text.join("\n") || "Nothing is on record yet." };
  },
};

export const historyVerifyVerb: Verb = {
  name: "history verify",
  summary: "Follow the stack's record from its first entry, and find the first that was changed",
  async run(call, world) {
    const stack = await openStack(call, world);
    const { entries } = await read(stack);
    await refuseUnsigned(entries, stack, world);
    const waiting = (await readWaiting(historyFolderOf(stack.evidenceFolder))).length;
    const count = entries.length === 1 ? "1 entry holds" : `${entries.length} entries hold`;
    const more = waiting === 0 ? "" : ` ${waiting} more ${waiting === 1 ? "waits" : "wait"} here for the next update.`;
    return { code: exitCodes.done, data: { entries: entries.length, waiting, broken: null }, text: `${count}.${more}` };
  },
};

interface OnRecord {
  /** Other than done where that could not be told, or not be believed: what happened on the host is shown all the same. */
  readonly code: ExitCode;
  readonly records: readonly RecordedEvent[] | null;
}

/** What the branch `records` says: nothing where nobody installed trust, because then nothing of it can be believed. */
async function recordedOf({ stack, settings }: Stack, world: World): Promise<OnRecord> {
  if (!existsSync(trustFolder(stack))) return { code: exitCodes.done, records: [] };
  try {
    await bringRecords(settings, world);
    const modes = await modesHere(world.root, await modesOptions(stack, world));
    if (!modes.ok) world.output.progress(modes.problem);
    await using known = await readKnown({ stack }, world);
    return { code: exitCodes.done, records: await eventsOnRecord(known, modes) };
  } catch (error) {
    if (!(error instanceof DeckError)) throw error;
    world.output.progress(`Releases and moves of the mode are not shown. ${error.message}`);
    return { code: error.code, records: null };
  }
}

/** The chain tells what was changed in it, not whether what was put there was true. @throws DeckError with code 1 */
async function refuseUnsigned(entries: readonly HistoryEntry[], { stack, settings }: Stack, world: World): Promise<void> {
  const released = entries.filter(({ event }) => event === "released");
  if (released.length === 0) return;
  await bringRecords(settings, world);
  await using known = await readKnown({ stack }, world);
  // Once for each release: many an update brings up the same one.
  const signed = new Set<string>();
  for (const { number, release } of released) {
    if (release !== undefined && signed.has(release.digest)) continue;
    const reasons = release === undefined ? [] : await known.neverSignedOff(release.digest);
    if (release !== undefined && reasons === undefined) {
      signed.add(release.digest);
      continue;
    }
    const which = `Entry ${number} says released, and no Judge ever signed the release ${release?.digest.slice(0, 12)} for \`${stack}\``;
    const why = reasons === undefined || reasons.length === 0 ? "." : `, by the installed roles. ${reasons.join(" ")}`;
    const gone = why.includes("nobody's record") ? " Who went must still stand there, with `until:` at their keys." : "";
    throw new DeckError("finding", `${which}${why}${gone}`, forStack("npx deck release list", stack));
  }
}

async function read(stack: Stack) {
  return withHost(stack, (host) => readHistory(historyPlaceOf(host, stack))).catch((error: unknown) => {
    if (error instanceof HistoryBroken) throw new DeckError("finding", error.message, asideOf(stack));
    if (error instanceof HistoryNotWritten) throw new DeckError("unknown", error.message);
    throw error;
  });
}

/** Nothing of a record that does not hold is thrown away: it is what somebody will look at. */
function asideOf({ settings, evidenceFolder }: Stack): string {
  const { history } = layoutOf(settings);
  const folder = historyFolderOf(evidenceFolder);
  return `diff ${folder}/copy.jsonl ${history} # on the host; once it is understood, move both aside, and a new record begins`;
}

function recordLine({ at, event, who = "", release, commit, summary }: RecordedEvent) {
  const of = release?.id ?? commit.slice(0, 12);
  return { at, text: `   ·  ${at}  ${event.padEnd(8)}  ${of}  ${who}${who === "" ? "" : "  "}${summary}` };
}

function line(draft: Recorded, number: string): string {
  const { at, event, who, release, commit, verdict, blockedBy, durationMs, summary } = draft;
  const of = release?.id ?? commit?.slice(0, 12) ?? "no commit";
  const took = durationMs === undefined ? "" : `, ${Math.round(durationMs / 1000)} s`;
  const how = verdict === undefined ? "" : ` [${[verdict, ...(blockedBy ?? [])].join(" ")}]`;
  return `${number.padStart(4)}  ${at}  ${event.padEnd(8)}  ${of}  ${who}${how}${took}  ${summary}`;
}

const movedAway = "The tree is at another commit than the one that was signed when the update began; nothing is released.";

/** How an update ended, and when it was asked for. */
export interface Ended {
  readonly end: UpdateEnd;
  readonly from: Date;
  readonly signOff: Cleared;
  /** Git's id of the tree that was deployed; undefined where it is none, or was another at the end. */
  readonly tree?: string | undefined;
  /** True for a rollback that nobody asked for. */
  readonly automatic?: boolean | undefined;
}

/**
 * Records how an update ended, once nothing more can change that. What ended before anything was touched waits here for the
 * next time: until then the host's folder may not even be this stack's. Where sign-off is required, nothing that is not on
 * record is released.
 * @param stack as it was when the update began.
 */
export async function recordUpdateEnd(
  stack: Stack,
  world: World,
  { end: ended, from, signOff, tree, automatic }: Ended,
): Promise<UpdateEnd> {
  const folder = projectRootOf(stack);
  const [who, commit, begun] = await Promise.all([whoActs(folder), headOf(folder), lastBegun(stack.evidenceFolder)]);
  const isTouched = begun !== undefined && !(begun < from);
  const isMoved = signOff.kind === "signed" && commit !== signOff.release.commit;
  const end = ended.code === exitCodes.done && isMoved ? { ...ended, code: exitCodes.unknown, summary: movedAway } : ended;
  // A rehearsal is none, whoever signed it.
  const isOpen = isTouched && end.code === exitCodes.done;
  const isReleased = isOpen && signOff.kind === "signed" && !stack.settings.rehearsal && stack.rollback === undefined;
  const good = stack.rollback === undefined ? (isReleased ? "released" : "ended") : "rolled-back";
  const draft: HistoryDraft = {
    event: isTouched ? (isOpen ? good : "ended") : "refused",
    ...(isOpen ? { verdict: "open" } : {}),
    ...(isOpen && tree !== undefined ? { tree } : {}),
    ...(automatic === true ? { automatic } : {}),
    ...(signOff.kind === "signed" ? { release: { id: signOff.release.releaseId, digest: signOff.release.digest } } : {}),
    ...{ at: world.now().toISOString(), stack: stack.stack, who, summary: end.summary },
    durationMs: Math.max(0, world.now().getTime() - from.getTime()),
    ...(commit === undefined ? {} : { commit }),
  };
  if (!isTouched) {
    await keepForHistory(historyFolderOf(stack.evidenceFolder), draft);
    return end;
  }
  try {
    await withHost(stack, (host) => record(historyPlaceOf(host, stack), draft));
    return end;
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown error";
    const sentence = `How it ended could not be put on the stack's record. ${reason}`;
    world.output.progress(sentence);
    const isFalse = end.code === exitCodes.done && stack.settings.requireSignOff;
    return isFalse ? { ...end, code: exitCodes.unknown, summary: `${sentence} Nothing is released.` } : end;
  }
}
