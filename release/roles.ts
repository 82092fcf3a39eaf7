/** Reads `operations/roles.yaml`, and keeps what is generated from it. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkRoles, type ParsedRoles, type Roles } from "../model/roles.ts";
import { allowedSigners, codeOwners, revokedKeys } from "../model/signers.ts";
import { parseOperatorYaml } from "./operatorFile.ts";

export const rolesFile = "operations/roles.yaml";

/** From the file's text to checked roles, or to every fault of it. */
export function parseRoles(text: string): ParsedRoles {
  const yaml = parseOperatorYaml(text);
  return yaml.ok ? checkRoles(yaml.data) : yaml;
}

/** The lists for ssh-keygen, by path from the repository's top. */
export const signerFiles = { allowedSigners: "operations/allowed_signers", revoked: "operations/revoked_keys" } as const;

/** What is generated from the roles, by path from the repository's top. */
export function generatedFiles(roles: Roles): ReadonlyMap<string, string> {
  return new Map([
    [signerFiles.allowedSigners, allowedSigners(roles)],
    [signerFiles.revoked, revokedKeys(roles)],
    [".github/CODEOWNERS", codeOwners(roles)],
  ]);
}

/** Paths of the generated files that are not what the roles make of them. */
export async function staleFiles(projectRoot: string, roles: Roles): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [path, text] of generatedFiles(roles)) {
    if ((await readFile(join(projectRoot, path), "utf8").catch(() => undefined)) !== text) stale.push(path);
  }
  return stale;
}

/** Writes them. @returns the paths that changed. */
export async function generate(projectRoot: string, roles: Roles): Promise<readonly string[]> {
  const stale = await staleFiles(projectRoot, roles);
  for (const [path, text] of generatedFiles(roles)) {
    if (!stale.includes(path)) continue;
    await mkdir(dirname(join(projectRoot, path)), { recursive: true });
    await writeFile(join(projectRoot, path), text);
  }
  return stale;
}
