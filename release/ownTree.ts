/** A work tree beside the operator's, ready to run: a commit's files, its packages, and what belongs to the clone and not to a tree. */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, realpath, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { git, gitText } from "./repository.ts";

const plain = ["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"];

interface Clone {
  /** Absolute path of the project. */
  readonly root: string;
  /** Absolute paths of work trees whose packages may be the wanted ones. */
  readonly packages: readonly string[];
  /** What belongs to the clone and not to a tree, by its names below `.phillbot`; what is written to must be there. */
  readonly shared: readonly string[];
}

/** Makes one in `folder`, which is not there yet. @throws GitFailed, Error */
export async function addTree({ root, packages, shared }: Clone, folder: string, commit: string): Promise<void> {
  await git(root, [...plain, "worktree", "add", "--quiet", "--force", "--force", "--detach", folder, commit], {
    timeoutMs: 120_000,
  });
  await bringPackages(folder, packages);
  await mkdir(join(folder, ".phillbot"), { mode: 0o700 });
  for (const name of shared) await symlink(join(root, ".phillbot", name), join(folder, ".phillbot", name));
}

/** What of git a work tree is to hold. */
export interface Content {
  /** The commit to stand on: whoever asks which releases came before, asks from here. */
  readonly base: string;
  /** The commit whose files are to lie there. */
  readonly commit: string;
  /** A file that is another commit's. */
  readonly but?: { readonly path: string; readonly commit: string };
}

/**
 * Puts other files in one; what git ignores there stays. The packages follow where the lock is another.
 * @throws GitFailed, Error
 */
export async function moveTree(
  { packages }: Pick<Clone, "packages">,
  folder: string,
  { base, commit, but }: Content,
): Promise<void> {
  const before = await lockOf(folder);
  await git(folder, [...plain, "checkout", "--quiet", "--force", "--detach", base], { timeoutMs: 120_000 });
  const from = [{ commit, path: "." }, ...(but === undefined ? [] : [but])].filter((each) => each.commit !== base);
  for (const { commit, path } of from) await git(folder, ["restore", "--source", commit, "--staged", "--worktree", "--", path]);
  if ((await lockOf(folder)) === before) return;
  await rm(join(folder, "node_modules"), { recursive: true, force: true });
  await bringPackages(folder, packages);
}

/** Takes one away, and what is left of one. */
export async function dropTree(root: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await unregister(root, folder);
}

/**
 * Takes git's own notes of the work tree away, and no other's: `worktree prune` would take those of the operator's that lie on a
 * disk which is not there now, and leaves one that was killed while it was made.
 */
async function unregister(root: string, folder: string): Promise<void> {
  const common = await gitText(root, ["rev-parse", "--path-format=absolute", "--git-common-dir"]);
  const real = join(await realpath(dirname(folder)).catch(() => dirname(folder)), basename(folder));
  // Also those that lie in it: a drill keeps what it deploys in its own.
  const isBelow = (path: string) => [folder, real].some((place) => path.startsWith(`${place}/`));
  for (const id of await readdir(join(common, "worktrees")).catch(() => [])) {
    const at = await readFile(join(common, "worktrees", id, "gitdir"), "utf8").catch(() => "");
    if (isBelow(at.trim())) await rm(join(common, "worktrees", id), { recursive: true, force: true });
  }
}

/**
 * Packages of the same lock are there already: they are linked file by file, so that a later `npm ci`, which puts new files in
 * their place, leaves these as they are. Without any, npm brings them.
 */
async function bringPackages(folder: string, from: readonly string[]): Promise<void> {
  const wanted = await lockOf(folder);
  for (const other of from) {
    if ((await lockOf(other)) !== wanted) continue;
    const packages = await realpath(join(other, "node_modules")).catch(() => undefined);
    if (packages === undefined) continue;
    const into = join(folder, "node_modules");
    const linked = await execa("cp", ["-al", packages, into], { reject: false });
    if (!linked.failed) return;
    // Another file system keeps a copy of its own.
    await rm(into, { recursive: true, force: true });
    await execa("cp", ["-a", packages, into]);
    return;
  }
  // Scripts of packages run in it: they are given what npm needs and nothing else.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => npmNeeds.test(name)));
  await execa("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, timeout: 600_000, env, extendEnv: false });
}

const npmNeeds =
  /^(?:PATH|HOME|LANG|TMPDIR|(?:https?|no)_proxy|HTTPS?_PROXY|NO_PROXY|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|npm_config_\w+)$/;

async function lockOf(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, "package-lock.json")).catch(() => undefined);
  return text === undefined ? undefined : createHash("sha256").update(text).digest("hex");
}
