/** `deck practice`: a stack on this machine that requires sign-off, an origin, and three people to play, so that the roles can be learned. */

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { execa } from "execa";
import { parse, parseDocument, stringify } from "yaml";
import type { RoleName } from "../model/roles.ts";
import { gitText } from "../release/repository.ts";
import { generate, rolesFile } from "../release/roles.ts";
import { trustFolder } from "../release/trust.ts";
import { imageNames } from "../toolchain/images.ts";
import { devFolders, ensureDevStack } from "./devStack.ts";
import { readRolesFile } from "./rolesGenerate.ts";
import { DeckError, exitCodes, type Verb, type World } from "./verb.ts";

const stack = "practice";

/** Two people and a machine are the least; Ada also operates. */
const cast: readonly { readonly id: string; readonly kind?: "machine"; readonly roles: readonly RoleName[] }[] = [
  { id: "ada", roles: ["builder", "operator"] },
  { id: "bo", roles: ["judge"] },
  { id: "cy", kind: "machine", roles: ["examiner"] },
];

export const practiceVerb: Verb = practiceBeside(trustFolder(stack));

/** @param trust where the trust of a practice is installed; only a test has another place for it. */
export function practiceBeside(trust: string): Verb {
  return {
    name: "practice",
    summary: "Make a stack on this machine that requires sign-off, with people to play, to learn the roles",
    changes: true,
    arguments: [{ name: "<folder>", description: "a new folder outside this clone: its origin, state, passphrase and keys" }],
    async run({ args, dryRun }, world) {
      const { root, now } = world;
      const folder = resolve(args[0] ?? "");
      const baseline = await refuseUnfit({ folder, trust }, world);
      const data = { stack, folder, dryRun };
      if (dryRun) return { code: exitCodes.done, data, text: `Would make the stack \`${stack}\`, and ${folder} for it.` };
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const origin = join(folder, "origin.git");
      await execa("git", ["clone", "--quiet", "--bare", root, origin]);
      await pointOrigin(root, origin);
      await mkdir(join(folder, "state"), { mode: 0o700 });
      await writeFile(join(folder, "passphrase"), `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
      await writeSettings(root, origin);
      await writeRoles({ root, folder, baseline, day: now().toISOString().slice(0, 10) });
      return { code: exitCodes.done, data, text: wordsOf(folder) };
    },
  };
}

interface Place {
  readonly folder: string;
  readonly trust: string;
}

/** @returns the commit that is taken as it is. @throws DeckError with code 2 where something would be lost or mixed up. */
async function refuseUnfit({ folder, trust }: Place, { root, signal }: World): Promise<string> {
  const refuse = (problem: string, remedy?: string) => new DeckError("usage", problem, remedy);
  const below = relative(root, folder);
  if (below !== ".." && !below.startsWith("../") && !isAbsolute(below))
    throw refuse(
      `\`${folder}\` lies in this clone: origin, state and keys belong outside it.`,
      "npx deck practice ~/phillbot-practice",
    );
  if (existsSync(folder)) throw refuse(`\`${folder}\` is there already; name a folder that is not.`, "npx deck practice --help");
  const { settingsFile } = devFolders(root, stack);
  if (existsSync(settingsFile)) throw refuse(`The stack \`${stack}\` is there already: ${settingsFile}.`, `rm ${settingsFile}`);
  if (existsSync(trust)) {
    const problem = `An earlier practice left its trust (${trust}), which is that of its keys: nothing of this one would count.`;
    throw refuse(problem, `rm -r ${trust} # where no practice of another clone needs it`);
  }
  if ((await readRolesFile(root)).people.length > 0)
    throw refuse(`\`${rolesFile}\` names people already: practise in a clone whose roles nobody holds.`, "git status");
  if ((await gitText(root, ["status", "--porcelain"], { signal })) !== "")
    throw refuse("The work tree holds changes that are not committed.", "git status");
  return gitText(root, ["rev-parse", "HEAD"], { signal });
}

async function pointOrigin(root: string, origin: string): Promise<void> {
  const remotes = (await gitText(root, ["remote"])).split("\n");
  await gitText(root, ["remote", remotes.includes("origin") ? "set-url" : "add", "origin", origin]);
  await gitText(root, ["fetch", "--quiet", "origin"]);
}

/** As a development stack's, with its own stand-ins; but only what was signed for it comes up, and nothing of it is called released. */
async function writeSettings(root: string, origin: string): Promise<void> {
  const { settingsFile } = devFolders(root, stack);
  await ensureDevStack({ projectRoot: root, stack, ownPorts: true, images: imageNames(root) });
  const file = parse(await readFile(settingsFile, "utf8"));
  Object.assign(file.config, {
    "phillbot:requireSignOff": "true",
    "phillbot:rehearsal": "true",
    "phillbot:origin": origin,
  });
  await writeFile(
    settingsFile,
    `# Made by \`npx deck practice\`: a stack to learn the roles on, with stand-ins for all that is hosted.\n${stringify(file)}`,
  );
}

interface Casting {
  readonly root: string;
  readonly folder: string;
  readonly baseline: string;
  /** `2026-11-22` */
  readonly day: string;
}

async function writeRoles({ root, folder, baseline, day }: Casting): Promise<void> {
  const people: unknown[] = [];
  for (const { id, kind, roles } of cast) {
    const key = join(folder, id);
    // No passphrase: whoever practises plays all of them, and none of the keys opens anything else.
    await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", id, "-f", key]);
    const [type, text] = (await readFile(`${key}.pub`, "utf8")).split(" ");
    const name = `${id.charAt(0).toUpperCase()}${id.slice(1)}`;
    const keys = [{ public: `${type} ${text}`, from: day }];
    people.push({ id, name, ...(kind && { kind }), emails: [`${id}@example.org`], roles, keys });
  }
  const path = join(root, rolesFile);
  const document = parseDocument(await readFile(path, "utf8"));
  document.set("baseline", baseline);
  document.addIn(["roles", "operator", "paths"], `Pulumi.${stack}.yaml`);
  document.set("people", document.createNode(people));
  await writeFile(path, document.toString({ lineWidth: 0 }));
  await generate(root, await readRolesFile(root));
}

const wordsOf = (
  folder: string,
): string => `The stack \`${stack}\` requires sign-off. Its origin, state, passphrase and the keys of ada, bo and cy are in ${folder}.

Each shell that works with it needs:
  export PHILLBOT_STACK=${stack} PULUMI_BACKEND_URL=file://${folder}/state PULUMI_CONFIG_PASSPHRASE_FILE=${folder}/passphrase

Next, as ada, who builds and operates: docs/builder.md`;
