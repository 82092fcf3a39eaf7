/** The keys that a schema knows at one place, for whoever misspelt one. */

import { z } from "zod";

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

/** Sorted; none where the schema knows no keys there. @param path as in a zod issue. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let nodes = alternatives(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node);
  for (const key of path) nodes = nodes.flatMap((node) => below(node, key)).flatMap(alternatives);
  return [...new Set(nodes.flatMap(({ properties }) => Object.keys(properties ?? {})))].toSorted();
}

/** A place may take one of several shapes; each counts. */
function alternatives(node: Node): readonly Node[] {
  return [node, ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(alternatives)];
}

function below({ properties, items, additionalProperties }: Node, key: PropertyKey): readonly Node[] {
  const own = properties?.[String(key)];
  const any = typeof additionalProperties === "object" ? additionalProperties : undefined;
  return [typeof key === "number" ? items : (own ?? any)].filter((node) => node !== undefined);
}
