/** The gateway's env file as text: one `NAME=value` line a secret, written so that OpenClaw's parser (dotenv) reads back the same values. */

import { Secret } from "./secret.ts";
import type { Settings } from "./settings.ts";

const validName = /^[A-Z_][A-Z0-9_]*$/;
const lineBreak = /[\n\r\u2028\u2029]/;
/** Nothing that dotenv, or a shell that sources the file, gives a meaning. */
const plain = /^[A-Za-z0-9_./:@%+,=-]+$/;
/** OpenClaw passes over a larger file without a word. */
const maximumBytes = 1_048_576;

/** Thrown with every fault of an env file at once; names only, no values. */
export class EnvFileRefused extends Error {
  override readonly name = "EnvFileRefused";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The env file cannot be written. ${faults.join(" ")}`);
    this.faults = faults;
  }
}

/**
 * The secrets that the gateway's env file holds: those that the settings mark `gateway: true`.
 * @throws EnvFileRefused naming every one of them that has no value.
 */
export function envFileEntries(
  settings: Pick<Settings, "secrets">,
  values: ReadonlyMap<string, Secret>,
): ReadonlyMap<string, Secret> {
  const names = Object.keys(settings.secrets).filter((name) => settings.secrets[name]?.gateway === true);
  const missing = names.filter((name) => !values.has(name));
  if (missing.length > 0) throw new EnvFileRefused(missing.map((name) => `\`${name}\` has no value.`));
  return new Map([...values].filter(([name]) => names.includes(name)));
}

/**
 * The file's whole content, lines sorted by name.
 * @throws EnvFileRefused naming every entry that is malformed or that the gateway would read back as something else.
 */
export function renderEnvFile(entries: ReadonlyMap<string, Secret>): Secret {
  const faults: string[] = [];
  if (entries.size === 0) faults.push("It would be empty: no secret has `gateway: true`.");
  const lines = [...entries].sort(byName).map(([name, secret]) => {
    const fault = faultOf(name, secret.reveal());
    const quoted = fault === undefined ? quote(secret.reveal()) : undefined;
    if (fault !== undefined) faults.push(fault);
    else if (quoted === undefined) faults.push(`The value of \`${name}\` needs a quote that the file's format cannot escape.`);
    return `${name}=${quoted}\n`;
  });
  const content = lines.join("");
  if (Buffer.byteLength(content) > maximumBytes) {
    faults.push(`It would have ${Buffer.byteLength(content)} bytes; the gateway reads at most ${maximumBytes}.`);
  }
  if (faults.length > 0) throw new EnvFileRefused(faults);
  return new Secret(content);
}

function byName([a]: readonly [string, Secret], [b]: readonly [string, Secret]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function faultOf(name: string, value: string): string | undefined {
  if (!validName.test(name)) {
    return `The name ${JSON.stringify(name)} must be upper-case letters, digits and underscores, not starting with a digit.`;
  }
  if (value === "") return `The value of \`${name}\` is empty.`;
  if (value.includes("\0")) return `The value of \`${name}\` holds a NUL.`;
  if (lineBreak.test(value)) return `The value of \`${name}\` holds a line break.`;
  if (!value.isWellFormed()) return `The value of \`${name}\` is not valid Unicode.`;
  return undefined;
}

/**
 * Dotenv knows no escapes: a value is right only inside a quote that it does not contain. A closing quote after a
 * backslash counts as part of the value, and between double quotes `\n` and `\r` become line breaks.
 */
function quote(value: string): string | undefined {
  if (plain.test(value)) return value;
  const fits = (mark: string) => !value.includes(mark) && !value.endsWith("\\");
  if (fits("'")) return `'${value}'`;
  if (fits('"') && !/\\[nr]/.test(value)) return `"${value}"`;
  if (fits("`")) return `\`${value}\``;
  const standsBare = !value.includes("#") && value.trim() === value && !/^['"`]/.test(value);
  return standsBare ? value : undefined;
}
