/** What lies in the work tree as a commit of its own, beside every branch: what was deployed on a stack without sign-off need be in none. */

import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GitOptions, git, gitText } from "./repository.ts";

export interface Snapshot {
  /** Git's id of the tree: every file that git does not ignore, and the stack's own. */
  readonly tree: string;
  /** HEAD where that is its tree; else a commit behind it that no branch holds. */
  readonly commit: string;
}

const ourselves = ["-c", "user.name=PhillBot", "-c", "user.email=phillbot@localhost", "-c", "commit.gpgSign=false"];
/** What set-up brings. In some clones they are links, which git would not ignore. */
const broughtAlong = ["node_modules", ".phillbot"];

/**
 * Takes the work tree as it lies there, by an index of its own: nothing of the operator's is changed.
 * @throws GitFailed where the folder is no work tree, or has no commit.
 */
export async function snapshot(folder: string, stack: string, options: GitOptions = {}): Promise<Snapshot> {
  const scratch = await mkdtemp(join(tmpdir(), "phillbot-index-"));
  try {
    const own = { ...options, indexFile: join(scratch, "index") };
    const real = await gitText(folder, ["rev-parse", "--path-format=absolute", "--git-path", "index"], options);
    // What it knows of the files need not be read again.
    await copyFile(real, own.indexFile).catch(() => undefined);
    await git(folder, ["-c", "advice.addEmbeddedRepo=false", "add", "--all"], own);
    await git(folder, ["rm", "--cached", "-r", "--quiet", "--ignore-unmatch", "--", ...broughtAlong], own);
    await git(folder, ["add", "--force", "--", `Pulumi.${stack}.yaml`], own);
    const [tree, head] = [await gitText(folder, ["write-tree"], own), await gitText(folder, ["rev-parse", "HEAD"], options)];
    if ((await gitText(folder, ["rev-parse", `${head}^{tree}`], options)) === tree) return { tree, commit: head };
    const message = `What was deployed to the stack ${stack}`;
    const commit = await gitText(folder, [...ourselves, "commit-tree", tree, "-p", head, "-m", message], options);
    return { tree, commit };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
