/** `deck trust install` and `deck trust show`: the root of trust, outside every tree. */

import { readFile } from "node:fs/promises";
import { formatRolesFaults, type Roles } from "../model/roles.ts";
import { namespacesOf } from "../model/signers.ts";
import { parseRoles } from "../release/roles.ts";
import { fingerprintOf, type InstalledTrust, installTrust, readTrust, TrustMissing, trustFolder } from "../release/trust.ts";
import { decide } from "./confirm.ts";
import { readRolesText } from "./rolesGenerate.ts";
import { readSignOff, refuseUnknownStack } from "./stackSettings.ts";
import { DeckError, exitCodes, type Verb } from "./verb.ts";

export const trustShowVerb: Verb = {
  name: "trust show",
  summary: "Print the fingerprint and the keys of the trust that is installed for the stack",
  async run({ stack }, { root }) {
    const { roles, fingerprint, folder } = await installedTrust(stack, root);
    return {
      code: exitCodes.done,
      data: { folder, fingerprint, people: roles.people },
      text: wordsOf({ roles, fingerprint, folder }),
    };
  },
};

export const trustInstallVerb: Verb = {
  name: "trust install",
  summary: "Install the roles of `operations/roles.yaml`, or of another file, as the stack's root of trust",
  changes: true,
  arguments: [{ name: "[file]", description: "the roles; default: `operations/roles.yaml` of this tree" }],
  options: [
    {
      flags: "--fingerprint <fingerprint>",
      description: "the fingerprint that was told to you by another way: refused where it differs",
    },
  ],
  async run({ stack, args, options, yes, dryRun }, { root, output, signal }) {
    // Trust of a slip of the name would guard nothing.
    await refuseUnknownStack(root, stack);
    const text =
      args[0] === undefined ? await readRolesText(root) : await readFile(args[0], "utf8").catch(() => unreadable(args[0]));
    const parsed = parseRoles(text);
    if (!parsed.ok) throw new DeckError("usage", formatRolesFaults(parsed.faults));
    const { roles } = parsed;
    if (roles.people.length === 0)
      throw new DeckError("usage", "These roles hold nobody: once they are installed, nothing could ever be signed.", addPeople);
    const [fingerprint, folder] = [fingerprintOf(text), trustFolder(stack)];
    if (options.fingerprint !== undefined && options.fingerprint !== fingerprint)
      throw new DeckError(
        "refused",
        `These roles have the fingerprint ${fingerprint}, not ${options.fingerprint}: they are not the ones that you were told of.`,
      );
    if (dryRun)
      return { code: exitCodes.done, data: { folder, fingerprint, dryRun }, text: `Would install ${fingerprint} in ${folder}.` };
    output.progress(wordsOf({ roles, fingerprint, folder }));
    if (!(await readSignOff(root, stack).catch(() => true))) output.progress(notAsked(stack, folder));
    // A fingerprint that was told by another way is the answer; `--yes` alone says nothing of where the roles come from.
    if (options.fingerprint === undefined && !yes) await ask(signal);
    const trust = await installTrust(stack, text).catch(refused);
    return { code: exitCodes.done, data: { folder, fingerprint, dryRun }, text: `Installed ${trust.fingerprint} in ${folder}.` };
  },
};

const addPeople = "npx deck roles generate # once `operations/roles.yaml` names people, their keys and their roles";

/** What is installed outweighs the settings, since whoever may change the tree must not be able to take the Judge away. */
const notAsked = (stack: string, folder: string) =>
  `The settings of \`${stack}\` ask for no signature. Once trust is installed, every update of a stack of this name must be signed, from every clone of this user's on this machine; taken back by: rm -r ${folder}`;

function ask(signal: AbortSignal): Promise<void> {
  const how = "npx deck trust install --fingerprint SHA256:…";
  const question = "Did the others read you this very fingerprint, by another way than this repository?";
  const missing = "neither `--fingerprint` nor `--yes` is given";
  return decide({ question, withoutQuestion: how, missing, refused: "Nothing was installed.", remedy: how, signal });
}

/** @throws DeckError with code 4 where nothing can be verified, with code 2 where that is for there is no such stack in the tree. */
export async function installedTrust(stack: string, root: string): Promise<InstalledTrust> {
  return readTrust(stack).catch(async (error: unknown) => {
    // What is installed counts without the stack's file; what is not may be a slip of the name.
    if (error instanceof TrustMissing) await refuseUnknownStack(root, stack);
    return refused(error);
  });
}

function refused(error: unknown): never {
  if (error instanceof TrustMissing) throw new DeckError("refused", error.message, error.remedy);
  throw error;
}

function unreadable(file: string | undefined): never {
  throw new DeckError("usage", `\`${file}\` cannot be read.`);
}

function wordsOf({ roles, fingerprint, folder }: { roles: Roles; fingerprint: string; folder: string }): string {
  const people = roles.people.map((person) => {
    const keys = person.keys.map(({ public: key, from, until, revoked }) => {
      const days = `from ${from}${until === undefined ? "" : ` until ${until}`}`;
      return `    ${key.slice(0, 24)}…${key.slice(-12)}  ${days}${revoked === undefined ? "" : `, revoked on ${revoked}`}`;
    });
    return [`  ${person.id} (${person.roles.join(", ")}) signs ${namespacesOf(person).join(", ")}`, ...keys].join("\n");
  });
  return [fingerprint, `  ${folder}`, ...people].join("\n");
}
