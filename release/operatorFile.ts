/** Reads the YAML of a file that an operator edits: its data, or where it is none. */

import { parseDocument } from "yaml";

export type OperatorYaml =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly faults: readonly { readonly path: string; readonly problem: string }[] };

/** Nothing of the text is repeated in a fault: it may hold what must not be shown. */
export function parseOperatorYaml(text: string): OperatorYaml {
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  try {
    if (error === undefined) return { ok: true, data: document.toJS() };
  } catch {
    const problem = "It names an alias (`*…`) that stands for nothing here, or for too much.";
    return { ok: false, faults: [{ path: "YAML", problem }] };
  }
  // The others follow from the first.
  const path = `line ${error.linePos?.[0].line ?? "unknown"}`;
  return { ok: false, faults: [{ path, problem: `It is not YAML here (${error.code}).` }] };
}
