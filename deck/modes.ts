/** The mode that the project is in, as the records of this clone and its origin say; shared by the verbs about it. */

import { readPolicy } from "../checks/policy.ts";
import { type Mode, modeNames } from "../model/modes.ts";
import { formatPolicyFaults } from "../model/policy.ts";
import { examinationOn } from "../release/examination.ts";
import { type ModesOptions, type ModesRead, readModes, readModesFile } from "../release/modes.ts";
import { RecordsAltered } from "../release/records.ts";
import { signedReleaseOn } from "../release/releaseProof.ts";
import { GitFailed } from "../release/repository.ts";
import { Seen } from "../release/seen.ts";
import { trustFolder } from "../release/trust.ts";
import { bringRecords } from "./releasePlace.ts";
import { openStack } from "./session.ts";
import { installedTrust } from "./trust.ts";
import { type Call, DeckError, type World } from "./verb.ts";

/** With what moves are read and judged. @throws DeckError with code 2 for a file that cannot be used, 4 without trust. */
export async function modesOptions(
  stack: string,
  { root, signal, now }: Pick<World, "root" | "signal" | "now">,
): Promise<ModesOptions> {
  const trust = await installedTrust(stack, root);
  const file = await readModesFile(root);
  if (!file.ok) throw new DeckError("usage", file.faults.map(({ path, problem }) => `\`${path}\`: ${problem}`).join("\n"));
  const policy = await readPolicy(root);
  if (!policy.ok) throw new DeckError("usage", formatPolicyFaults(policy.faults));
  const { freshness } = policy.policy;
  const [seen, at] = [await Seen.in(trustFolder(stack)), now()];
  const verifiers = {
    examination: examinationOn(root, { trust, freshness, seen, now: at, signal }),
    signedRelease: signedReleaseOn(root, { stack, now: at, signal }),
  };
  return { trust, table: file.modes, verifiers, seen, now: at, signal };
}

/**
 * By the records of the repository that the stack names.
 * @throws DeckError with code 3 where origin does not answer or is another, 4 where the records were altered.
 */
export async function fetchedModes(call: Pick<Call, "stack">, world: World, options: ModesOptions): Promise<ModesRead> {
  const { settings } = await openStack(call, world);
  await bringRecords(settings, world);
  return modesHere(world.root, options);
}

/** The same by what this clone has, for who has brought origin's records before. @throws DeckError with code 3 or 4 */
export function modesHere(root: string, options: ModesOptions): Promise<ModesRead> {
  return told(readModes(root, options));
}

async function told(reading: Promise<ModesRead>): Promise<ModesRead> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RecordsAltered) throw new DeckError("refused", error.message, error.remedy);
    if (error instanceof GitFailed) throw new DeckError("unknown", error.message, "git fetch origin");
    throw error;
  }
}

/** The state that the moves lead to. @throws DeckError with code 4 where they fork. */
export function stateIn(read: ModesRead): Extract<ModesRead, { readonly ok: true }>["state"] {
  if (read.ok) return read.state;
  throw new DeckError("refused", read.problem, "npx deck mode withdraw --help");
}

export const named = (mode: Mode): string => `${mode} (${modeNames[mode]})`;
