/** Reads argv, runs one verb, prints its outcome, and ends the process with its exit code. */

import { readFileSync } from "node:fs";
import { refuseUnprovenCertificates } from "./certificates.ts";
import { parseCommandLine } from "./commandLine.ts";
import { interruption } from "./interrupt.ts";
import { endingOf, endingOfThrow, unreadCall } from "./outcome.ts";
import { processOutput } from "./output.ts";
import { type Call, exitCodes, type World } from "./verb.ts";
import { verbs } from "./verbs.ts";

/** @param root absolute path of the project's folder. */
export async function run(argv: readonly string[], root: string): Promise<void> {
  const world = worldOf(root);
  let call: Call | undefined;
  const ending = await (async () => {
    const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };
    const asked = parseCommandLine(argv, { verbs, version, environment: process.env });
    if ("text" in asked) return { code: exitCodes.done, stdout: asked.text, stderr: "" };
    call = asked.call;
    refuseUnprovenCertificates(world.environment);
    return endingOf(asked.call, await asked.verb.run(asked.call, world));
  })().catch((error: unknown) => endingOfThrow(error, call ?? unreadCall(argv)));
  process.exitCode = ending.code;
  if (ending.stderr !== "") world.output.progress(ending.stderr.trimEnd());
  world.output.data(ending.stdout);
  // A probe that outlived its deadline must not keep the command from ending.
  process.stdout.write("", () => process.exit());
}

function worldOf(root: string): World {
  return { root, environment: { ...process.env }, output: processOutput(), now: () => new Date(), signal: interruption() };
}
