/** From a verb's end to exit code and words: the one place where a result is printed and where a throw becomes an exit code. */

import { ZodError } from "zod";
import { HostUnreachable } from "../host/host.ts";
import { forStack } from "../model/operatorCommand.ts";
import { type Call, DeckError, type ExitCode, exitCodes, type Outcome } from "./verb.ts";

/** What to print where, and the exit code. */
export interface Ending {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** The ending of a verb that did its work. */
export function endingOf(call: Call, outcome: Outcome): Ending {
  if (call.json) return { code: outcome.code, stdout: asJson(call, outcome.data), stderr: "" };
  return { code: outcome.code, stdout: outcome.text === "" ? "" : `${outcome.text.trimEnd()}\n`, stderr: "" };
}

/** A command line that could not be read: no verb is known, and none of its words is to be trusted but `--json`. */
export function unreadCall(argv: readonly string[]): Pick<Call, "verb" | "json"> {
  const end = argv.indexOf("--");
  return { verb: "deck", json: (end < 0 ? argv : argv.slice(0, end)).includes("--json") };
}

/** The ending of a verb, or of a command line, that threw. */
export function endingOfThrow(error: unknown, call?: Pick<Call, "verb" | "json"> & Partial<Pick<Call, "stack">>): Ending {
  const { code, message, remedy: typed } = failureOf(error);
  const remedy = typed === undefined || call?.stack === undefined ? typed : forStack(typed, call.stack);
  const failure = { message, ...(remedy === undefined ? {} : { remedy }) };
  const stdout = call?.json === true ? asJson(call, { error: { code, ...failure } }) : "";
  return { code, stdout, stderr: `${message.trimEnd()}\n${remedy === undefined ? "" : `  ${remedy}\n`}` };
}

function asJson(call: Pick<Call, "verb"> & Partial<Pick<Call, "stack">>, data: Readonly<Record<string, unknown>>): string {
  const schema = `phillbot/${call.verb.replaceAll(" ", "-")}/v1`;
  return `${JSON.stringify({ schema, stack: call.stack, ...data }, null, 2)}\n`;
}

/** An error of no known class means that nothing is known of the outcome: could not tell, never done. */
function failureOf(error: unknown): { code: ExitCode; message: string; remedy: string | undefined } {
  if (error instanceof DeckError) return { code: error.code, message: error.message, remedy: error.remedy };
  if (error instanceof HostUnreachable) return { code: exitCodes.unknown, message: error.message, remedy: error.remedy };
  if (error instanceof ZodError)
    return { code: exitCodes.unknown, message: `Something answered in an unknown shape. ${issues(error)}`, remedy: undefined };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : "Something that is no error was thrown.";
  return { code: exitCodes.unknown, message, remedy: undefined };
}

function issues(error: ZodError): string {
  return error.issues.map(({ path, message }) => `\`${path.join(".")}\`: ${message}.`).join(" ");
}
