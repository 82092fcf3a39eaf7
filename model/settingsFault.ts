/** What is wrong with a stack's settings, as data, and as sentences for a person. */

import { holdsKnownSecret } from "./exposurePatterns.ts";

/** One fault of one configuration key. */
export interface SettingsFault {
  /** The full configuration key, such as `phillbot:gateway.digest`. */
  readonly key: string;
  /** What the key holds now, cut; never a value that may be a secret. */
  readonly found: string;
  readonly wanted: string;
  /** The command that finds or sets the value. */
  readonly remedy?: string;
}

export type Path = readonly PropertyKey[];

const absent = "nothing";
const hidden = "a value that is not shown";
const longestEcho = 60;

const addressCredential = /:\/\/[^/@\s]*:[^/@\s]+@/;

/** True for text that holds a secret of a known kind, or an address with a password in it. */
export function holdsSecret(text: string): boolean {
  return holdsKnownSecret(text) || addressCredential.test(text);
}

/** A long run of letters and digits mixed is not a word: it may be a credential, so it is never repeated. */
const credentialRun = /(?=[A-Za-z_+=-]*[0-9])(?=[0-9_+=-]*[A-Za-z])[A-Za-z0-9_+=-]{16,}/;
const secretKey = /secret|token|password|passphrase|credential|key/i;
const safeCharacters = /^[A-Za-z0-9 ._:/@,+-]*$/;

/** True where text could hold a credential: by its shape, or because it names a user in an address (`user:password@host`). */
export function mayHoldSecret(text: string): boolean {
  return holdsSecret(text) || credentialRun.test(text) || /:[^/]*@/.test(text);
}

/** A key is cut to pieces at its separators first, so that `SECOND_OPENROUTER_KEY_2` can still be named. */
function mayBeNamed(name: string): boolean {
  if (name.length > longestEcho || !/^[A-Za-z0-9_.-]+$/.test(name) || holdsSecret(name)) return false;
  return !name.split(/[_.-]/).some((part) => credentialRun.test(part));
}

/** The configuration key as Pulumi writes it: `phillbot:secrets.TELEGRAM_BOT_TOKEN`, `phillbot:telegram.owners[0]`. */
export function configKey(path: Path): string {
  const parts = path.map((part, index) => {
    if (typeof part === "number") return `[${part}]`;
    const name = String(part);
    return `${index === 0 ? "" : "."}${mayBeNamed(name) ? name : "(a name that is not shown)"}`;
  });
  return `phillbot:${parts.join("")}`;
}

/** Says what a key holds; the value itself only where neither its key nor its shape can be a secret's. */
export function describeFound(path: Path, value: unknown): string {
  if (value === undefined || value === null) return absent;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "boolean") return `\`${value}\``;
  if (path[0] === "secrets" || path.some((part) => secretKey.test(String(part)))) return hidden;
  const text = String(value);
  if (text === "") return "an empty text";
  if (mayHoldSecret(text) || !safeCharacters.test(text)) return `${hidden} (${text.length} characters)`;
  const cut = text.length > longestEcho ? `${text.slice(0, longestEcho)}…` : text;
  const looksTyped = typeof value === "string" && /^(true|false|[0-9.]+)$/.test(value);
  return looksTyped ? `the text \`${cut}\`` : `\`${cut}\``;
}

/** All faults as text for a terminal: one paragraph each, the command to type on a line of its own. */
export function formatFaults(faults: readonly SettingsFault[]): string {
  const head = `The settings have ${faults.length} ${faults.length === 1 ? "fault" : "faults"}:`;
  const paragraphs = faults.map(({ key, found, wanted, remedy }) => {
    const sentence = `  \`${key}\` holds ${found}; wanted: ${wanted}.`;
    return remedy === undefined ? sentence : `${sentence}\n      ${remedy}`;
  });
  return [head, ...paragraphs].join("\n");
}
