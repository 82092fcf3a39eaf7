/** From a stack's raw configuration to checked settings, or to every fault at once. */

import type { z } from "zod";
import { knownKeys } from "./knownKeys.ts";
import { nearestName } from "./nearestName.ts";
import { type Settings, settingsSchema } from "./settings.ts";
import { adviceFor, readAt, stackPlaceholder } from "./settingsAdvice.ts";
import { configKey, describeFound, holdsSecret, type Path, type SettingsFault } from "./settingsFault.ts";
import { rules } from "./settingsRules.ts";

type Raw = Readonly<Record<string, unknown>>;
type Issue = z.core.$ZodIssue;

export type ParsedSettings =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly faults: readonly SettingsFault[] };

/** Where a section is absent its own keys are what the user must be told, so it is read as an empty one. */
const sections = ["host", "gateway", "telegram", "memory", "provider", "secrets"];

function completed(raw: Raw): Raw {
  const filled: Record<string, unknown> = { ...raw };
  for (const section of sections) filled[section] ??= {};
  // Pulumi writes a truth value at the top of a stack's file as a text.
  for (const key of ["requireSignOff", "rehearsal"])
    if (raw[key] === "true" || raw[key] === "false") filled[key] = raw[key] === "true";
  const memory = filled.memory;
  if (isObject(memory)) filled.memory = { database: {}, ...memory };
  return filled;
}

function isObject(value: unknown): value is Raw {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

const wantedTypes: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "`true` or `false`",
  object: "an object",
  record: "an object",
  array: "a list",
};

/** What one issue of the schema asks for, in words. */
function wantedBy(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return wantedTypes[issue.expected] ?? `a value of type ${issue.expected}`;
    case "too_small":
      return issue.origin === "string"
        ? "a text that is not empty"
        : issue.origin === "array"
          ? "at least one entry"
          : `at least ${issue.minimum}`;
    case "too_big":
      return `at most ${issue.maximum}`;
    case "invalid_value":
      return `one of ${issue.values.map((value) => `\`${String(value)}\``).join(", ")}`;
    case "invalid_format":
      return issue.format === "url" ? "a URL" : issue.message;
    case "invalid_union":
      return issue.path.at(-1) === "from"
        ? "a source: exactly one of `env` (a variable's name), `file` (a path), `command` (a list of texts)"
        : issue.message;
    default:
      return issue.message;
  }
}

/** One issue may blame several keys (unknown ones); each becomes a fault. */
function faultsOf(issue: Issue, raw: Raw): SettingsFault[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(settingsSchema, issue.path);
    return issue.keys.map((key) => {
      const near = nearestName(key, known);
      return {
        key: configKey([...issue.path, key]),
        found: `a key that is not known${near === undefined ? "" : ` (did you mean \`${near}\`?)`}`,
        wanted: `one of ${known.map((each) => `\`${each}\``).join(", ")}`,
      };
    });
  }
  if (issue.code === "invalid_key") {
    return [
      {
        key: configKey(issue.path),
        found: "a name that cannot be a secret's",
        wanted: "upper-case letters, digits and underscores",
      },
    ];
  }
  const advised = adviceFor(issue.path.map(String).join("."), raw);
  return [fault(issue.path, raw, advised ?? { wanted: wantedBy(issue) })];
}

function fault(path: Path, raw: Raw, { wanted, remedy }: { wanted: string; remedy?: string }): SettingsFault {
  const found = describeFound(path, readAt(raw, path.map(String)));
  return { key: configKey(path), found, wanted, ...(remedy !== undefined && { remedy }) };
}

const secretWanted =
  "no value here, not even encrypted: only the source of a secret is a setting (`from.env`, `from.file` or `from.command` below `phillbot:secrets.<NAME>`)";

/** Secret values that stand in the settings: by place, by Pulumi's own marker, or by shape. */
function plainSecrets(raw: Raw): SettingsFault[] {
  const faults: SettingsFault[] = [];
  const refuse = (path: Path, found: string) => faults.push({ key: configKey(path), found, wanted: secretWanted });
  const walk = (path: Path, value: unknown): void => {
    const keys = isObject(value) ? Object.keys(value) : [];
    if (typeof value === "string" && path.length === 2 && path[0] === "secrets") refuse(path, "a value in plain text");
    else if (typeof value === "string" && holdsSecret(value)) refuse(path, "a secret in plain text");
    else if (keys.length === 1 && keys[0] === "secure") refuse(path, "a secret encrypted by Pulumi");
    else if (Array.isArray(value)) for (const [index, entry] of value.entries()) walk([...path, index], entry);
    else if (isObject(value)) for (const key of keys) walk([...path, key], value[key]);
  };
  walk([], raw);
  return faults;
}

function ruleFaults(raw: Raw): SettingsFault[] {
  return Object.values(rules).flatMap((rule) =>
    rule(raw).map(({ path, wanted, remedy }) => {
      const known = remedy ?? adviceFor(path.map(String).join("."), raw)?.remedy;
      return fault(path, raw, { wanted, ...(known !== undefined && { remedy: known }) });
    }),
  );
}

/** Keeps the first fault of each key, and none below a key that is refused as a whole. */
function oncePerKey(faults: readonly SettingsFault[]): SettingsFault[] {
  const kept = new Map<string, SettingsFault>();
  for (const each of faults) {
    const covered = [...kept.keys()].some(
      (key) => each.key === key || each.key.startsWith(`${key}.`) || each.key.startsWith(`${key}[`),
    );
    if (!covered) kept.set(each.key, each);
  }
  return [...kept.values()];
}

/**
 * @param raw the stack's configuration keys, the namespace `phillbot:` removed, values structured.
 * @param stack the stack's name, for the commands in the remedies.
 * @returns the settings with their defaults, or every fault: each key once, no value that may be a secret.
 */
export function parseSettings(raw: Raw, stack: string = stackPlaceholder): ParsedSettings {
  const filled = completed(raw);
  const parsed = settingsSchema.safeParse(filled);
  const shape = parsed.success ? [] : parsed.error.issues.flatMap((issue) => faultsOf(issue, filled));
  const faults = oncePerKey([...plainSecrets(raw), ...shape, ...ruleFaults(filled)]);
  if (parsed.success && faults.length === 0) return { ok: true, settings: parsed.data };
  const named = faults.map(({ remedy, ...rest }) =>
    remedy === undefined ? rest : { ...rest, remedy: remedy.replaceAll(stackPlaceholder, stack) },
  );
  return { ok: false, faults: named };
}
