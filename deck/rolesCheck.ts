/** `deck roles check`: every commit of a range is signed by a key on record, by known people, within their roles. */

import { join } from "node:path";
import { type Commit, judgeCommits } from "../model/commits.ts";
import type { Roles } from "../model/roles.ts";
import { readCommits } from "../release/commits.ts";
import { shallowCommits } from "../release/lastRelease.ts";
import { GitFailed, gitText } from "../release/repository.ts";
import { signerFiles, staleFiles } from "../release/roles.ts";
import { readRolesFile } from "./rolesGenerate.ts";
import { installedTrust } from "./trust.ts";
import { DeckError, exitCodes, type Verb } from "./verb.ts";

export const rolesCheckVerb: Verb = {
  name: "roles check",
  summary: "Check who made and signed the commits of a range, by the trust that is installed",
  arguments: [
    { name: "[range]", description: "git's own notation, such as `origin/main..HEAD`; default: all since the roles' baseline" },
  ],
  options: [
    {
      flags: "--by-tree",
      description: "by the tree's own roles, as CI does where nobody installed trust; what they say of themselves proves nothing",
    },
  ],
  async run({ args, options, stack }, { root, signal }) {
    const own = await readRolesFile(root);
    const isByTree = options.byTree === true;
    if (isByTree && own.people.length === 0)
      return { code: exitCodes.done, data: { commits: 0, faults: [] }, text: "Nobody is on record, so nobody is held to it." };
    const trust = isByTree ? trustOfTree(root, own) : await installedTrust(stack, root);
    const { baseline } = trust.roles;
    const range = args[0] ?? (baseline === undefined ? "HEAD" : `${baseline}..HEAD`);
    const commits = await readCommits(root, { range, trust, signal }).catch((error: unknown) => {
      if (error instanceof GitFailed && error.code === 128)
        throw new DeckError("usage", `\`${range}\` is no range of this repository.`, "git log --oneline --decorate");
      throw error;
    });
    const shallow = await shallowCommits(root, { signal });
    if (commits.some(({ id }) => shallow.has(id)))
      throw new DeckError("unknown", `This clone is too shallow to hold every commit of \`${range}\`.`, "git fetch --unshallow");
    const stale = await staleFiles(root, own);
    const faults = judgeCommits(trust.roles, commits);
    const lines = [
      ...faults.map(({ commit, problem }) => `${commit.slice(0, 12)}: ${problem}`),
      ...signAgain(commits, await gitText(root, ["rev-parse", "HEAD"], { signal })),
      ...stale.map((path) => `\`${path}\` is not what \`operations/roles.yaml\` makes of it.\n  npx deck roles generate`),
    ];
    const text = [
      ...lines,
      `${commits.length} ${commits.length === 1 ? "commit" : "commits"}, ${faults.length} ${faults.length === 1 ? "fault" : "faults"}${isByTree ? ", by the tree's own roles" : ""}.`,
    ];
    const code = lines.length === 0 ? exitCodes.done : exitCodes.finding;
    return { code, data: { range, trust: trust.fingerprint, commits: commits.length, faults, stale }, text: text.join("\n") };
  },
};

/** How whoever made them signs those that nobody on record signed. */
function signAgain(commits: readonly Commit[], head: string): readonly string[] {
  const first = commits.find(({ signer }) => signer === undefined)?.id;
  if (first === undefined) return [];
  const again = "git commit --amend --no-edit --gpg-sign";
  return [
    "  Whoever made it signs it, by the key that git is told: git config gpg.format ssh; git config user.signingkey <file>",
    `  ${first === head ? again : `git rebase --rebase-merges --exec '${again}' ${first.slice(0, 12)}~1`}`,
  ];
}

/** What is generated from the tree's roles lies beside them; where it is stale, that is a fault of its own. */
function trustOfTree(root: string, roles: Roles) {
  const { allowedSigners, revoked } = signerFiles;
  return { roles, allowedSigners: join(root, allowedSigners), revoked: join(root, revoked), fingerprint: null };
}
