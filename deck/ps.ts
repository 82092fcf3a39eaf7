/** `deck ps`: what runs, since when, how it is, and what the last gate said. */

import { findGateway } from "../checks/engine.ts";
import type { ContainerState } from "../model/containers.ts";
import { gatewayName } from "../model/layout.ts";
import { outcomeWords } from "../model/rehearsal.ts";
import { findDevContainers } from "./devContainers.ts";
import { lastEvidence, unprovenSince } from "./evidence.ts";
import { openStack, withHost } from "./session.ts";
import { ago } from "./time.ts";
import { exitCodes, type Verb } from "./verb.ts";

export const psVerb: Verb = {
  name: "ps",
  summary: "Show the stack's containers, their health, and the last verdict",
  async run(call, world) {
    const stack = await openStack(call, world);
    const wanted = { name: gatewayName(stack.settings), composeProject: stack.settings.name };
    const [{ named, ofService, services, host }, evidence] = await Promise.all([
      withHost(stack, async (host) => {
        const [gateway, services] = await Promise.all([
          findGateway(host, wanted, world.signal),
          findDevContainers(host, stack.settings, world.signal),
        ]);
        return { ...gateway, services, host: host.description };
      }),
      lastEvidence(stack.evidenceFolder),
    ]);
    const others = ofService.filter(({ id }) => id !== named?.id);
    const containers = [...(named === undefined ? [] : [named]), ...others];
    const verdict = evidence && {
      outcome: outcomeWords(evidence.report),
      rehearsal: evidence.report.verdict.rehearsal,
      signOff: evidence.report.signOff?.kind ?? "unknown",
      at: evidence.report.startedAt,
      unprovenSince: unprovenSince(evidence, named) ?? null,
      page: evidence.paths.html,
    };
    const lines = containers.map((container) => line(container, world.now()));
    if (named === undefined) lines.unshift(`${wanted.name}  not there`);
    lines.push(...services.map(({ name, state }) => (state === undefined ? `${name}  not there` : line(state, world.now()))));
    lines.push(verdict === undefined ? "No gate has run here yet." : lastGate(verdict, world.now()));
    const isWell = [named, ...services.map(({ state }) => state)].every(isHealthy);
    const data = {
      host,
      gateway: named === undefined ? null : shown(named),
      others: others.map(shown),
      devServices: services.map(({ name, state }) => (state === undefined ? { name, status: "absent" } : shown(state))),
      lastVerdict: verdict ?? null,
    };
    // An `open` of what ran before is no word on what runs now.
    const isProven = evidence?.report.verdict.outcome !== "open" || verdict?.unprovenSince === null;
    const code = isWell ? (isProven ? exitCodes.done : exitCodes.unknown) : exitCodes.finding;
    return { code, data, text: lines.join("\n") };
  },
};

interface LastVerdict {
  readonly outcome: string;
  readonly at: string;
  readonly unprovenSince: string | null;
}

function lastGate({ outcome, at, unprovenSince }: LastVerdict, now: Date): string {
  const said = `Last gate: ${outcome}, ${ago(at, now)} ago`;
  return unprovenSince === null ? `${said}.` : `${said}, but nothing is proven since: ${unprovenSince}.\n  npx deck gate`;
}

const isHealthy = (container: ContainerState | undefined) => container?.status === "running" && container.health === "healthy";

function shown({ id, name, image, status, health, startedAt, restartCount }: ContainerState): Readonly<Record<string, unknown>> {
  return { id, name, image, status, health, startedAt, restartCount };
}

function line({ name, image, status, health, startedAt }: ContainerState, now: Date): string {
  const state = status === "running" ? `up ${ago(startedAt, now)} (${health})` : status;
  // The stack runs its image by id; nobody reads 64 digits.
  return `${name}  ${state}  ${image.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]{52}$/, "$1")}`;
}
