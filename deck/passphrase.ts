/** Who may still need the development stacks' passphrase: what was encrypted with it can be read with nothing else, ever. */

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { GitFailed, git } from "../release/repository.ts";

/** What cannot be read may hold one. */
export async function holdsSalt(settingsFile: string): Promise<boolean> {
  const text = await readFile(settingsFile, "utf8").catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? "" : "encryptionsalt",
  );
  return text.includes("encryptionsalt");
}

/** The stacks whose settings hold the salt of a passphrase, in this folder or on any branch; which passphrase, nobody can tell by it. */
export async function saltedStacks(root: string): Promise<readonly string[]> {
  const here = (await readdir(root)).filter((name) => stackOf(name) !== undefined);
  const salted = await Promise.all(here.map((name) => holdsSalt(join(root, name))));
  const names = [...here.filter((_, index) => salted[index]), ...(await onBranches(root))];
  return [...new Set(names.flatMap((name) => stackOf(name) ?? []))].sort();
}

function stackOf(file: string): string | undefined {
  return /^Pulumi\.(.+)\.(?:ya?ml|json)$/.exec(file)?.[1];
}

/**
 * Settings are committed, so those of a stack may lie on a branch that is not checked out; none where this is no clone.
 * @throws GitFailed where git cannot tell.
 */
async function onBranches(root: string): Promise<readonly string[]> {
  const read = async (...args: readonly string[]) => (await git(root, args)).toString().split("\n").filter(Boolean);
  if (!existsSync(join(root, ".git"))) return [];
  const refs = ["refs/heads", "refs/remotes", "refs/stash"];
  const tips = new Set(await read("for-each-ref", "--format=%(objectname)", ...refs));
  if (tips.size === 0) return [];
  const files = ["--", ":(top)Pulumi.*"];
  const found = await read("grep", "--files-with-matches", "-e", "encryptionsalt", ...tips, ...files).catch((error) => {
    // Git's code for no match.
    if (error instanceof GitFailed && error.code === 1) return [];
    throw error;
  });
  return found.map((line) => line.slice(line.indexOf(":") + 1));
}
