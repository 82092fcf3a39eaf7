/** Refuses, before the first resource and before anything is asked of the host's owner, to bring up what nobody signed. */

import * as pulumi from "@pulumi/pulumi";
import { keepRefusal } from "../release/history.ts";
import { type Cleared, mayDeploy, refusalLines } from "../release/mayDeploy.ts";
import { refuse } from "./outcome.ts";

/** `previewed`: an update would be refused. */
export type SignOff = Cleared | { readonly kind: "previewed" };

interface Asked {
  readonly projectRoot: string;
  readonly stack: string;
  /** The stack's settings, unchecked. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly evidenceFolder: string;
  /** True where an older release comes back. */
  readonly isRollback?: boolean;
}

/** An update ends here where it is not signed; a preview says that it would, and goes on. */
export async function refuseUnsigned({ projectRoot, stack, raw, evidenceFolder, isRollback = false }: Asked): Promise<SignOff> {
  const now = new Date();
  const answer = await mayDeploy(projectRoot, { stack, raw, now, isRollback });
  if (answer.kind !== "refused") return answer;
  const { code, reasons, remedy } = answer;
  const text = [...refusalLines(answer), `    ${remedy}`].join("\n");
  if (pulumi.runtime.isDryRun()) {
    await pulumi.log.warn(`\`up\` would be refused before anything is touched. ${text}`);
    return { kind: "previewed" };
  }
  await keepRefusal(projectRoot, { stack, evidenceFolder, now, reason: reasons[0] });
  refuse(code, text);
}

/**
 * What was signed is looked at first, and much is read and waited for since then: the tree may be another one by now.
 * @param judged digest of the manifest that the gate saw, undefined where the tree was no commit.
 * @throws Error where it is not what was signed.
 */
export function refuseOtherRelease(signOff: SignOff, judged: string | undefined): void {
  if (signOff.kind !== "signed" || judged === signOff.release.digest) return;
  const [found, wanted] = [judged?.slice(0, 12) ?? "no release", signOff.release.digest.slice(0, 12)];
  throw new Error(`The tree changed during the update: the gate judged ${found}, and signed is ${wanted}.`);
}
