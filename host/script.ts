/** The shell scripts that run on a host: read from files beside this one, sent as an argument of `sh -c`. */

import { readFileSync } from "node:fs";

type ScriptName =
  | "append-line"
  | "claim-folder"
  | "create-backup"
  | "digest-folder"
  | "exchange-state"
  | "extract-backup"
  | "file-state"
  | "hmac-file"
  | "lease"
  | "list-backups"
  | "look-around"
  | "make-folder"
  | "refuse-link"
  | "verify-backup"
  | "write-file";

type NodeScriptName = "answer-of" | "channel-state" | "index-state" | "pair" | "reach" | "saved-state" | "wait-ready";

/** The text of scripts for the Node in the gateway's container, one after the other, without their comments. */
export function nodeScriptText(...names: readonly NodeScriptName[]): string {
  return names
    .flatMap((name) => readFileSync(new URL(`scripts/${name}.mjs`, import.meta.url), "utf8").split("\n"))
    .filter((line) => !/^\s*(?:\/\/|\/\*\*)/.test(line))
    .join("\n");
}

/** A script's text without its comments, because it shows in error messages and in state. */
export function scriptText(name: ScriptName): string {
  const text = readFileSync(new URL(`scripts/${name}.sh`, import.meta.url), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n");
}

/** The argv that runs a script; its name is the shell's `$0`, so that the shell's own messages carry it. */
export function scriptCommand(name: ScriptName, args: readonly string[]): string[] {
  return ["sh", "-c", scriptText(name), name, ...args];
}
