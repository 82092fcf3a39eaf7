/** `deck release cut`: a commit becomes a candidate, whose manifest stands on record for others to attest and to sign. */

import { forStack } from "../model/operatorCommand.ts";
import { rangeFaults, rangeText } from "../release/judged.ts";
import { refusedOnceExamined } from "../release/modeOfRelease.ts";
import { staleFiles } from "../release/roles.ts";
import { OtherWorkTree, type Stray, uncommitted } from "../release/workTree.ts";
import { warnOfMode } from "./modeWarning.ts";
import { manifestOf, openRelease, readKnown } from "./releasePlace.ts";
import { readRolesFile } from "./rolesGenerate.ts";
import { putOnRecord } from "./signing.ts";
import { DeckError, exitCodes, type Verb, type World } from "./verb.ts";

export const releaseCutVerb: Verb = {
  name: "release cut",
  summary: "Put the manifest of HEAD on record as a candidate, where its commits are who may have made them",
  changes: true,
  async run(call, world) {
    // First: where the stack's settings are not committed at all, committing them is not what is meant.
    const { commit } = await openRelease("HEAD", call, world);
    await refuseDirtyTree(call.stack, world);
    await using known = await readKnown(call, world);
    const stale = await staleFiles(world.root, await readRolesFile(world.root));
    const faults = [
      ...(await rangeFaults(known, { commit, judge: undefined, at: world.now() })),
      ...stale.map((path) => `\`${path}\` is not what \`operations/roles.yaml\` makes of it: npx deck roles generate`),
    ];
    if (faults.length > 0)
      throw new DeckError(
        "refused",
        `The commit ${commit.slice(0, 12)} cannot be released.\n  ${faults.join("\n  ")}`,
        forStack(`npx deck roles check ${await rangeText(known, commit)}`, call.stack),
      );
    const { text: content, digest, releaseId } = await manifestOf(commit, world);
    const heading = "It is proposed all the same, but the mode refuses it on its way as it is now:";
    const mode = await warnOfMode(refusedOnceExamined, { commit, heading }, call, world);
    const there = known.releases.some((release) => release.digest === digest);
    if (!call.dryRun && !there) await putOnRecord("releases", content, world);
    const done = there ? "is on record already" : call.dryRun ? "would be a candidate" : "is a candidate";
    const text = `Release ${releaseId} of ${commit.slice(0, 12)} ${done}: ${digest}\nNext, its Examiner: ${forStack("npx deck release attest", call.stack)}`;
    return { code: exitCodes.done, data: { release: digest, id: releaseId, commit, mode, dryRun: call.dryRun, there }, text };
  },
};

/** @throws DeckError with code 4 where what lies here is not exactly HEAD. */
async function refuseDirtyTree(stack: string, { root, signal }: World): Promise<void> {
  const strays: readonly Stray[] = await uncommitted(root, { stack, signal }).catch((error: unknown) => {
    if (error instanceof OtherWorkTree) throw new DeckError("refused", error.message, error.remedy);
    throw error;
  });
  if (strays.length === 0) return;
  const named = strays.slice(0, 10).map(({ path, how }) => `\n  \`${path}\` (${how})`);
  const more = strays.length > named.length ? `\n  and ${strays.length - named.length} more` : "";
  const problem = `The work tree is not exactly HEAD:${named.join("")}${more}`;
  throw new DeckError("refused", problem, "git status --ignored # then commit them with `git add --force`, or take them away");
}
