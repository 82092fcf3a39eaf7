/** For what only the user has, the command that sets it and where to find it; for a secret, the command that names its source. */

import { mayHoldSecret } from "./settingsFault.ts";

type Raw = Readonly<Record<string, unknown>>;

/** Reads one value by its path; undefined where any step is absent. */
export function readAt(raw: unknown, path: readonly string[]): unknown {
  let value = raw;
  for (const step of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, step)) return undefined;
    value = (value as Raw)[step];
  }
  return value;
}

/** A setting's text where it is fit to stand in a command a person may paste, else the placeholder. */
function pasteable(raw: Raw, path: readonly string[], placeholder: string): string {
  const value = readAt(raw, path);
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/.test(text) && !mayHoldSecret(text) ? text : placeholder;
}

/** Stands for the stack's name in a remedy until that is known. */
export const stackPlaceholder = "<stack>";

/** As a text: without its type Pulumi would store digits as a number. */
function assignment(key: string, value: string, stack: string, as: "string" | "int" = "string"): string {
  const type = value === "true" ? "" : ` --type ${as}`;
  const quoted = /^[A-Za-z0-9_./:-]+$/.test(value) ? value : `'${value}'`;
  return `pulumi config set --stack ${stack}${type} --path 'phillbot:${key}' ${quoted}`;
}

/** The command that sets one key, to be typed as it is: the Pulumi that set-up brought is on no `PATH` but the one that `deck env` names. */
export function setCommand(key: string, value: string, stack: string): string {
  return `eval "$(npx deck env --stack ${stack})" && ${assignment(key, value, stack)}`;
}

function set(key: string, value: string): string {
  return setCommand(key, value, stackPlaceholder);
}

function setNumber(key: string, value: string): string {
  return `eval "$(npx deck env --stack ${stackPlaceholder})" && ${assignment(key, value, stackPlaceholder, "int")}`;
}

/** What a required key is, and the command that finds or sets it. */
interface Advice {
  readonly wanted: string;
  readonly remedy: (raw: Raw) => string;
}

/** By configuration key without its namespace. */
const advice: Readonly<Record<string, Advice>> = {
  name: { wanted: "lower-case letters, digits and hyphens, such as `phillbot`", remedy: () => set("name", "phillbot") },
  baseFolder: {
    wanted: "an absolute path on the host without a trailing slash",
    remedy: () => set("baseFolder", "/home/<user>/openclaw"),
  },
  "host.kind": { wanted: "`local` or `ssh`", remedy: () => `${set("host.kind", "ssh")} # or local` },
  "host.address": { wanted: "the machine's name or address", remedy: () => set("host.address", "<name or address>") },
  "host.user": { wanted: "the user to log in as", remedy: () => set("host.user", "<user>") },
  "host.hostKey": {
    wanted: "the machine's public host key: `type base64`",
    remedy: (raw) => {
      const port = pasteable(raw, ["host", "port"], "22");
      const keyscan = [
        "ssh-keyscan -t ed25519",
        ...(port === "22" ? [] : [`-p ${port}`]),
        pasteable(raw, ["host", "address"], "<address>"),
      ];
      return `${set("host.hostKey", "ssh-ed25519 <base64>")} # ${keyscan.join(" ")} prints it; compare it with /etc/ssh/ssh_host_ed25519_key.pub on the machine itself`;
    },
  },
  "gateway.image": {
    wanted: "`repository:tag`, the tag one version",
    remedy: () => set("gateway.image", "ghcr.io/openclaw/openclaw:<version>"),
  },
  "gateway.digest": {
    wanted: "`sha256:` and 64 hex digits",
    remedy: (raw) =>
      `${set("gateway.digest", "sha256:<64 hex digits>")} # docker pull ${pasteable(raw, ["gateway", "image"], "<repository:tag>")} prints it behind "Digest:"`,
  },
  "gateway.port": { wanted: "a whole number, at least 1 and at most 65535", remedy: () => setNumber("gateway.port", "18789") },
  "telegram.owners": {
    wanted: "a list of at least one numeric Telegram user id, each as a text",
    remedy: () => `${set("telegram.owners[0]", "<id>")} # Telegram's @userinfobot tells you yours`,
  },
  "memory.url": {
    wanted: "the Supabase project's URL",
    remedy: () => `${set("memory.url", "https://<reference id>.supabase.co")} # npx supabase projects list shows the id`,
  },
  "memory.database.host": {
    wanted: "the host name of the project's PostgreSQL",
    remedy: () => `${set("memory.database.host", "db.<reference id>.supabase.co")} # npx supabase projects list shows the id`,
  },
  "provider.name": {
    wanted: "one of `none`, `anthropic`, `openai`, `openrouter`",
    remedy: () => `${set("provider.name", "none")} # or another`,
  },
  "provider.model": { wanted: "the model's name at the provider", remedy: () => set("provider.model", "<model>") },
  "github.repository": { wanted: "`owner/name`", remedy: () => set("github.repository", "<owner/name>") },
};

/** What is known of a required key, for a fault that has no better words. */
export function adviceFor(key: string, raw: Raw): { readonly wanted: string; readonly remedy: string } | undefined {
  const known = Object.hasOwn(advice, key) ? advice[key] : undefined;
  return known && { wanted: known.wanted, remedy: known.remedy(raw) };
}

/** The command that gives a secret its source: its own name, as an environment variable. */
export function secretSourceAdvice(name: string, gateway: boolean): string {
  const source = set(`secrets.${name}.from.env`, name);
  return gateway ? `${source} && ${assignment(`secrets.${name}.gateway`, "true", stackPlaceholder)}` : source;
}
