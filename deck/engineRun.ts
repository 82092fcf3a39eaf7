/** One run of Pulumi as an operator wants to see it: what matters as it comes, and all of it where it failed unexplained. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { attend } from "./attend.ts";
import { engineEvent, type SummaryEvent } from "./engineEvents.ts";
import { openEventPipe } from "./eventPipe.ts";
import { SafePoint } from "./safePoint.ts";
import { UpdateView } from "./updateView.ts";
import type { Output } from "./verb.ts";

export interface EngineCall {
  readonly command: "up" | "preview" | "destroy";
  /** What follows the command. */
  readonly args: readonly string[];
  /** A folder that nobody else may enter, for this run alone. */
  readonly folder: string;
  /** Absolute path of the project. */
  readonly root: string;
  /** The Pulumi CLI. */
  readonly pulumi: string;
  /** The whole environment of the CLI. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Shows all that Pulumi prints, as it prints it, and nothing of ours. */
  readonly verbose: boolean;
  readonly output: Pick<Output, "progress" | "status">;
  readonly signal: AbortSignal;
}

export interface EngineEnd {
  /** Undefined where a signal ended it or it could not be started. */
  readonly exitCode: number | undefined;
  /** What the engine counted; none where it did not get that far. */
  readonly summaries: readonly SummaryEvent[];
  /** Names of the policy's rules that something breaks, each once. */
  readonly violated: readonly string[];
  /** Prints what Pulumi printed, where the operator has not seen it. */
  readonly tellAll: () => Promise<void>;
}

const tickMs = 1000;

/** @throws the signal's reason where the operator interrupted before it began. */
export async function runEngine(call: EngineCall): Promise<EngineEnd> {
  const { command, folder, output, verbose } = call;
  const [events, log] = [join(folder, "events.json"), verbose ? undefined : join(folder, "printed")];
  const summaries: SummaryEvent[] = [];
  const violated = new Set<string>();
  const view = verbose ? undefined : new UpdateView({ output, isPreview: command === "preview", now: () => performance.now() });
  const safePoint = new SafePoint(call.signal, output);
  const pipe = await openEventPipe(events, (line) => {
    // Most of what the engine says is for its own makers.
    const event = line.includes('"severity":"debug"') ? undefined : engineEvent(line);
    if (event === undefined) return;
    if (event.kind === "summary") summaries.push(event);
    if (event.kind === "violation") violated.add(event.rule);
    safePoint.hear(event);
    view?.hear(event);
  });
  const ticking = setInterval(() => view?.tick(), tickMs);
  const args = [command, ...call.args, "--event-log", events, "--suppress-outputs", ...(verbose ? [] : ["--non-interactive"])];
  // Its event log is one of the options that it keeps for its makers.
  const environment = { ...call.environment, PULUMI_DEBUG_COMMANDS: "true" };
  try {
    const exitCode = await attend({ ...call, args, environment, log, signal: safePoint.signal }).finally(() => pipe.end());
    return { exitCode, summaries, violated: [...violated], tellAll: () => tellAll(log, output) };
  } finally {
    clearInterval(ticking);
    view?.end();
  }
}

async function tellAll(log: string | undefined, output: Pick<Output, "progress">): Promise<void> {
  const text = log === undefined ? "" : await readFile(log, "utf8").catch(() => "");
  const paragraphs = text.split(/\n{2,}/).filter((paragraph) => !isOfGate(paragraph));
  const lines = paragraphs.flatMap((paragraph) => paragraph.split("\n")).filter((line) => line.trim() !== "" && !isFiller(line));
  if (lines.length > 0) output.progress(["What Pulumi said:", ...lines.map((line) => `  ${line}`)].join("\n"));
}

/** What the gate said at Pulumi's end is what the operator has read as it came. */
const isOfGate = (paragraph: string) => /^(?:Diagnostics:\n)? {2}phillbot:gate:\w+ \(/.test(paragraph);

/** Dots that say that it goes on, looks that ended well, what is as it was, and checks on their way. */
const isFiller = (line: string) =>
  /^@ [a-z ]+\.+$/.test(line) ||
  /^ ~ {2}\S+ \S+ refresh(?:ing)? \([\d.msh]+\) $/.test(line) ||
  /^ {4}\S+ \S+ {2}$/.test(line) ||
  /^ {4}phillbot:gate:\w+ /.test(line);
