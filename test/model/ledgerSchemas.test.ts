/** The committed JSON Schemas say what the zod schemas say. To write them anew: `UPDATE_SCHEMAS=1 npx mocha`. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { exposuresSchema } from "../../model/exposures.ts";
import { itemsSchema } from "../../model/items.ts";
import { jsonSchemaText } from "../../model/jsonSchema.ts";

const schemas = { items: itemsSchema, exposures: exposuresSchema };

describe("operations/schemas", () => {
  for (const [name, schema] of Object.entries(schemas)) {
    it(`holds the current schema of operations/${name}.yaml`, () => {
      const path = new URL(`../../operations/schemas/${name}.schema.json`, import.meta.url);
      const text = jsonSchemaText(schema, `operations/${name}.yaml`);
      if (process.env.UPDATE_SCHEMAS === "1") writeFileSync(path, text);
      assert.equal(readFileSync(path, "utf8"), text);
    });
  }
});
