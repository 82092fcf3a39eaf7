/** A signed release as the proof of the move to Operate: of this very commit, signed off by the Judge for the stack, and not taken back before. */

import { judgeRelease, judgeSigned } from "./judged.ts";
import { Known, type KnownOptions } from "./known.ts";
import { buildManifest, NoRelease } from "./manifest.ts";
import type { ProofVerifiers } from "./modeProofs.ts";
import { TrustMissing } from "./trust.ts";

const short = (digest: string) => digest.slice(0, 12);

/** Any host of the stack will do: a move is the project's, and each deploy asks for its own host. */
export function signedReleaseOn(folder: string, options: KnownOptions): ProofVerifiers["signedRelease"] {
  const { stack: _stack, now: _now, unwritten: _unwritten, trustFolder: _trustFolder, ...git } = options;
  return async ({ digest, commit, isMade = false }) => {
    try {
      await using known = await Known.read(folder, options);
      const release = known.releases.find((each) => each.digest === digest);
      if (release === undefined) return `There is no release ${short(digest)} on record.`;
      if (release.commit !== commit)
        return `The release ${short(digest)} is of ${short(release.commit)}, not of ${short(commit)}.`;
      // The manifest on record is not signed itself.
      const built = await buildManifest(folder, { commit, ...git });
      if (built.digest !== digest)
        return `The commit ${short(commit)} makes the release ${short(built.digest)}, not ${short(digest)}.`;
      // A release that is taken back later stays out of every deploy, and Operate was entered with it all the same.
      const judged = await (isMade ? judgeRelease : judgeSigned)(known, release, undefined);
      return judged.ok ? undefined : judged.reasons.join(" ");
    } catch (error) {
      if (error instanceof TrustMissing || error instanceof NoRelease) return error.message;
      throw error;
    }
  };
}
