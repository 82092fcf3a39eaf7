/** The settings of a stack, from its file `Pulumi.<stack>.yaml`. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { nearestName } from "../model/nearestName.ts";
import { edit } from "../model/operatorCommand.ts";
import type { Settings } from "../model/settings.ts";
import { formatFaults } from "../model/settingsFault.ts";
import { parseSettings } from "../model/settingsParse.ts";
import { settingsIn } from "../release/stackFile.ts";
import { DeckError } from "./verb.ts";

/**
 * Reads and checks the settings.
 * @throws DeckError with code 2 where there is no such file, it is not YAML, or a setting is wrong: every fault at once.
 */
export async function readSettings(root: string, stack: string): Promise<Settings> {
  const parsed = parseSettings(settingsOf(await readStackFile(root, stack), stack), stack);
  if (!parsed.ok) throw new DeckError("usage", formatFaults(parsed.faults));
  return parsed.settings;
}

/**
 * Whether only signed releases reach the stack, read on its own so that it is known while other settings are still missing.
 * Anything but a plain `false` means that it does.
 * @throws DeckError with code 2 where the file is not there or not YAML.
 */
export async function readSignOff(root: string, stack: string): Promise<boolean> {
  return settingsOf(await readStackFile(root, stack), stack).requireSignOff !== false;
}

/** The settings as they stand in the stack's file, unchecked. @throws DeckError with code 2 where it is not there or not YAML. */
export async function readRawSettings(root: string, stack: string): Promise<Readonly<Record<string, unknown>>> {
  return settingsOf(await readStackFile(root, stack), stack);
}

/** @throws DeckError with code 2 where the stack has no file of settings, which is how a slip of the name shows. */
export async function refuseUnknownStack(root: string, stack: string): Promise<void> {
  await readStackFile(root, stack);
}

async function readStackFile(root: string, stack: string): Promise<string> {
  try {
    return await readFile(join(root, `Pulumi.${stack}.yaml`), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const known = await stacksIn(root);
    const list = `\`${known.join("`, `")}\``;
    const stacks = known.length === 0 ? "none is there" : `there ${known.length === 1 ? "is" : "are"} ${list}`;
    const meant = nearestName(stack, known) ?? known[0];
    const remedy = stack === "dev" || meant === undefined ? "npm start" : `npx deck ps --stack ${meant}`;
    throw new DeckError("usage", `The stack \`${stack}\` has no file \`Pulumi.${stack}.yaml\`; ${stacks}.`, remedy);
  }
}

async function stacksIn(root: string): Promise<readonly string[]> {
  const names = (await readdir(root)).map((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1]);
  return names.filter((name) => name !== undefined).sort();
}

function settingsOf(text: string, stack: string): Readonly<Record<string, unknown>> {
  const read = settingsIn(text, stack);
  if (!read.ok) throw new DeckError("usage", read.problem, edit(`Pulumi.${stack}.yaml`));
  return read.raw;
}
