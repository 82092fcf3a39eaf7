/** `deck roles generate`: what follows from `operations/roles.yaml` is written anew. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { formatRolesFaults, type Roles } from "../model/roles.ts";
import { generate, parseRoles, rolesFile, staleFiles } from "../release/roles.ts";
import { DeckError, exitCodes, type Verb } from "./verb.ts";

export const rolesGenerateVerb: Verb = {
  name: "roles generate",
  summary: "Write `allowed_signers`, `revoked_keys` and CODEOWNERS from `operations/roles.yaml`",
  changes: true,
  async run({ dryRun }, { root }) {
    const roles = await readRolesFile(root);
    const changed = dryRun ? await staleFiles(root, roles) : await generate(root, roles);
    const what = dryRun ? "Would write" : "Wrote";
    const text = changed.length === 0 ? "All of it is current." : changed.map((path) => `${what} ${path}.`).join("\n");
    return { code: exitCodes.done, data: { changed, dryRun }, text };
  },
};

/** The roles of the work tree. @throws DeckError with code 2 and every fault of the file. */
export async function readRolesFile(root: string): Promise<Roles> {
  const parsed = parseRoles(await readRolesText(root));
  if (!parsed.ok) throw new DeckError("usage", formatRolesFaults(parsed.faults));
  return parsed.roles;
}

/** @throws DeckError with code 2 where there is no such file. */
export async function readRolesText(root: string): Promise<string> {
  return readFile(join(root, rolesFile), "utf8").catch(() => {
    throw new DeckError("usage", `\`${rolesFile}\` cannot be read.`, "git status");
  });
}
