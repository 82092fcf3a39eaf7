/** The JSON Schema of a file in `operations/`, generated from its zod schema, so that editors complete and check it. */

import { z } from "zod";

/** As text, with a final newline: what `operations/schemas/<name>.schema.json` must hold. */
export function jsonSchemaText(schema: z.ZodType, title: string): string {
  const generated = z.toJSONSchema(schema, { io: "input" });
  return `${JSON.stringify({ ...generated, title }, null, 2)}\n`;
}
