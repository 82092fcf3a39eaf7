/** The checks that the policy adds: commands of the operator's own, run on this machine. */

import { execa } from "execa";
import type { Finding } from "../model/check.ts";
import type { GatePolicy } from "../model/gate.ts";
import { secretEnvNames, stateCredentials } from "../model/secretSources.ts";
import type { Check, CheckContext, Target } from "./check.ts";

type AdditionalCheck = GatePolicy["additionalChecks"][number];

/** One check for each of the policy's additional ones, in its order. */
export function additionalChecks(policy: GatePolicy): Check[] {
  return policy.additionalChecks.map((declared) => ({
    id: declared.id,
    title: declared.title,
    deadlineMs: declared.deadline * 1000,
    probe: (target, context) => runCommand(declared, target, context),
  }));
}

/** By these any program finds its way, its words and the certificates it trusts; none holds a secret. */
const harmless =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|NO_COLOR|TMPDIR|XDG_[A-Z_]+|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS)$/;

/** The command sees the harmless variables and those that the policy names for it, and no value of the stack's secrets. */
function environment({ environment: named }: AdditionalCheck, target: Target): Record<string, string> {
  const withheld = new Set([...secretEnvNames(target.settings.secrets), ...target.secrets.keys(), ...stateCredentials]);
  const own = Object.entries(process.env).filter(
    ([name]) => (harmless.test(name) || named.includes(name)) && !withheld.has(name),
  );
  return { ...Object.fromEntries(own), PHILLBOT_STACK: target.stack } as Record<string, string>;
}

async function runCommand(declared: AdditionalCheck, target: Target, { signal }: CheckContext): Promise<Finding> {
  const { command, title } = declared;
  const [program = "", ...args] = command;
  const result = await execa(program, args, {
    cwd: target.projectRoot,
    env: environment(declared, target),
    extendEnv: false,
    stdin: "ignore",
    all: true,
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 1000,
    maxBuffer: 1_048_576,
  });
  const words = result.all?.trim().split("\n").at(-1)?.trim();
  const said = words ? ` It says: ${words}` : "";
  const measured = { exitCode: result.exitCode ?? null, signal: result.signal ?? null };
  const remedy = command.join(" ");
  if (result.isCanceled) throw new Error("The command was stopped.");
  if (result.exitCode === 0) return { status: "pass", summary: `${title}${said}`, measured };
  if (result.exitCode === 3)
    return { status: "inconclusive", summary: `The command ended with 3, could not tell.${said}`, measured, remedy };
  if (result.exitCode === undefined) {
    const why = result.signal === undefined ? `could not be run (${result.code ?? "no code"})` : `was ended by ${result.signal}`;
    return { status: "error", summary: `The command \`${program}\` ${why}.`, measured, remedy };
  }
  return { status: "fail", summary: `The command ended with ${result.exitCode}; 0 is wanted.${said}`, measured, remedy };
}
