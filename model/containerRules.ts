/** What no container may be: the rules of the stack's policy for what an engine runs. */

import {
  type DeclaredResource,
  type Fault,
  isKnown,
  listIn,
  numberIn,
  type Rule,
  rowsIn,
  textIn,
  textsIn,
  type Values,
  valuesIn,
} from "./declaredResource.ts";
import { exposurePatterns, redactionPatterns } from "./exposurePatterns.ts";
import { stopSeconds } from "./gatewayContainer.ts";
import { composeService } from "./layout.ts";

const container = "docker:index/container:Container";
const image = "docker:index/remoteImage:RemoteImage";

const forContainers =
  (judge: (properties: Values, facts: Parameters<Rule["judge"]>[1]) => readonly Fault[]): Rule["judge"] =>
  ({ type, properties }, facts) =>
    type === container ? judge(properties, facts) : [];

const faultIf = (isWrong: boolean, problem: string, remedy: string): readonly Fault[] => (isWrong ? [{ problem, remedy }] : []);

/** By what it is called, a value that somebody meant to keep; `…_FILE` is a path. */
const secretName = /(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?)$/i;

/** What a text looks to hold, as a person calls it; undefined where it looks harmless. */
export function secretLookIn(text: string): string | undefined {
  return [...exposurePatterns, ...redactionPatterns].find(({ pattern }) => text.search(pattern) >= 0)?.title;
}

function secretIn(where: string, text: string, named?: { readonly name: string; readonly value: string }): readonly Fault[] {
  const look =
    secretLookIn(text) ?? (named && named.value !== "" && secretName.test(named.name) ? "a secret by its name" : undefined);
  return look === undefined
    ? []
    : [
        {
          problem: `${where} looks to hold ${look}.`,
          remedy: "Give it by the env file or a mounted file: `docker inspect` shows this.",
        },
      ];
}

function pair(line: string): { readonly name: string; readonly value: string } {
  const at = line.indexOf("=");
  return at < 0 ? { name: line, value: "" } : { name: line.slice(0, at), value: line.slice(at + 1) };
}

/** A name that is itself the secret must not be shown either. */
const shown = (name: string): string => (secretLookIn(name) === undefined ? `\`${name}\`` : "a name that is withheld");

function secretsInTheOpen(properties: Values): readonly Fault[] {
  const labels = rowsIn(properties.labels).flatMap(({ label, value }) => {
    const [name, text] = [textIn(label) ?? "", textIn(value) ?? ""];
    return secretIn(`Its label ${shown(name)}`, `${name}=${text}`, { name, value: text });
  });
  const environment = textsIn(properties.envs).flatMap((line) => {
    const named = pair(line);
    return secretIn(`Its environment's ${shown(named.name)}`, line, named);
  });
  const words = [properties.command, properties.entrypoints, valuesIn(properties.healthcheck).tests].flatMap(textsIn);
  return [...environment, ...labels, ...secretIn("Its command", words.join(" ")), ...words.flatMap(optionIn)];
}

/** `--token=value` */
function optionIn(word: string): readonly Fault[] {
  const named = pair(word);
  return named.name.startsWith("-") && secretLookIn(word) === undefined ? secretIn("Its command", word, named) : [];
}

const pinned = /^(?:[^@\s]+@)?sha256:[0-9a-f]{64}$/;

function byDigest({ type, properties }: DeclaredResource): readonly Fault[] {
  const [key, wanted] = type === container ? ["image", pinned] : ["name", /^[^@\s]+@sha256:[0-9a-f]{64}$/];
  if (type !== container && type !== image) return [];
  const value = properties[key as "image"];
  return faultIf(
    isKnown(value) && !(wanted as RegExp).test(textIn(value) ?? ""),
    "Its image is not named by digest, so that another may run under the same name.",
    "Name it `repository:tag@sha256:…`: set `phillbot:gateway.digest`.",
  );
}

const loopback = ["127.0.0.1", "::1"];

