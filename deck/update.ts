/** Runs `pulumi up` or `pulumi preview` and tells how it ended by what the program wrote down, never by what was printed. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { SummaryEvent } from "./engineEvents.ts";
import { type EngineEnd, runEngine } from "./engineRun.ts";
import { handOver } from "./handOver.ts";
import { type ExitCode, exitCodes, type Output } from "./verb.ts";
import { makeWorkFolder } from "./workFolder.ts";

export interface UpdateCall {
  readonly command: "up" | "preview";
  /** Absolute path of the project. */
  readonly root: string;
  readonly stack: string;
  /** The Pulumi CLI. */
  readonly pulumi: string;
  /** The whole environment of the CLI. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Variables that hold secret values, for the program alone; not in `environment`. */
  readonly secretVariables: Readonly<Record<string, string>>;
  /** Shows all that Pulumi prints. */
  readonly verbose: boolean;
  readonly output: Pick<Output, "progress" | "status">;
  readonly signal: AbortSignal;
  /** Of an older release that comes back: its tree, and the text of the stack's file that the engine reads in place of the tree's. */
  readonly rollback?: { readonly tree: string; readonly stackFile: string };
}

/** How many resources are touched, by what happens to them. */
export interface Changes {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly same: number;
}

export interface UpdateEnd {
  readonly code: ExitCode;
  /** One sentence. */
  readonly summary: string;
  /** The evidence page of the gate in this update; absent where the gate did not end. */
  readonly evidence?: string;
  /** The engine's own count; null where it did not get that far. */
  readonly changes: Changes | null;
  /** Resources that were deleted, which Pulumi does after the program has ended, hence after the gate; null where that could not be told. */
  readonly deleted: number | null;
  /** Of a preview: the checks by which `up` would be refused before anything is touched; null where that could not be told. */
  readonly upWouldBeRefused?: readonly string[] | null;
}

/** What the program writes to `PHILLBOT_OUTCOME_FILE`; see `stacks/outcome.ts`. */
const code = z.literal(Object.values(exitCodes));
const outcome = z.strictObject({
  code,
  summary: z.string(),
  evidence: z.string().exactOptional(),
  rolledBack: z.string().exactOptional(),
});
const forecast = z.strictObject({ code, upWouldBeRefused: z.array(z.string()) });

/** Everything that removes something: a replacement's old half too, because not every one goes before the new one comes. */
const deletions = ["delete", "delete-replaced", "discard", "discard-replaced"];

/** @returns how it ended; done only where Pulumi succeeded and the program wrote that its gate was open. */
export async function runUpdate(call: UpdateCall): Promise<UpdateEnd> {
  await using folder = await makeWorkFolder();
  await using secrets = await handOver(folder.path, call.secretVariables);
  const outcomeFile = join(folder.path, "outcome.json");
  const environment = {
    ...call.environment,
    PHILLBOT_OUTCOME_FILE: outcomeFile,
    PHILLBOT_SECRETS_SOCKET: secrets.path,
  };
  const pack = ["--policy-pack", join(call.root, policyPack)];
  const config = call.rollback === undefined ? [] : ["--config-file", join(folder.path, `Pulumi.${call.stack}.yaml`)];
  if (call.rollback !== undefined) await writeFile(config[1] ?? "", call.rollback.stackFile, { mode: 0o600 });
  const args = ["--stack", call.stack, ...pack, ...config, ...(call.command === "up" ? ["--yes", "--skip-preview"] : [])];
  const engine = await runEngine({ ...call, args, environment, folder: folder.path });
  const written = await json(outcomeFile);
  const { isExplained, ...end } =
    call.command === "preview"
      ? previewEnd(engine, written)
      : { ...updateEnd(engine, written, call), deleted: countDeleted(engine) };
  const wasInterrupted = !isExplained && call.signal.aborted;
  // Who interrupts knows why it ended.
  if (!isExplained && !wasInterrupted) await engine.tellAll();
  const changes = countChanges(engine.summaries, call.command === "preview");
  return { ...end, ...(wasInterrupted ? { summary: interrupted[call.command](changes) } : {}), changes };
}

/** A file that Pulumi starts, below the project's folder. */
const policyPack = "policy/pack";

/** An end, and whether what the operator has seen says why. */
type Judged<T> = T & { readonly isExplained: boolean };

/** What the pack refused, the program did not: it knows nothing of the pack, and cannot have written it down. */
function refusedByPack(violated: readonly string[], so: string) {
  const summary = `Refused by the stack's policy (${violated.join(", ")}); ${so}.`;
  return { code: exitCodes.refused, summary, isExplained: true };
}

