/** The rules of secret sources: which variables hold values, how an env file reads, which values are refused. */

import type { Settings } from "./settings.ts";

type Secrets = Settings["secrets"];

/** The environment variables that hold secret values, so that what this process starts can be kept from them. */
export function secretEnvNames(secrets: Secrets): readonly string[] {
  return [...new Set(Object.values(secrets).flatMap(({ from }) => ("env" in from ? [from.env] : [])))];
}

/** Variables that open the stack's state, or that values are handed over by: no command of the operator's is given them. */
export const stateCredentials: readonly string[] = [
  "PULUMI_CONFIG_PASSPHRASE",
  "PULUMI_CONFIG_PASSPHRASE_FILE",
  "PULUMI_ACCESS_TOKEN",
  // The decrypted configuration.
  "PULUMI_CONFIG",
  // A database's address may hold its password.
  "PULUMI_BACKEND_URL",
  "PHILLBOT_SECRETS_SOCKET",
];

export interface EnvFileLines {
  readonly values: ReadonlyMap<string, string>;
  /** One sentence each, by line number; a line's content is never repeated. */
  readonly faults: readonly string[];
}

/**
 * Reads `NAME=value` lines; empty lines and lines that begin with `#` are passed over. No shell: a value is taken as it
 * stands, so one in quotes is refused rather than used with its quotes.
 */
export function parseEnvLines(text: string): EnvFileLines {
  const values = new Map<string, string>();
  const faults: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(line) ?? [];
    const at = `Line ${index + 1}`;
    if (name === undefined || value === undefined) faults.push(`${at} is not \`NAME=value\`.`);
    else if (values.has(name)) faults.push(`${at} sets \`${name}\` a second time.`);
    else if (/^(["'`]).*\1$/s.test(value))
      faults.push(`${at} puts the value of \`${name}\` in quotes, which would become part of it.`);
    else values.set(name, value);
  }
  return { values, faults };
}

/** Why a value cannot be used, as a sentence's end; undefined where it can. */
export function valueFault(value: string): string | undefined {
  if (value.trim() === "") return "is empty";
  if (/[\r\n\u2028\u2029]/.test(value)) return "holds a line break";
  if (value.includes("\0")) return "holds a NUL";
  return undefined;
}
