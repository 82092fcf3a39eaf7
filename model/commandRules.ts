/** What no command and no connection may be: secrets reach a host by SecretEnvFile alone, and a host shows a pinned key. */

import {
  type DeclaredResource,
  type Fault,
  isKnown,
  listIn,
  type Rule,
  rowsIn,
  textIn,
  textsIn,
  type Values,
  valuesIn,
} from "./declaredResource.ts";

const envFileComponent = "phillbot:host:SecretEnvFile";
const container = "docker:index/container:Container";
const dockerProvider = "pulumi:providers:docker";

const isCommand = (type: string): boolean => type.startsWith("command:local:") || type.startsWith("command:remote:");

/** A path whose last part is `.env`, `name.env` or `.env.name`. */
const envFile = /(?:^|[\s/'"=:])(?:[A-Za-z0-9_.-]*\.env|\.env\.[A-Za-z0-9_.-]+)(?=$|[\s'":;|&)])/;

/** Everything in a command's inputs that says what to do; what it is fed is on `stdin`, and is its own business. */
function linesOf(properties: Values): readonly string[] {
  const keys = ["create", "update", "delete", "dir", "remotePath", "localPath"] as const;
  return keys.flatMap((key) => textIn(properties[key]) ?? []);
}

function writesEnvFile({ type, within, properties }: DeclaredResource): readonly Fault[] {
  const paths = isCommand(type)
    ? linesOf(properties)
    : type === container
      ? rowsIn(properties.uploads).flatMap(({ file }) => textIn(file) ?? [])
      : [];
  if (within.includes(envFileComponent) || !paths.some((path) => envFile.test(path))) return [];
  return [
    {
      problem: "It handles an env file by itself.",
      remedy: "Write env files by `SecretEnvFile`, which keeps their values out of every command, log and state.",
    },
  ];
}

/** `-o name=value`, of which ssh takes the first. */
function firstOption(words: string, name: string): string | undefined {
  return new RegExp(`-o\\s*['"\\\\]*${name}[= ]['"\\\\]*([^\\s'"\\\\]+)`, "i").exec(words)?.[1];
}

function isPinned(words: string): boolean {
  const file = firstOption(words, "UserKnownHostsFile");
  return (
    firstOption(words, "StrictHostKeyChecking")?.toLowerCase() === "yes" &&
    file !== undefined &&
    file !== "/dev/null" &&
    file.toLowerCase() !== "none" &&
    firstOption(words, "KnownHostsCommand")?.toLowerCase() === "none"
  );
}

const unpinned: Fault = {
  problem: "It reaches a host over ssh without a pinned host key, so that anybody may answer.",
  remedy: "Reach it through the stack's host: `phillbot:host.hostKey` pins its key.",
};

/** Each time that a line starts ssh, with the words up to the next time. */
function sshStarts(line: string): readonly string[] {
  return line.split(/(?:^|(?<=[\s;&|('"`/]))(?:ssh|scp|sftp)(?=\s)/).slice(1);
}

/** The engine hands over a provider's lists as JSON. */
function optionsOf(value: unknown): string {
  const text = textIn(value);
  if (text === undefined) return textsIn(value).join(" ");
  try {
    return textsIn(JSON.parse(text)).join(" ");
  } catch {
    return text;
  }
}

function reachesUnpinned({ type, properties }: DeclaredResource): readonly Fault[] {
  if (type === dockerProvider) {
    const { host, sshOpts } = properties;
    const isUnsure = !isKnown(sshOpts) || listIn(sshOpts).some((each) => !isKnown(each));
    const isSsh = textIn(host)?.startsWith("ssh:") === true;
    return isSsh && !isUnsure && !isPinned(optionsOf(sshOpts)) ? [unpinned] : [];
  }
  if (type.startsWith("command:remote:")) {
    if (!isKnown(properties.connection)) return [];
    const { hostKey } = valuesIn(properties.connection);
    return isKnown(hostKey) && (textIn(hostKey) ?? "") === "" ? [unpinned] : [];
  }
  if (!isCommand(type)) return [];
  return linesOf(properties).flatMap(sshStarts).every(isPinned) ? [] : [unpinned];
}

export const commandRules = {
  "env-file-by-component": {
    description: "Env files are written by SecretEnvFile alone.",
    judge: writesEnvFile,
  },
  "pinned-host-key": { description: "ssh is used with a pinned host key alone.", judge: reachesUnpinned },
} as const satisfies Readonly<Record<string, Rule>>;
