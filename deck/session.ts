/** Opens a stack for a verb: its settings, policy and secrets, what it declared, and its host. */

import { join } from "node:path";
import type { Target, TreeTarget } from "../checks/check.ts";
import { readPolicy } from "../checks/policy.ts";
import type { Host } from "../host/host.ts";
import { openHost } from "../host/open.ts";
import { resolveSecrets, SecretsUnresolved, secretEnvNames } from "../host/secretSource.ts";
import type { GatePolicy } from "../model/gate.ts";
import { edit } from "../model/operatorCommand.ts";
import { formatPolicyFaults } from "../model/policy.ts";
import type { Secret } from "../model/secret.ts";
import type { Settings } from "../model/settings.ts";
import { readDeclared, type StackPlace } from "./pulumi.ts";
import { readSettings } from "./stackSettings.ts";
import { type Call, DeckError, type World } from "./verb.ts";

/** A stack on the operator's machine: nothing has been reached yet. */
export interface Stack extends StackPlace {
  readonly settings: Settings;
  readonly evidenceFolder: string;
  /** Of an older release that comes back: which, and where its tree lies. All else is today's. */
  readonly rollback?: { readonly name: string; readonly tree: string; readonly folder: string };
}

/** Absolute path of the tree that is deployed. */
export const projectRootOf = ({ root, rollback }: Pick<Stack, "root" | "rollback">): string => rollback?.folder ?? root;

/** A stack with its host open; closes it when disposed. */
export interface Session extends AsyncDisposable {
  readonly target: Target;
}

/** @throws DeckError with code 2, every fault of the settings at once. */
export async function openStack({ stack }: Pick<Call, "stack">, { root, environment }: World): Promise<Stack> {
  const settings = await readSettings(root, stack);
  // What this process starts from here on must not find them in its environment; whoever needs them has `environment`.
  for (const name of secretEnvNames(settings.secrets)) delete process.env[name];
  return { root, stack, settings, environment, evidenceFolder: evidenceFolderOf(root, stack) };
}

/** Where a stack's evidence lies, one folder a run. */
export function evidenceFolderOf(root: string, stack: string): string {
  return join(root, ".phillbot", "evidence", stack);
}

/**
 * The stack's secrets; from here on the output redacts them.
 * @throws DeckError with code 2 naming every secret that has no value.
 */
export async function openSecrets({ settings, environment, root }: Stack, world: World): Promise<ReadonlyMap<string, Secret>> {
  try {
    const secrets = await resolveSecrets(settings.secrets, { env: environment, projectRoot: root });
    world.output.hide(secrets);
    return secrets;
  } catch (error) {
    if (error instanceof SecretsUnresolved) throw new DeckError("usage", error.message);
    throw error;
  }
}

/** The stack's host; the caller closes it. @throws HostUnreachable */
function openStackHost({ settings, root }: Stack): Promise<Host> {
  return openHost(settings.host, { controlFolder: join(root, ".phillbot", "ssh") });
}

/** Opens the stack's host for `work`, and closes it whatever happens. @throws HostUnreachable */
export async function withHost<T>(stack: Stack, work: (host: Host) => Promise<T>): Promise<T> {
  const host = await openStackHost(stack);
  try {
    return await work(host);
  } finally {
    await host.close();
  }
}

/** The gate's policy. @throws DeckError with code 2, every fault at once. */
export async function openPolicy({ root }: Pick<Stack, "root">): Promise<GatePolicy> {
  const parsed = await readPolicy(root);
  if (!parsed.ok) throw new DeckError("usage", formatPolicyFaults(parsed.faults), edit("operations/gate.yaml"));
  return parsed.policy;
}

/** What checks of the tree need; no host is reached. */
export async function openTree(call: Call, world: World): Promise<TreeTarget> {
  const stack = await openStack(call, world);
  const secrets = await openSecrets(stack, world);
  return { stack: stack.stack, settings: stack.settings, secrets, projectRoot: stack.root, evidenceFolder: stack.evidenceFolder };
}

/** Everything a check may look at. @throws DeckError, HostUnreachable */
export async function openTarget(call: Call, world: World): Promise<Session> {
  return openTargetOf(await openStack(call, world), world);
}

/** The same of a stack that is open. @throws DeckError, HostUnreachable */
export async function openTargetOf(stack: Stack, world: World): Promise<Session> {
  const secrets = await openSecrets(stack, world);
  world.output.progress(`Reading what stack \`${stack.stack}\` declared.`);
  const declared = await readDeclared(stack, world.signal);
  const host = await openStackHost(stack);
  const { settings, evidenceFolder, rollback } = stack;
  return {
    target: {
      ...{ stack: stack.stack, settings, host, declared, secrets, evidenceFolder },
      projectRoot: projectRootOf(stack),
      ...(rollback === undefined ? {} : { rollback: { name: rollback.name, home: stack.root, byNewer: true } }),
    },
    [Symbol.asyncDispose]: () => host.close(),
  };
}