function updateEnd(
  { exitCode, violated }: EngineEnd,
  file: unknown,
  { rollback }: Pick<UpdateCall, "rollback">,
): Judged<Pick<UpdateEnd, "code" | "summary" | "evidence">> {
  if (violated.length > 0) return refusedByPack(violated, "nothing is released, and what was changed before it stays");
  const written = outcome.safeParse(file);
  if (!written.success) return { code: exitCodes.unknown, summary: unfinished("up", exitCode), isExplained: false };
  const { rolledBack, ...end } = written.data;
  // A gate that lets an older release by is none for a new one, and the other way round.
  if (end.code === exitCodes.done && rolledBack !== rollback?.tree) {
    const summary = "The program did not bring up what it was asked for; nothing is released.";
    return { ...end, code: exitCodes.unknown, summary, isExplained: false };
  }
  if (exitCode === 0 || end.code !== exitCodes.done) return { ...end, isExplained: true };
  const summary = "The gate was open, but `pulumi up` failed after it; nothing is released.";
  return { ...end, code: exitCodes.unknown, summary, isExplained: false };
}

function previewEnd({ exitCode, violated }: EngineEnd, file: unknown): Judged<Omit<UpdateEnd, "changes">> {
  const nothing = { deleted: 0, upWouldBeRefused: null };
  if (violated.length > 0) return { ...nothing, ...refusedByPack(violated, "nothing was changed") };
  const refused = outcome.safeParse(file);
  if (refused.success && refused.data.code !== exitCodes.done) return { ...nothing, ...refused.data, isExplained: true };
  const judged = forecast.safeParse(file);
  if (exitCode !== 0 || !judged.success)
    return { ...nothing, code: exitCodes.unknown, summary: unfinished("preview", exitCode), isExplained: false };
  const { code, upWouldBeRefused } = judged.data;
  const isRefused = upWouldBeRefused.length > 0;
  const refusal = isRefused
    ? `\`up\` would be refused by ${upWouldBeRefused.join(", ")}, with nothing touched.`
    : "`up` would not be refused before it begins.";
  return {
    deleted: 0,
    upWouldBeRefused,
    code: isRefused && code === exitCodes.done ? exitCodes.unknown : code,
    summary: `Previewed; nothing was changed. ${refusal}`,
    isExplained: true,
  };
}

const interrupted = {
  up: (changes: Changes | null) =>
    `The update was interrupted before its gate reached a verdict; nothing is released. ${doneUntilThen(changes)} What it was replacing may be gone, the gateway too, until the next update.`,
  preview: () => "The preview was interrupted; nothing was changed.",
} as const;

/** What was done is named as it comes; this is its sum. */
function doneUntilThen(changes: Changes | null): string {
  if (changes === null) return "What it had done until then could not be counted.";
  const { create, update, replace, delete: gone } = changes;
  const parts = Object.entries({ created: create, updated: update, replaced: replace, deleted: gone });
  const done = parts.flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
  return done.length === 0 ? "Nothing was changed until then." : `Until then: ${done.join(", ")}.`;
}

function unfinished(command: UpdateCall["command"], exitCode: number | undefined): string {
  const [verdict, so] =
    command === "up" ? ["its gate reached a verdict", "nothing is released"] : ["the tree was judged", "nothing was changed"];
  return exitCode === 0
    ? `\`pulumi ${command}\` ended well, but its program reached no verdict, so ${so}.`
    : `\`pulumi ${command}\` ended with ${exitCode ?? "a signal"} before ${verdict}; ${so}.`;
}

/** @returns null where there is no count to rely on, or none at all: that is not "nothing". */
function countsOf(summaries: readonly SummaryEvent[], isPreview: boolean): Readonly<Record<string, number>>[] | null {
  const counted = summaries.filter((summary) => summary.isPreview === isPreview);
  if (counted.length === 0 || counted.some(({ isDoubtful }) => isDoubtful)) return null;
  return counted.map(({ counts }) => counts);
}

function countDeleted({ summaries }: EngineEnd): number | null {
  const counts = countsOf(summaries, false)?.flatMap((each) => deletions.map((kind) => each[kind] ?? 0));
  return counts?.reduce((sum, count) => sum + count, 0) ?? null;
}

function countChanges(summaries: readonly SummaryEvent[], isPreview: boolean): Changes | null {
  const last = countsOf(summaries, isPreview)?.at(-1);
  if (last === undefined) return null;
  const { create = 0, update = 0, replace = 0, delete: gone = 0, same = 0 } = last;
  return { create, update, replace, delete: gone, same };
}

/** The file's content as JSON; undefined where it is absent or anything else. */
async function json(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}
