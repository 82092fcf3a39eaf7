/** `deck release verify`: whether a commit is exactly what the Judge signed for the stack and its host. */

import { signedRelease } from "../release/signed.ts";
import { machineOption, openRelease } from "./releasePlace.ts";
import { exitCodes, type Verb } from "./verb.ts";

export const releaseVerifyVerb: Verb = {
  name: "release verify",
  summary: "Say whether this is exactly what the Judge signed for the stack and its host, and if not, why",
  arguments: [{ name: "[commit]", description: "a commit by itself; default: `HEAD`, and the work tree must be exactly that" }],
  options: [machineOption],
  async run(call, world) {
    const { commit, host } = await openRelease(call.args[0] ?? "HEAD", call, world);
    const exactTree = call.args[0] === undefined;
    const asked = { commit, host, exactTree, stack: call.stack, now: world.now(), signal: world.signal };
    const answer = await signedRelease(world.root, asked);
    if (answer.ok) {
      const { release, signer, signedAt } = answer;
      const text = `Release ${release.releaseId} of ${commit.slice(0, 12)} is signed for \`${call.stack}\` on \`${host}\`, by \`${signer}\` on ${signedAt}.`;
      return { code: exitCodes.done, data: { ...answer, host }, text };
    }
    const text = [
      `The commit ${commit.slice(0, 12)} is not released for \`${call.stack}\` on \`${host}\`.`,
      ...answer.reasons,
    ].join("\n  ");
    return { code: exitCodes.refused, data: { ...answer, commit, host }, text: `${text}\n${answer.remedy}` };
  },
};
