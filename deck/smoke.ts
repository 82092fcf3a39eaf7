/** `deck smoke`: one check by itself. */

import { setCommand } from "../model/settingsAdvice.ts";
import { githubCheck } from "./githubProbe.ts";
import { runOutsideGate } from "./results.ts";
import { openPolicy, openTarget, openTree } from "./session.ts";
import { type Call, DeckError, type Outcome, type Verb, type World } from "./verb.ts";

const subjects = ["telegram", "memory", "github"] as const;

export const smokeVerb: Verb = {
  name: "smoke",
  summary: "Run one check by itself",
  arguments: [{ name: "<what>", description: "what to check", choices: subjects }],
  run: (call, world) => (call.args[0] === "github" ? smokeGithub(call, world) : runOneCheck(call.args[0] ?? "", call, world)),
};

/** Runs the gate's check of this id as `deck gate` would, without a verdict. @throws DeckError, HostUnreachable */
export async function runOneCheck(id: string, call: Call, world: World): Promise<Outcome> {
  const { checksFor } = await import("../checks/all.ts");
  const policy = await openPolicy(world);
  await using session = await openTarget(call, world);
  const { target } = session;
  const checks = checksFor(target.settings, policy).filter((check) => check.id === id);
  return runOutsideGate(checks, { target, policy, world });
}

/** Not a check of the gate's: it needs neither host nor update. */
async function smokeGithub(call: Call, world: World): Promise<Outcome> {
  const check = githubCheck(world.environment);
  const policy = await openPolicy(world);
  const target = await openTree(call, world);
  if (target.settings.github === undefined) {
    const remedy = setCommand("github.repository", "<owner/name>", call.stack);
    throw new DeckError("usage", `Stack \`${call.stack}\` names no repository in \`phillbot:github\`.`, remedy);
  }
  return runOutsideGate([check], { target, policy, world });
}
