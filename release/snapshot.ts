/** What lies in the work tree as a commit of its own, beside every branch: what was deployed on a stack without sign-off need be in none. */

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GitOptions, git, gitText } from "./repository.ts";
import { deployedFolders, scratchFolders } from "./workTree.ts";

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
 * The id of the work tree as it lies there. Nothing of it comes into the repository: it may hold what no gate has seen yet.
 * @throws GitFailed where the folder is no work tree; Error where a repository lies in it, whose files no tree holds.
 */
export async function treeOf(folder: string, stack: string, options: GitOptions = {}): Promise<string> {
  return inScratch(async (scratch) => {
    const real = await gitText(folder, ["rev-parse", "--path-format=absolute", "--git-path", "objects"], options);
    const objects = join(scratch, "objects");
    await mkdir(objects);
    return writeTree(folder, stack, { ...options, indexFile: join(scratch, "index"), scratch: { folder: objects, real } });
  });
}

/**
 * Takes the work tree into the repository, by an index of its own: nothing of the operator's is changed.
 * @throws as `treeOf`; GitFailed where there is no commit.
 */
export async function snapshot(folder: string, stack: string, options: GitOptions = {}): Promise<Snapshot> {
  return inScratch(async (scratch) => {
    const tree = await writeTree(folder, stack, { ...options, indexFile: join(scratch, "index") });
    const head = await gitText(folder, ["rev-parse", "HEAD"], options);
    if ((await gitText(folder, ["rev-parse", `${head}^{tree}`], options)) === tree) return { tree, commit: head };
    const message = `What was deployed to the stack ${stack}`;
    const commit = await gitText(folder, [...ourselves, "commit-tree", tree, "-p", head, "-m", message], options);
    return { tree, commit };
  });
}

async function inScratch<T>(work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), "phillbot-index-"));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** From an empty index: the operator's own may be told to take some files for unchanged. */
async function writeTree(folder: string, stack: string, own: GitOptions): Promise<string> {
  await git(folder, ["-c", "advice.addEmbeddedRepo=false", "add", "--all"], own);
  // What is deployed as it lies there, ignored or not.
  const deployed = [`Pulumi.${stack}.yaml`, ...deployedFolders].filter((path) => existsSync(join(folder, path)));
  await git(folder, ["add", "--force", "--", ...deployed], own);
  await git(folder, ["rm", "--cached", "-r", "--quiet", "--ignore-unmatch", "--", ...broughtAlong, ...scratchFolders], own);
  const tree = await gitText(folder, ["write-tree"], own);
  const listed = await gitText(folder, ["ls-tree", "-r", tree], own);
  const [, inner] = /^160000 commit \S+\t(.*)$/m.exec(listed) ?? [];
  if (inner !== undefined) throw new Error(`\`${inner}\` is a repository of its own, whose files it does not hold.`);
  return tree;
}
