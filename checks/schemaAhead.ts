/** Where a database is ahead of this tree: on stacks that require sign-off, only by migrations that the default branch holds. */

import { basename } from "node:path";
import type { AppliedMigration } from "../memory/ledger.ts";
import type { Finding } from "../model/check.ts";
import { migrationLabel, parseMigrationFile } from "../model/migrations.ts";
import { wantedOrigin } from "../model/origin.ts";
import { tipOfDefaultBranch } from "../release/defaultBranch.ts";
import { fileAt } from "../release/objects.ts";
import { digestOf } from "../release/records.ts";
import { git } from "../release/repository.ts";
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
  const { commit } = tip;
  const paths = await migrationPathsAt(projectRoot, { commit, signal });
  const texts = new Map<string, string>();
  const unknown: string[] = [];
  for (const migration of ahead) {
    const path = paths.find((each) => parseMigrationFile(basename(each))?.version === migration.version);
    const text = path === undefined ? undefined : await fileAt(projectRoot, { commit, path, signal });
    if (text === undefined || digestOf(text) !== migration.sha256) unknown.push(migrationLabel(migration));
    else texts.set(migration.version, text);
  }
  return { texts, unknown };
}

/** The migration files of a commit, by their paths; other files of the folder may be among them. Throws `GitFailed`. */
export async function migrationPathsAt(
  projectRoot: string,
  { commit, signal }: { readonly commit: string; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const listed = await git(projectRoot, ["ls-tree", "-r", "-z", "--full-tree", "--name-only", commit, "--", folder], { signal });
  return listed.toString("utf8").split("\0");
}
