/** The stack's own file in this tree: what the engine handed over must be what stands there, since every other command reads that file. */

import { parse } from "yaml";
import { canonicalJson } from "../model/canonical.ts";

type Config = Readonly<Record<string, unknown>>;

/** Pulumi hands over objects, lists and booleans as JSON, and texts as they are. */
export function structured(text: string): unknown {
  if (!/^(\{|\[|true$|false$)/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The project's keys whose value in the file's text is not the one that was handed over, sorted; every key where the text is no YAML.
 * @param handedOver by key, the project's prefix removed, values structured.
 */
export function differingKeys(text: string, project: string, handedOver: Config): string[] {
  const written = ownKeys(text, `${project}:`);
  const keys = [...new Set([...Object.keys(written), ...Object.keys(handedOver)])];
  return keys.filter((key) => comparable(written[key]) !== comparable(handedOver[key])).toSorted();
}

function ownKeys(text: string, prefix: string): Config {
  const config = configOf(text);
  if (typeof config !== "object" || config === null) return {};
  const own = Object.entries(config).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}

function configOf(text: string): unknown {
  try {
    return (parse(text, { logLevel: "error" }) as { config?: unknown } | null)?.config;
  } catch {
    return undefined;
  }
}

/** The engine gives every value at the top as text, also a number's or a truth value's. */
function comparable(value: unknown): string {
  if (value === undefined) return "absent";
  const plain = typeof value === "string" ? structured(value) : value;
  return canonicalJson(typeof plain === "object" && plain !== null ? plain : String(plain));
}
