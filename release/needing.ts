/** Who may need what a contract migration takes away: whoever is not known to be newer than the last release that does, by the migration's own word. */

import { type Doubt, upToLast } from "../model/contractMigration.ts";
import type { Deployment } from "../model/deployments.ts";
import { jsonIn } from "../model/jsonIn.ts";
import { manifestSchema } from "../model/releaseManifest.ts";
import { isAncestor } from "./log.ts";
import { RecordsAltered, readRecords } from "./records.ts";
import { GitFailed, type GitOptions, gitAnswer } from "./repository.ts";

interface Asked extends GitOptions {
  /** All that ran on the stack. */
  readonly all: readonly Pick<Deployment, "name" | "tree" | "base" | "first">[];
  /** Those that are asked about. */
  readonly asked: readonly Pick<Deployment, "tree" | "base">[];
}

/**
 * Newer is what first ran later by the stack's own record and was made of its commit, by git; and where the release never ran
 * there, what was made of its commit. What is known of neither may need it.
 */
export async function needingOf<T extends Pick<Deployment, "tree" | "base">>(
  root: string,
  lastNeededBy: string,
  { all, asked, ...options }: Asked & { readonly asked: readonly T[] },
): Promise<readonly T[] | Doubt> {
  const upTo = upToLast(all, lastNeededBy);
  if (upTo === undefined) return needingByGit(root, lastNeededBy, { asked, ...options });
  const old = new Set(upTo.map(({ tree }) => tree));
  const last = upTo.at(-1)?.base;
  // One that was brought up later is newer only where it was also made of it: a hotfix of an older one is not.
  const isNewer = async (base: string | undefined) =>
    base !== undefined && (base === last || (await isBefore(root, last, base, options)));
  return filtered(asked, async ({ tree, base }) => old.has(tree) || !(await isNewer(base)));
}

async function needingByGit<T extends Pick<Deployment, "base">>(
  root: string,
  lastNeededBy: string,
  { asked, ...options }: GitOptions & { readonly asked: readonly T[] },
): Promise<readonly T[] | Doubt> {
  const commits = await commitsCalled(root, lastNeededBy, options).catch((error: unknown) => {
    if (error instanceof RecordsAltered) return { doubt: `which release ${lastNeededBy} is cannot be told: ${error.message}` };
    throw error;
  });
  if ("doubt" in commits) return commits;
  if (commits.length === 0) {
    const remedy = "git tag --list 'release/*' # it must be one of these, or on record; git fetch --tags origin brings others";
    return { doubt: `no release on record is called ${lastNeededBy}`, remedy };
  }
  for (const commit of commits) {
    if ((await gitAnswer(root, ["rev-parse", "--verify", "--quiet", `${commit}^{commit}`], options)) !== undefined) continue;
    const doubt = `the commit ${commit.slice(0, 12)} of ${lastNeededBy} is not in this clone, so nobody can say what is newer`;
    return { doubt, remedy: "git fetch --tags origin" };
  }
  return filtered(asked, async ({ base }) => {
    // Several may have been cut under one name: the newest of them may be the one that ran.
    const isNewer = await Promise.all(commits.map((called) => isBefore(root, called, base, options)));
    return !isNewer.every(Boolean);
  });
}

async function isBefore(
  root: string,
  older: string | undefined,
  newer: string | undefined,
  options: GitOptions,
): Promise<boolean> {
  if (older === undefined || newer === undefined || older === newer) return false;
  return isAncestor(root, older, newer, options).catch((error: unknown) => {
    // One of them is not in this clone.
    if (error instanceof GitFailed && !options.signal?.aborted) return false;
    throw error;
  });
}

async function filtered<T>(all: readonly T[], keeps: (each: T) => Promise<boolean>): Promise<readonly T[]> {
  const kept = await Promise.all(all.map(keeps));
  return all.filter((_, index) => kept[index]);
}

/** Of the release's tag, and of each manifest on record that bears its name: nobody need have signed it for this stack. */
async function commitsCalled(root: string, name: string, options: GitOptions): Promise<readonly string[]> {
  // It goes into the name of a ref.
  if (!/^[\w.+-]+$/.test(name)) return [];
  const ref = `refs/tags/release/${name}^{commit}`;
  const tagged = await gitAnswer(root, ["rev-parse", "--verify", "--quiet", ref], options);
  const cut = (await readRecords(root, options)).flatMap(({ kind, content }) => {
    const manifest = kind === "releases" ? manifestSchema.safeParse(jsonIn(content)) : undefined;
    const predicate = manifest?.success === true ? manifest.data.predicate : undefined;
    return predicate?.releaseId === name ? [predicate.commit] : [];
  });
  return [...new Set([...(tagged === undefined ? [] : [tagged]), ...cut])];
}