const onLoopback = forContainers((properties, { published }) => [
  ...faultIf(
    properties.publishAllPorts === true,
    "It publishes all ports of its image.",
    "Publish each port by itself, on 127.0.0.1.",
  ),
  ...rowsIn(properties.ports).flatMap(({ ip, external, protocol }) => {
    if (!isKnown(ip) || !isKnown(external) || loopback.includes(textIn(ip) ?? "")) return [];
    const isAllowed = published.some(
      (each) =>
        each.container === properties.name &&
        each.port === external &&
        each.protocol === (protocol ?? "tcp") &&
        each.address === ip,
    );
    return faultIf(
      !isAllowed,
      `Its port ${numberIn(external) ?? "of the engine's choice"} is published on ${textIn(ip) ?? "every address"}.`,
      "Publish it on 127.0.0.1, or name it in `operations/ports.yaml`.",
    );
  }),
]);

const hostModes = ["networkMode", "pidMode", "ipcMode", "usernsMode", "cgroupnsMode"] as const;

const ofItsOwn = forContainers((properties) => [
  ...hostModes.flatMap((mode) => {
    const value = textIn(properties[mode]) ?? "";
    return faultIf(
      value === "host" || value.startsWith("container:"),
      `Its \`${mode}\` is \`${value}\`: it shares what is not its own.`,
      `Leave \`${mode}\` out.`,
    );
  }),
  ...faultIf(
    rowsIn(properties.networksAdvanced).some(({ name }) => name === "host"),
    "It is on the host's network.",
    "Put it on the stack's own network.",
  ),
  ...faultIf(
    rowsIn(properties.volumes).some(({ fromContainer }) => (textIn(fromContainer) ?? "") !== ""),
    "It takes the volumes of another container, whatever they are: it shares what is not its own.",
    "Mount the folders that it needs, by their whole paths.",
  ),
]);

function isLimit(value: unknown): boolean {
  return !isKnown(value) || (numberIn(value) ?? 0) > 0;
}

const limited = forContainers((properties) => {
  const pids = rowsIn(properties.labels).find(({ label }) => label === "phillbot.pids")?.value;
  const isOpen = listIn(properties.labels).some((each) => !isKnown(each)) || !isKnown(properties.labels);
  return [
    ...faultIf(!isLimit(properties.memory), "Its memory is not limited.", "Set `memory`, in MB."),
    ...faultIf(
      !isLimit(pids) && !isOpen,
      "Its processes are not limited.",
      "Set the label `phillbot.pids`, and have the engine told so (`limitProcesses`).",
    ),
  ];
});

/** The engine kills at once what has no time to end. */
const endsInPeace = forContainers((properties) => {
  const isGateway = rowsIn(properties.labels).some(
    ({ label, value }) => label === "com.docker.compose.service" && value === composeService,
  );
  const least = isGateway ? stopSeconds : 1;
  return (["stopTimeout", "destroyGraceSeconds"] as const).flatMap((key) => {
    const seconds = numberIn(properties[key]);
    return faultIf(
      isKnown(properties[key]) && !((seconds ?? 0) >= least),
      `Its \`${key}\` is ${seconds === undefined ? "not set" : `${seconds} s`}; at least ${least} s are wanted.`,
      `Set \`${key}\` to ${least} or more.`,
    );
  });
});

const unprivileged = forContainers(({ privileged }) =>
  faultIf(privileged === true || privileged === "true", "It is privileged, hence root on the host.", "Leave `privileged` out."),
);

const noMoreCapabilities = forContainers(({ capabilities }) =>
  faultIf(
    listIn(valuesIn(capabilities).adds).length > 0,
    "It is given capabilities beyond the engine's own.",
    "Leave `capabilities.adds` out.",
  ),
);

export const containerRules = {
  "no-secret-in-the-open": {
    description: "No secret-looking value in a container's environment, labels or command.",
    judge: forContainers(secretsInTheOpen),
  },
  "image-by-digest": {
    description: "In production, images are named by digest.",
    judge: (resource, { production }) => (production ? byDigest(resource) : []),
  },
  "not-privileged": { description: "No container is privileged.", judge: unprivileged },
  "no-added-capabilities": { description: "No container is given capabilities.", judge: noMoreCapabilities },
  "no-host-namespace": {
    description: "No container shares the network, processes, memory or volumes of the host or another.",
    judge: ofItsOwn,
  },
  "limited-resources": { description: "Memory and processes of a container are limited.", judge: limited },
  "ports-on-loopback": { description: "Ports are published on loopback unless allowed by name.", judge: onLoopback },
  "time-to-stop": { description: "A container has time to end its work.", judge: endsInPeace },
} as const satisfies Readonly<Record<string, Rule>>;
