/** Whether an update of a stack may begin: the same answer for the operator's command and for the program itself. */

import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { wantedOrigin } from "../model/origin.ts";
import { standInsOf } from "../model/rehearsal.ts";
import { formatFaults } from "../model/settingsFault.ts";
import { parseSettings } from "../model/settingsParse.ts";
import { hostNameOf } from "../model/statements.ts";
import { otherPackages } from "./installed.ts";
import { refusedByMode } from "./modeOfRelease.ts";
import { withObjects } from "./objects.ts";
import { readOrigin } from "./origin.ts";
import { fetchRecords, RecordsAltered, recordsTip } from "./records.ts";
import { GitFailed, type GitOptions } from "./repository.ts";
import { type SignedRelease, signedRelease } from "./signed.ts";
import { trustFolder } from "./trust.ts";

export interface DeployAsked extends GitOptions {
  readonly stack: string;
  /** The stack's settings as they are read from its file, unchecked: what only the host's owner has may still be missing. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly now: Date;
  /**
   * True where a release that ran before comes back: it passed the mode's rules then, and need not pass today's; and where
   * origin is out of reach, what is known here of its signature and of revocations decides. It is never called released.
   */
  readonly isRollback?: boolean;
  /** Only a test has another place for the root of trust than the one that the code fixes. */
  readonly trustFolder?: string;
}

export type MayDeploy =
  /** `rehearsal`: nothing that it brings up is ever called released. */
  | { readonly kind: "free" | "rehearsal" }
  | { readonly kind: "signed"; readonly release: (SignedRelease & { readonly ok: true })["release"]; readonly signer: string }
  /** `code` 4: not signed; 3: could not be told. */
  | {
      readonly kind: "refused";
      readonly code: 3 | 4;
      readonly reasons: readonly [string, ...string[]];
      readonly remedy: string;
    };

/** An answer that is no refusal. */
export type Cleared = Exclude<MayDeploy, { kind: "refused" }>;

/** A refusal in words, a line each: what it is, then why. */
export function refusalLines({ code, reasons }: Pick<MayDeploy & { kind: "refused" }, "code" | "reasons">): readonly string[] {
  const why = code === 4 ? "Nobody signed this for this stack" : "It cannot be told whether this is signed for this stack";
  return [`${why}; nothing was touched.`, ...reasons.map((reason) => `  ${reason}`)];
}

/**
 * A development stack is free: on this machine, by its own settings, and nobody installed trust for it. A rehearsal is free
 * as long as nobody did, and something is played in it; where trust is installed, no setting of the tree gets around it.
 */
export async function mayDeploy(folder: string, asked: DeployAsked): Promise<MayDeploy> {
  const { stack, raw, now, isRollback = false, trustFolder: place = trustFolder(stack), ...git } = asked;
  const isTrusted = existsSync(place);
  const isLocal = (raw.host as { kind?: unknown } | undefined)?.kind === "local";
  if (!isTrusted && isFalse(raw.requireSignOff) && isLocal) return { kind: "free" };
  if (!isTrusted && isTrue(raw.rehearsal) && (isLocal || standInsOf(raw).length > 0)) return { kind: "rehearsal" };
  if (isTrusted && isFalse(raw.requireSignOff)) {
    const reason = `Trust is installed for the stack \`${stack}\` (${place}), and its settings say that nothing need be signed: what is installed outweighs them.`;
    const remedy = `eval "$(npx deck env --stack ${stack})" && pulumi config rm phillbot:requireSignOff`;
    return refused(4, [reason], `${remedy} # or, where trust was installed by mistake: rm -r ${place}`);
  }
  return withObjects(folder, git, async (objects) => {
    const read = { ...git, objects };
    const head = await objects.commitId("HEAD").catch(() => undefined);
    if (head === undefined)
      return refused(4, ["There is no commit here, so nothing that anybody could have signed."], "git status");
    // Before the judgement: what somebody else brings during it has not been judged.
    const before = await recordsTip(folder, read);
    // Side by side: origin's answer takes its time, and where it brings anything, what was judged meanwhile is judged anew.
    const [judging, bringing] = await Promise.allSettled([
      judge(folder, { head, place, asked: { ...asked, objects } }),
      bringRecords(folder, { raw, ...read }),
    ]);
    const first = settled(judging);
    // What cannot be told here, origin cannot tell either.
    if (first.kind === "refused" && first.code === 3) return first;
    const told = settled(bringing);
    const brought = isRollback && told?.code === 3 ? undefined : told;
    // What nobody signed as far as is known here needs no origin to be refused; one that answers may know that somebody did.
    if (first.kind === "refused" && brought?.code === 3) return first;
    if (brought !== undefined) return first.kind === "refused" ? bothOf(first, brought) : brought;
    if ((await recordsTip(folder, read)) === before) return first;
    // What origin has brought is judged by another reading.
    return withObjects(folder, git, (others) => judge(folder, { head, place, asked: { ...asked, objects: others } }));
  });
}

