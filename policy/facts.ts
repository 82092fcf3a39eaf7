/** What the stack's policy takes from this tree: whether the stack is production, and which ports may be published. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { StackFacts } from "../model/declaredResource.ts";
import { checkPorts, type PublishedPort } from "../model/publishedPorts.ts";
import { isProduction } from "../model/rehearsal.ts";

export const portsFile = "operations/ports.yaml";

/** @throws Error that names the fault: a list that cannot be read allows nothing, and says so. */
export function readPublishedPorts(projectRoot: string): readonly PublishedPort[] {
  const parsed = checkPorts(parse(readFileSync(join(projectRoot, portsFile), "utf8"), { logLevel: "error" }));
  if (parsed.ok) return parsed.published;
  throw new Error(`\`${portsFile}\` cannot be used. ${parsed.problem}`);
}

/** Of a stack by its name; production wherever its file does not say otherwise. */
export function readFacts(projectRoot: string, stack: string): StackFacts {
  return { production: ofProduction(projectRoot, stack), published: readPublishedPorts(projectRoot) };
}

function ofProduction(projectRoot: string, stack: string): boolean {
  try {
    const file = parse(readFileSync(join(projectRoot, `Pulumi.${stack}.yaml`), "utf8"), { logLevel: "error" });
    const said = (key: string): unknown => file?.config?.[`phillbot:${key}`];
    return isProduction({ requireSignOff: said("requireSignOff"), rehearsal: said("rehearsal"), host: said("host") });
  } catch {
    return true;
  }
}
