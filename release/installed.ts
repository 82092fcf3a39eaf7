/** Whether the packages that lie here are those of `package-lock.json`, which is what was signed: by npm's own list of what it installed. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const listSchema = z.looseObject({
  packages: z
    .record(
      z.string(),
      z.looseObject({ version: z.string().optional(), integrity: z.string().optional(), optional: z.boolean().optional() }),
    )
    .default({}),
});
type Packages = z.output<typeof listSchema>["packages"];

/** By which Node runs code that stands in no lock, before that of the program. */
const loading = /(?:^|[\s"])(-r|--require|--import|--loader|--experimental-loader)(?=[\s="]|$)/;

/**
 * Why what would run is not what was signed, as sentences. npm leaves out what is optional and for another machine. Packages
 * in a folder above, or by `NODE_PATH`, are reached only where one of these is missing.
 */
export async function otherPackages(
  folder: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<readonly string[]> {
  // Node takes a low line for a hyphen, and quotes and backslashes away.
  const option = loading.exec((environment.NODE_OPTIONS ?? "").replaceAll("_", "-").replaceAll(/["\\]/g, ""))?.[1];
  if (option !== undefined)
    return [`\`NODE_OPTIONS\` has \`${option}\`, by which Node runs what nobody signed: unset NODE_OPTIONS`];
  const [wanted, installed] = await Promise.all([
    packagesIn(join(folder, "package-lock.json")),
    packagesIn(join(folder, "node_modules/.package-lock.json")),
  ]);
  if (wanted === undefined) return ["`package-lock.json` cannot be read."];
  const there = installed ?? {};
  const missing = Object.entries(wanted).filter(([path, { optional }]) => path !== "" && optional !== true && !(path in there));
  const other = Object.entries(there).filter(([path, { version, integrity }]) => {
    const locked = wanted[path];
    return locked === undefined || locked.version !== version || locked.integrity !== integrity;
  });
  return [...missing, ...other].slice(0, 3).map(([path]) => `\`${path}\` is not installed as \`package-lock.json\` has it.`);
}

async function packagesIn(path: string): Promise<Packages | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  try {
    return text === undefined ? undefined : listSchema.parse(JSON.parse(text)).packages;
  } catch {
    return undefined;
  }
}
