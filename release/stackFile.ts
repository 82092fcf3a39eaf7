/** What the text of a file `Pulumi.<stack>.yaml` says of the stack's settings, unchecked. */

import { parse } from "yaml";
import { z } from "zod";

const namespace = "phillbot:";
const stackFile = z.looseObject({ config: z.record(z.string(), z.unknown()).nullish() }).nullable();

export type RawSettings =
  | { readonly ok: true; readonly raw: Readonly<Record<string, unknown>> }
  /** A sentence. It quotes nothing of the file, which may hold what must not be shown. */
  | { readonly ok: false; readonly problem: string };

/** The settings by their keys without the namespace. */
export function settingsIn(text: string, stack: string): RawSettings {
  let yaml: unknown;
  try {
    yaml = parse(text, { logLevel: "error" });
  } catch (error) {
    const line = (error as { linePos?: readonly { line: number }[] }).linePos?.[0]?.line;
    return { ok: false, problem: `\`Pulumi.${stack}.yaml\` is not YAML${line === undefined ? "" : `, from line ${line} on`}.` };
  }
  const file = stackFile.safeParse(yaml);
  if (!file.success) return { ok: false, problem: `\`Pulumi.${stack}.yaml\` must be an object whose \`config\` is an object.` };
  const own = Object.entries(file.data?.config ?? {}).filter(([key]) => key.startsWith(namespace));
  return { ok: true, raw: Object.fromEntries(own.map(([key, value]) => [key.slice(namespace.length), structured(value)])) };
}

/** Pulumi writes a key's own boolean, list or object back as text, in JSON. */
function structured(value: unknown): unknown {
  if (typeof value !== "string" || !/^(\{|\[|true$|false$)/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
