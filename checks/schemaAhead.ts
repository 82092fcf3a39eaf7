/** Where a database is ahead of this tree: on stacks that require sign-off, only by migrations that the default branch holds. */

import { basename } from "node:path";
import type { AppliedMigration } from "../memory/ledger.ts";
import type { Finding } from "../model/check.ts";
import { migrationLabel, parseMigrationFile } from "../model/migrations.ts";
import { wantedOrigin } from "../model/origin.ts";
import { tipOfDefaultBranch } from "../release/defaultBranch.ts";
import { Known } from "../release/known.ts";
import { fileAt } from "../release/objects.ts";
import { digestOf, RecordsAltered } from "../release/records.ts";
import { GitFailed, git } from "../release/repository.ts";
import { TrustMissing } from "../release/trust.ts";
import type { CheckContext, Target } from "./check.ts";
import { unreadBranch } from "./defaultBranch.ts";

const folder = "memory/supabase/migrations/";

export type Ahead =
  | {
      /** The files' text, by version. */
      readonly texts: ReadonlyMap<string, string>;
      /** Those that the branch does not hold, or holds with another content. */
      readonly unknown: readonly string[];
    }
  | { readonly finding: Finding };

/**
 * A database can record whatever somebody with its password writes into it; what a newer release put there is on the
 * default branch, and is replayed as it stands there.
 */
export async function aheadOnBranch(
  { projectRoot, settings, stack }: Pick<Target, "projectRoot" | "settings" | "stack">,
  ahead: readonly AppliedMigration[],
  { policy, now, signal }: Pick<CheckContext, "policy" | "now" | "signal">,
): Promise<Ahead> {
  const maximumAgeSeconds = policy.freshness.items;
  const tip = await tipOfDefaultBranch(projectRoot, {
    reader: "migrations",
    wanted: wantedOrigin(settings),
    branch: settings.github?.defaultBranch,
    now: now(),
    maximumAgeSeconds,
    signal,
  });
  if (tip.kind !== "tip") return { finding: unreadBranch(tip, { stack, allowedSeconds: maximumAgeSeconds }) };
  const texts = await textsAt(projectRoot, { commit: tip.commit, ahead, signal });
  return { texts, unknown: ahead.filter(({ version }) => !texts.has(version)).map(migrationLabel) };
}

/**
 * The same for an older release that comes back, maybe where no origin answers: what a Judge ever signed for the stack vouches
 * for what it put there, though it was revoked since, which is a reason to go back. What none of them holds, the branch may.
 */
export async function aheadBySigned(
  target: Pick<Target, "projectRoot" | "settings" | "stack">,
  ahead: readonly AppliedMigration[],
  context: Pick<CheckContext, "policy" | "now" | "signal">,
): Promise<Ahead> {
  const { projectRoot, stack } = target;
  const { now, signal } = context;
  const texts = new Map<string, string>();
  try {
    await using known = await Known.read(projectRoot, { stack, now: now(), signal });
    for (const { digest, commit } of known.releases.toReversed()) {
      const missing = ahead.filter(({ version }) => !texts.has(version));
      if (missing.length === 0) return { texts, unknown: [] };
      if ((await known.neverSignedOff(digest)) !== undefined) continue;
      // Its commit may never have come to this clone.
      const found = await textsAt(projectRoot, { commit, ahead: missing, signal }).catch(noneWhereAbsent);
      for (const [version, text] of found) texts.set(version, text);
    }
    if (ahead.every(({ version }) => texts.has(version))) return { texts, unknown: [] };
  } catch (error) {
    if (!(error instanceof TrustMissing) && !(error instanceof RecordsAltered)) throw error;
  }
  return aheadOnBranch(target, ahead, context);
}

function noneWhereAbsent(error: unknown): ReadonlyMap<string, string> {
  if (error instanceof GitFailed) return new Map();
  throw error;
}

interface Asked {
  readonly commit: string;
  readonly ahead: readonly AppliedMigration[];
  readonly signal: AbortSignal;
}

/** The texts of those that the commit holds with the recorded content, by version. */
async function textsAt(projectRoot: string, { commit, ahead, signal }: Asked): Promise<ReadonlyMap<string, string>> {
  const paths = await migrationPathsAt(projectRoot, { commit, signal });
  const texts = new Map<string, string>();
  for (const { version, sha256 } of ahead) {
    const path = paths.find((each) => parseMigrationFile(basename(each))?.version === version);
    const text = path === undefined ? undefined : await fileAt(projectRoot, { commit, path, signal });
    if (text !== undefined && digestOf(text) === sha256) texts.set(version, text);
  }
  return texts;
}

/** The migration files of a commit, by their paths; other files of the folder may be among them. Throws `GitFailed`. */
export async function migrationPathsAt(
  projectRoot: string,
  { commit, signal }: { readonly commit: string; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const listed = await git(projectRoot, ["ls-tree", "-r", "-z", "--full-tree", "--name-only", commit, "--", folder], { signal });
  return listed.toString("utf8").split("\0");
}
