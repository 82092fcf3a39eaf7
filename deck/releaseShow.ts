/** `deck release show`: what a commit is made of, as a release names it. */

import { forStack } from "../model/operatorCommand.ts";
import { manifestSchema, type ReleaseManifest } from "../model/releaseManifest.ts";
import { type Built, buildManifest, NoRelease } from "../release/manifest.ts";
import { GitFailed } from "../release/repository.ts";
import { DeckError, exitCodes, type Verb, type World } from "./verb.ts";

export const releaseShowVerb: Verb = {
  name: "release show",
  summary: "Print the manifest of a commit: digests of all that decides behaviour",
  arguments: [{ name: "[commit]", description: "anything that git takes for a commit; default: `HEAD`, not the work tree" }],
  async run({ args, stack }, world) {
    const built = await manifestNamed(args[0] ?? "HEAD", world);
    const manifest = manifestIn(built);
    const commits = args[0] === undefined ? "" : ` <commit> ${built.commit.slice(0, 12)}`;
    world.output.progress(`What changed: ${forStack("npx deck release diff", stack)}${commits}`);
    return { code: exitCodes.done, data: { digest: built.digest, manifest }, text: `${built.text}sha256 ${built.digest}` };
  },
};

export const manifestIn = ({ text }: Built): ReleaseManifest => manifestSchema.parse(JSON.parse(text));

/** @throws DeckError with code 2 where there is no such commit, or it cannot be a release. */
export async function manifestNamed(commit: string, { root, signal }: World): Promise<Built> {
  return buildManifest(root, { commit, signal }).catch((error: unknown) => {
    if (error instanceof NoRelease) throw new DeckError("usage", error.message);
    if (error instanceof GitFailed && error.code === 128)
      throw new DeckError("usage", `\`${commit}\` is no commit of this repository.`, "git log --oneline --decorate");
    throw error;
  });
}
