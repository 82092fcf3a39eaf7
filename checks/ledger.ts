/** Reads the ledgers of `operations/` that people keep by hand (items, exposures): checked data, or every fault at once. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Finding } from "../model/check.ts";
import { edit } from "../model/operatorCommand.ts";
import { parseOperatorYaml } from "../release/operatorFile.ts";

/** One fault of a ledger. */
export interface LedgerFault {
  /** Where: `items[2].deferral.until`, or `line 7`. */
  readonly path: string;
  /** A sentence without the value. */
  readonly problem: string;
}

export type Ledger<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly LedgerFault[] };

/** From a ledger's text to its checked data. Nothing of the text is repeated in a fault but the names of keys. */
export function parseLedger<S extends z.ZodType>(text: string, schema: S): Ledger<z.output<S>> {
  const yaml = parseOperatorYaml(text);
  if (!yaml.ok) return yaml;
  const parsed = schema.safeParse(yaml.data);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, faults: parsed.error.issues.flatMap(faultsOf) };
}

function faultsOf(issue: z.core.$ZodIssue): LedgerFault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: z.core.toDotPath([...issue.path, key]), problem: "This key is not known." }));
  }
  return [{ path: z.core.toDotPath(issue.path) || "file", problem: `${issue.message}.` }];
}

/** Reads a ledger of the work tree; one that is not there is a fault, not an empty one. */
export async function readLedger<S extends z.ZodType>(
  projectRoot: string,
  path: string,
  schema: S,
): Promise<Ledger<z.output<S>>> {
  try {
    return parseLedger(await readFile(join(projectRoot, path), "utf8"), schema);
  } catch (error) {
    return { ok: false, faults: [{ path: "file", problem: `It cannot be read (${(error as NodeJS.ErrnoException).code}).` }] };
  }
}

/** What a check says that cannot judge because its ledger is broken. */
export function brokenLedger(path: string, faults: readonly LedgerFault[]): Finding {
  const listed = faults.map((fault) => `\`${fault.path}\`: ${fault.problem}`).join(" ");
  return {
    status: "error",
    summary: `\`${path}\` has ${faults.length} ${faults.length === 1 ? "fault" : "faults"}. ${listed}`,
    measured: { path, faults },
    remedy: edit(path),
  };
}
