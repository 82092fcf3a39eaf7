/** The JSON Schemas of what an operator edits and of the evidence, generated into `operations/schemas/` by `node checks/schemas.ts`. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { exposuresSchema } from "../model/exposures.ts";
import { gatePolicySchema } from "../model/gate.ts";
import { itemsSchema } from "../model/items.ts";
import { jsonSchemaText } from "../model/jsonSchema.ts";
import { modesSchema } from "../model/modes.ts";
import { portsSchema } from "../model/publishedPorts.ts";
import { rolesSchema } from "../model/roles.ts";
import { reportSchema } from "./evidence/report.ts";

const edited = {
  gate: gatePolicySchema,
  items: itemsSchema,
  exposures: exposuresSchema,
  roles: rolesSchema,
  modes: modesSchema,
  ports: portsSchema,
};

/** Every schema's text, by file name. */
export function schemaFiles(): ReadonlyMap<string, string> {
  const ledgers = Object.entries(edited).map(([name, schema]) => {
    return [`${name}.schema.json`, jsonSchemaText(schema, `operations/${name}.yaml`)] as const;
  });
  return new Map([...ledgers, ["evidence.schema.json", evidenceSchema()]]);
}

/** What a program gives, not what a person may write: every default is there. */
function evidenceSchema(): string {
  const generated = z.toJSONSchema(reportSchema, { io: "output" });
  return `${JSON.stringify({ ...generated, title: "The evidence of one run of the gate, report.json" }, null, 2)}\n`;
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, "..", "operations", "schemas");
  await mkdir(folder, { recursive: true });
  for (const [name, text] of schemaFiles()) await writeFile(join(folder, name), text);
}
