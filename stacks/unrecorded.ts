/** Removes what an update that was killed had made in the engine before Pulumi could note it: the next one would trip over the names. */

import * as pulumi from "@pulumi/pulumi";
import { execa } from "execa";
import type { Host } from "../host/host.ts";
import { findLabelled, removeContainers, removeNetworks, removeOneShots } from "../host/unrecorded.ts";
import { onHost } from "../model/operatorCommand.ts";
import { type Asking, type Recorded, recordedIn, type Unrecorded, unrecorded } from "../model/unrecorded.ts";
import type { Inputs } from "./inputs.ts";
import { refuse } from "./outcome.ts";

/** Removes gateways' containers that the state does not know. Two on one token would deafen both. */
export type RemoveGateways = () => Promise<void>;

/**
 * Removes what is the stack's by its labels and not in its state, but for gateways: they serve until the new one is ready to
 * take their place. A preview says what it would remove.
 */
export async function removeUnrecorded(host: Host, inputs: Inputs): Promise<RemoveGateways> {
  const { settings, stack, home } = inputs;
  const isPreview = pulumi.runtime.isDryRun();
  // Mere tidying: another who tidies at the same time keeps nobody from an update.
  if (!isPreview) await removeOneShots(host).catch((error: Error) => pulumi.log.warn(error.message));
  const found = await findLabelled(host, stack).catch((error: Error) => refuse(3, error.message));
  const nothing = async () => {};
  if (found.containers.length + found.networks.length === 0) return nothing;
  const recorded = await readRecorded(stack);
  const { name, baseFolder } = settings;
  const asking: Asking = { stack, name, baseFolder, folder: settings.devServices ? home : undefined };
  const left = unrecorded(found, recorded, asking);
  const all = [...left.containers, ...left.gateways, ...left.networks, ...left.inUse];
  if (all.length === 0) return nothing;
  const fault = recorded.reachedEngine ? inUse(inputs, left) : unknown(inputs, all);
  if (isPreview) {
    const removed = `An interrupted update made ${named(all)}, which Pulumi's state does not know; \`up\` would remove it.`;
    await pulumi.log.warn(fault === undefined ? removed : `\`up\` would be refused: ${fault.summary}\n  ${fault.remedy}`);
    return nothing;
  }
  if (fault !== undefined) refuse(fault.code, `${fault.summary}\n  ${fault.remedy}`, fault.summary);
  await removeContainers(host, left.containers).catch(untold);
  await removeNetworks(host, left.networks).catch(untold);
  await tell([...left.containers, ...left.networks]);
  return async () => {
    await removeContainers(host, left.gateways).catch(untold);
    await tell(left.gateways);
  };
}

async function tell(removed: Named): Promise<void> {
  if (removed.length === 0) return;
  await pulumi.log.warn(`An interrupted update had made ${named(removed)} and not noted it in Pulumi's state; it is removed.`);
}

type Named = readonly { readonly name: string }[];
const named = (all: Named): string => all.map(({ name }) => `\`${name}\``).join(", ");

const untold = (error: Error): never => refuse(3, `What an interrupted update had made could not be removed. ${error.message}`);

/** Pulumi writes to a state in a folder meanwhile, and what it notes beside it is empty for a moment each time. */
const attempts = 3;

/** Asks for the state while the update holds it: its lock keeps others out, and reading takes none. */
async function readRecorded(stack: string): Promise<Recorded> {
  // By its whole name: the bare one may be another organisation's as well.
  const whole = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  const args = ["stack", "export", "--stack", whole, "--non-interactive", "--color", "never"];
  // What is the program's alone.
  const env = { PULUMI_CONFIG: undefined, PULUMI_CONFIG_SECRET_KEYS: undefined, PHILLBOT_SECRETS_SOCKET: undefined };
  let said = "";
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const ended = await execa("pulumi", args, { env, reject: false, stdin: "ignore", timeout: 120_000 });
    if (ended.exitCode === 0) return recordedIn(ended.stdout);
    said = ended.code === "ENOENT" ? "there is no `pulumi` on the path" : ended.stderr.trim().slice(-500);
  }
  const summary = "What of the stack Pulumi's state knows could not be told, so nothing was touched.";
  return refuse(3, `${summary} \`pulumi stack export\`: ${said}\n  eval "$(npx deck env --stack ${stack})"`, summary);
}

interface Fault {
  readonly code: 2 | 3;
  readonly summary: string;
  readonly remedy: string;
}

/** A state that was lost, or another one than was used before: what runs is somebody's. */
function unknown({ settings, stack }: Inputs, all: Named): Fault {
  return {
    code: 2,
    summary: `The engine has ${named(all)} of the stack \`${stack}\`, and the state that Pulumi was given never knew anything in it: another was used before, or it is lost. Nothing was touched.`,
    remedy: settings.devServices
      ? "npm run down # removes what this folder made, and its memory"
      : `pulumi whoami --verbose # where the state is; with the right one: npx deck up --stack ${stack}`,
  };
}

/** An update that is killed leaves no such thing: what is on a network is made once that is recorded. */
function inUse({ settings }: Inputs, { inUse: networks }: Unrecorded): Fault | undefined {
  if (networks.length === 0) return undefined;
  const look = onHost(settings.host, `docker network inspect ${networks.map(({ name }) => name).join(" ")}`);
  return {
    code: 3,
    summary: `Pulumi's state does not know the network ${named(networks)}, and containers are on it that are not to be removed. Nothing was touched.`,
    remedy: `${look} # and take them off it: docker network disconnect`,
  };
}
