/** Whether the mode that the project is in lets a commit out, by the records of this clone. */

import type { ModeState } from "../model/modeMoves.ts";
import { refuseRelease, refuseSince } from "./changes.ts";
import { examinationOn } from "./examination.ts";
import type { KnownOptions } from "./known.ts";
import { modesFile, readModes, readModesFile } from "./modes.ts";
import { nobodysOf } from "./nobodys.ts";
import { policyAt } from "./policy.ts";
import { signedReleaseOn } from "./releaseProof.ts";
import type { GitOptions } from "./repository.ts";
import { Seen } from "./seen.ts";
import { readTrust, trustFolder } from "./trust.ts";

interface Asked extends KnownOptions {
  readonly commit: string;
}

/**
 * Why it may not go out now, as sentences; none where it may.
 * @param folder its work tree is the commit, which the caller proves before the answer counts: the table of moves is read there.
 * @throws TrustMissing, RecordsAltered, GitFailed
 */
export async function refusedByMode(folder: string, asked: Asked): Promise<readonly string[]> {
  return refusedFor(folder, asked, (state, at) => refuseRelease(folder, { ...at, state, purpose: "deploy" }));
}

/**
 * The same for a release that is yet to be signed: from Stabilize it may also be what Operate is entered with, and that move
 * wants it signed before.
 * @throws TrustMissing, RecordsAltered, GitFailed
 */
export async function refusedOnceSigned(folder: string, asked: Asked): Promise<readonly string[]> {
  return refusedFor(folder, asked, (state, at) =>
    refuseRelease(folder, { ...at, state, purpose: state.mode === "C" ? "milestone" : "deploy" }),
  );
}

/**
 * The same for a candidate, which is yet to be examined: by what the next move on its way measures. In Build it holds what was
 * built, and nothing is measured but the stamps of that.
 * @throws TrustMissing, RecordsAltered, GitFailed
 */
export async function refusedOnceExamined(folder: string, asked: Asked): Promise<readonly string[]> {
  return refusedFor(folder, asked, async (state, at) => {
    const { mode, entered, judgedBy, operated } = state;
    if (mode === "A") return [];
    if (mode === "B") return refuseSince(folder, { ...at, baseline: entered, mode: judgedBy, operated });
    return refuseRelease(folder, { ...at, state, purpose: mode === "C" ? "milestone" : "deploy" });
  });
}

async function refusedFor(
  folder: string,
  { commit, ...asked }: Asked,
  measured: (state: ModeState, at: GitOptions & { readonly commit: string }) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const { stack, now, unwritten: _unwritten, trustFolder: place = trustFolder(stack), ...git } = asked;
  const [file, policy, trust, seen] = [
    await readModesFile(folder),
    await policyAt(folder, { commit, ...git }),
    await readTrust(stack, place),
    await Seen.in(place),
  ];
  if (!file.ok) return file.faults.map(({ path, problem }) => `\`${modesFile}\`, \`${path}\`: ${problem}`);
  if (!policy.ok) return [policy.reason];
  const verifiers = {
    examination: examinationOn(folder, { trust, freshness: policy.policy.freshness, seen, now, ...git }),
    signedRelease: signedReleaseOn(folder, asked),
  };
  const options = { trust, table: file.modes, verifiers, seen, now, ...git };
  const read = await readModes(folder, options);
  if (!read.ok) return [read.problem];
  const faults = await measured(read.state, { commit, ...git });
  if (faults.length === 0) return faults;
  const nobodys = await nobodysOf(folder, read, options);
  const [first, ...others] = read.refused.filter((each) => !nobodys.has(each));
  if (first === undefined) return faults;
  // Without them the mode may be another one: whoever reads the faults alone would look for the cause in the commits.
  const moves = others.length === 0 ? "1 move on record counts" : `${others.length + 1} moves on record count`;
  return [
    ...faults,
    `${moves} for nothing on this machine: \`npx deck mode history\` says why. Of the first: ${first.reasons[0]}`,
  ];
}
