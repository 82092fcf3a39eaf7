/** The engine's events, one JSON object a line, as far as an operator's view of an update needs them. */

import { z } from "zod";
import { jsonIn } from "../model/jsonIn.ts";

/** What the engine does to a resource; its own word where it is none of these. */
type Operation = string;

interface OfResource {
  readonly urn: string;
  /** The last part of its type, such as `docker:index/container:Container`. */
  readonly type: string;
  readonly name: string;
}

/** One step on one resource: begun, ended well, or failed. */
export interface StepEvent extends OfResource {
  readonly kind: "began" | "ended" | "failed";
  readonly op: Operation;
  /** Names of the properties that differ; never a value. */
  readonly differs: readonly string[];
}

/** Something that the program, a provider or the engine said; `urn` is empty where it is of no resource. */
export interface SaidEvent extends OfResource {
  readonly kind: "said";
  readonly severity: "debug" | "info" | "info#err" | "warning" | "error";
  readonly text: string;
  /** True for a word about what goes on, which the next one replaces. */
  readonly isPassing: boolean;
}

export interface SummaryEvent {
  readonly kind: "summary";
  readonly isPreview: boolean;
  /** True where the engine itself doubts its state. */
  readonly isDoubtful: boolean;
  readonly counts: Readonly<Record<string, number>>;
}

/** A rule of the policy pack that a resource breaks, in one line. */
export interface ViolationEvent {
  readonly kind: "violation";
  readonly rule: string;
  readonly text: string;
}

export type EngineEvent = StepEvent | SaidEvent | ViolationEvent | SummaryEvent;

const metadata = z.object({ op: z.string(), urn: z.string(), diffs: z.array(z.string()).nullish() });
const step = z.object({ metadata });
const shape = z.object({
  resourcePreEvent: step.optional(),
  resOutputsEvent: step.optional(),
  resOpFailedEvent: step.optional(),
  diagnosticEvent: z
    .object({
      urn: z.string().default(""),
      severity: z.enum(["debug", "info", "info#err", "warning", "error"]),
      message: z.string(),
      ephemeral: z.boolean().default(false),
    })
    .optional(),
  policyEvent: z.object({ policyName: z.string(), message: z.string(), enforcementLevel: z.string() }).optional(),
  summaryEvent: z
    .object({
      isPreview: z.boolean().nullish(),
      maybeCorrupt: z.boolean().nullish(),
      resourceChanges: z.record(z.string(), z.number()).nullish(),
    })
    .optional(),
});

/** The event in a line; undefined for one that is not needed here, and for what is no event. */
export function engineEvent(line: string): EngineEvent | undefined {
  const parsed = shape.safeParse(jsonIn(line));
  if (!parsed.success) return undefined;
  const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, policyEvent, summaryEvent } = parsed.data;
  if (resourcePreEvent !== undefined) return stepOf("began", resourcePreEvent.metadata);
  if (resOutputsEvent !== undefined) return stepOf("ended", resOutputsEvent.metadata);
  if (resOpFailedEvent !== undefined) return stepOf("failed", resOpFailedEvent.metadata);
  if (diagnosticEvent !== undefined) {
    const { urn, severity, message, ephemeral } = diagnosticEvent;
    return { kind: "said", ...resource(urn), severity, text: withoutCommand(plain(message)), isPassing: ephemeral };
  }
  // An advice refuses nothing, and none of ours is one.
  if (policyEvent !== undefined && policyEvent.enforcementLevel !== "advisory")
    return violationOf(policyEvent.policyName, policyEvent.message);
  if (summaryEvent === undefined) return undefined;
  const { isPreview, maybeCorrupt, resourceChanges } = summaryEvent;
  return {
    kind: "summary",
    isPreview: isPreview === true,
    isDoubtful: maybeCorrupt === true,
    counts: resourceChanges ?? {},
  };
}

function stepOf(kind: StepEvent["kind"], { op, urn, diffs }: z.output<typeof metadata>): StepEvent {
  return { kind, op, ...resource(urn), differs: diffs ?? [] };
}

/** The engine puts the rule's description in front of what was found. */
function violationOf(rule: string, message: string): ViolationEvent {
  const lines = plain(message)
    .split("\n")
    .filter((line) => line.trim() !== "");
  return { kind: "violation", rule, text: lines.at(-1)?.trim() ?? `Policy \`${rule}\` is broken.` };
}

/** `urn:pulumi:<stack>::<project>::<type>$<type>::<name>` */
function resource(urn: string): OfResource {
  const [, , types = "", ...name] = urn.split("::");
  return { urn, type: types.split("$").at(-1) ?? "", name: name.join("::") };
}

/** The engine marks colours by words such as `<{%fg 1%}>`. */
const plain = (text: string) => text.replace(/<\{%[^%]*%\}>/g, "").trim();

/**
 * Without the command itself, a screen of script that the command provider quotes whole (Go's `"%w: running %q:\n%s"`): what came
 * of it stands before, what it printed behind.
 */
const withoutCommand = (text: string) =>
  text.replace(/^(exit status \d+|signal: [a-z ]+): running "(?:[^"\\]|\\.)*":?/s, (_, end: string) =>
    end === "signal: killed" ? "its command was cut off" : `its command ended with ${end}:`,
  );
