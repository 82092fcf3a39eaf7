/** `deck release show` and `deck release diff`: what a commit is made of, as a release names it. */

import { differingSubjects, manifestSchema, type ReleaseManifest } from "../model/releaseManifest.ts";
import { type Built, buildManifest, NoRelease } from "../release/manifest.ts";
import { GitFailed } from "../release/repository.ts";
import { DeckError, exitCodes, type Verb, type World } from "./verb.ts";

export const releaseShowVerb: Verb = {
  name: "release show",
  summary: "Print the manifest of a commit: digests of all that decides behaviour",
  arguments: [{ name: "[commit]", description: "anything that git takes for a commit; default: `HEAD`, not the work tree" }],
  async run({ args }, world) {
    const built = await build(args[0] ?? "HEAD", world);
    const manifest = parse(built);
    return { code: exitCodes.done, data: { digest: built.digest, manifest }, text: `${built.text}sha256 ${built.digest}` };
  },
};

export const releaseDiffVerb: Verb = {
  name: "release diff",
  summary: "Name the parts in which two commits differ",
  arguments: [
    { name: "<from>", description: "a commit" },
    { name: "[to]", description: "another; default: `HEAD`" },
  ],
  async run({ args }, world) {
    const [from, to] = [await build(args[0] ?? "", world), await build(args[1] ?? "HEAD", world)];
    const differing = differingSubjects(parse(from), parse(to));
    const text = differing.length === 0 ? "Nothing that decides behaviour differs." : differing.join("\n");
    return { code: exitCodes.done, data: { from: from.commit, to: to.commit, differing }, text };
  },
};

const parse = ({ text }: Built): ReleaseManifest => manifestSchema.parse(JSON.parse(text));

/** @throws DeckError with code 2 where there is no such commit, or it cannot be a release. */
async function build(commit: string, { root, signal }: World): Promise<Built> {
  return buildManifest(root, { commit, signal }).catch((error: unknown) => {
    if (error instanceof NoRelease) throw new DeckError("usage", error.message);
    if (error instanceof GitFailed && error.code === 128)
      throw new DeckError("usage", `\`${commit}\` is no commit of this repository.`, "git log --oneline --decorate");
    throw error;
  });
}
