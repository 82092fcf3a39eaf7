/** What every verb of a release begins with: the commit, where it goes, and origin's records brought here. */

import { hostname } from "node:os";
import { wantedOrigin } from "../model/origin.ts";
import type { Settings } from "../model/settings.ts";
import { hostNameOf } from "../model/statements.ts";
import { Known, type KnownOptions } from "../release/known.ts";
import { type Built, buildManifest, NoRelease, settingsAt } from "../release/manifest.ts";
import { fileAt } from "../release/objects.ts";
import { readOrigin } from "../release/origin.ts";
import { fetchRecords, RecordsAltered } from "../release/records.ts";
import { GitFailed, gitText } from "../release/repository.ts";
import { TrustMissing } from "../release/trust.ts";
import { type Call, DeckError, type World } from "./verb.ts";

export interface ReleasePlace {
  readonly commit: string;
  /** As they are committed. */
  readonly settings: Settings;
  /** As a sign-off names it. */
  readonly host: string;
}

export const machineOption = {
  flags: "--machine <name>",
  description: "the machine that deploys, where the stack's host is `local` and that is not this one",
};

/**
 * Resolves the commit and brings origin's records here: a revocation that this clone lacks would not be known.
 * @throws DeckError with code 2 for what is no commit, or a stack without committed settings; with code 3 where origin does not answer.
 */
export async function openRelease(asked: string, call: Call, world: World): Promise<ReleasePlace> {
  const { root, signal } = world;
  const commit = await gitText(root, ["rev-parse", "--verify", "--end-of-options", `${asked}^{commit}`], { signal }).catch(
    (error: unknown) => {
      if (error instanceof GitFailed && error.code === 128)
        throw new DeckError("usage", `\`${asked}\` is no commit of this repository.`, "git log --oneline --decorate");
      throw error;
    },
  );
  const { stack } = call;
  if ((await fileAt(root, { commit, path: `Pulumi.${stack}.yaml`, signal })) === undefined) {
    const problem = `The commit ${commit.slice(0, 12)} holds no \`Pulumi.${stack}.yaml\`: releases are for stacks whose settings are committed.`;
    throw new DeckError("usage", problem, "git ls-files 'Pulumi.*.yaml' # then name the stack: --stack <name>");
  }
  const settings = await settingsAt(root, { commit, stack, signal }).catch(noRelease);
  await bringRecords(settings, world);
  const { machine } = call.options;
  return { commit, settings, host: hostNameOf(settings.host, typeof machine === "string" ? machine : hostname()) };
}

/**
 * Origin's records, where it is the repository that the stack names.
 * @throws DeckError with code 3 where that cannot be told, 4 where what it has does not hold.
 */
export async function bringRecords(settings: Settings, { root, output, signal }: World): Promise<void> {
  const origin = settings.requireSignOff ? await readOrigin(root, wantedOrigin(settings), { signal }) : undefined;
  if (origin?.ok === false) throw new DeckError("unknown", `The records cannot be told: ${origin.reason}.`, origin.remedy);
  const address = origin === undefined ? {} : { address: origin.address };
  const fetched = await fetchRecords(root, { ...address, signal }).catch((error: unknown) => {
    if (error instanceof RecordsAltered) throw new DeckError("refused", error.message, error.remedy);
    if (!(error instanceof GitFailed)) throw error;
    const problem = `\`origin\` could not be reached, so that its records, what was revoked among them, are not known here. ${error.message}`;
    throw new DeckError("unknown", problem, "git ls-remote origin records");
  });
  if (fetched === undefined) output.progress("There is no `origin`: only what is on record in this clone counts.");
  else if (fetched.unshared > 0) {
    const which = fetched.unshared === 1 ? "1 record of this clone is" : `${fetched.unshared} records of this clone are`;
    output.progress(`${which} not on origin: git push origin records, or the next record takes along what nobody else knows of.`);
  }
}

/** @throws DeckError with code 4 where nothing may be believed. */
export async function readKnown(
  { stack }: Pick<Call, "stack">,
  { root, now, signal }: World,
  more: Pick<KnownOptions, "unwritten"> = {},
): Promise<Known> {
  return Known.read(root, { stack, now: now(), signal, ...more }).catch((error: unknown) => {
    if (error instanceof TrustMissing) throw new DeckError("refused", error.message, error.remedy);
    if (error instanceof RecordsAltered) throw new DeckError("refused", error.message, error.remedy);
    throw error;
  });
}

/** @throws DeckError with code 2 where the commit can be no release. */
export function manifestOf(commit: string, { root, signal }: World): Promise<Built> {
  return buildManifest(root, { commit, signal }).catch(noRelease);
}

function noRelease(error: unknown): never {
  if (error instanceof NoRelease) throw new DeckError("usage", error.message);
  throw error;
}