function settled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === "rejected") throw result.reason;
  return result.value;
}

type Refused = MayDeploy & { readonly kind: "refused" };

/** Whoever reads only why the records here do not open would not look for the cause at origin. */
function bothOf({ code, reasons }: Refused, { reasons: [why], remedy }: Refused): Refused {
  return { kind: "refused", code, reasons: [...reasons, why], remedy };
}

const isFalse = (value: unknown): boolean => value === false || value === "false";
const isTrue = (value: unknown): boolean => value === true || value === "true";

function refused(code: 3 | 4, [first = "It is not signed.", ...more]: readonly string[], remedy: string): Refused {
  return { kind: "refused", code, reasons: [first, ...more], remedy };
}

interface Judging {
  readonly head: string;
  readonly place: string;
  readonly asked: DeployAsked;
}

async function judge(folder: string, { head, place, asked }: Judging): Promise<MayDeploy> {
  const { stack, raw, now, isRollback, trustFolder: _, ...git } = asked;
  const parsed = parseSettings(raw, stack);
  const host = parsed.ok ? hostNameOf(parsed.settings.host, hostname()) : "unknown";
  try {
    // Side by side, and each counts only where the one before it opens: it rests on what that one has proven.
    const [signed, lying, moded] = await Promise.allSettled([
      signedRelease(folder, { commit: head, host, exactTree: true, stack, now, trustFolder: place, ...git }),
      otherPackages(folder),
      isRollback === true ? [] : refusedByMode(folder, { commit: head, stack, now, trustFolder: place, ...git }),
    ]);
    const answer = settled(signed);
    if (!answer.ok) return refused(4, answer.reasons, answer.remedy);
    // What was signed has whole settings; these are then not what was signed.
    if (!parsed.ok) return refused(4, [formatFaults(parsed.faults)], "git status");
    const packages = settled(lying);
    if (packages.length > 0) return refused(4, packages, "npm ci");
    const faults = settled(moded);
    if (faults.length > 0) return refused(4, faults, "npx deck mode show");
    return { kind: "signed", release: answer.release, signer: answer.signer };
  } catch (error) {
    if (error instanceof RecordsAltered) return refused(4, [error.message], error.remedy);
    if (!(error instanceof GitFailed)) throw error;
    return refused(3, [`It cannot be told whether this is signed. ${error.message}`], "git status");
  }
}

/** A revocation that only origin has must be known before anything is brought up. */
async function bringRecords(
  folder: string,
  { raw, ...git }: GitOptions & Pick<DeployAsked, "raw">,
): Promise<Refused | undefined> {
  const origin = await readOrigin(folder, wantedOrigin(raw as Parameters<typeof wantedOrigin>[0]), git);
  if (!origin.ok) return refused(3, [`What was revoked cannot be told: ${origin.reason}.`], origin.remedy);
  try {
    await fetchRecords(folder, { ...git, address: origin.address });
    return undefined;
  } catch (error) {
    if (error instanceof RecordsAltered) return refused(4, [error.message], error.remedy);
    if (!(error instanceof GitFailed)) throw error;
    const reason = `\`origin\` could not be reached, so that what was revoked is not known here. ${error.message}`;
    return refused(3, [reason], "git ls-remote origin records");
  }
}
