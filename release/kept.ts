/** What was deployed behind an open gate, kept ready on this machine: its files, its packages, and which image it runs. */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { jsonIn } from "../model/jsonIn.ts";
import { shortTree } from "../model/rollback.ts";
import { GitFailed, git, gitText } from "./repository.ts";
import type { Snapshot } from "./snapshot.ts";
import { uncommitted } from "./workTree.ts";

const keptSchema = z.strictObject({
  tree: z.string(),
  commit: z.string(),
  image: z.strictObject({
    name: z.string(),
    /** The engine's id of it. */
    id: z.string(),
  }),
});

/** One that can come back at once. */
export type Kept = z.output<typeof keptSchema>;

export interface KeptPlace {
  /** Absolute path of the project. */
  readonly root: string;
  readonly stack: string;
}

const folderOf = ({ root, stack }: KeptPlace) => join(root, ".phillbot", "kept", stack);
/** Absolute path of a kept one's own work tree. */
export const keptTree = (place: KeptPlace, tree: string): string => join(folderOf(place), shortTree(tree));
const noteOf = (place: KeptPlace, tree: string) => `${keptTree(place, tree)}.json`;
/** Of this clone, not of a tree: what a scan found clean, and by which key. */
const shared = ["fingerprint.key", "exposure-clean"];

/** Those that are whole. */
export async function readKept(place: KeptPlace): Promise<readonly Kept[]> {
  const names = await readdir(folderOf(place)).catch(() => []);
  const notes = names.filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(notes.map((name) => readFile(join(folderOf(place), name), "utf8").catch(() => "")));
  return texts.flatMap((text) => {
    const kept = keptSchema.safeParse(jsonIn(text));
    return kept.success ? [kept.data] : [];
  });
}

/**
 * Makes one ready: the note of it is written last, so that what was killed on the way is none.
 * @param anew true where what lies there is spoilt.
 * @throws GitFailed, Error where it cannot be kept.
 */
export async function keep(place: KeptPlace, { tree, commit }: Snapshot, image: Kept["image"], anew = false): Promise<void> {
  const folder = keptTree(place, tree);
  const isWhole = !anew && (await readKept(place)).some((each) => each.tree === tree) && !(await keptFault(place, { tree }));
  if (isWhole) return note(place, { tree, commit, image });
  await drop(place, tree);
  await mkdir(folderOf(place), { recursive: true, mode: 0o700 });
  const plain = ["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"];
  await git(place.root, [...plain, "worktree", "add", "--quiet", "--force", "--force", "--detach", folder, commit], {
    timeoutMs: 120_000,
  });
  await bringPackages(place, folder);
  await mkdir(join(folder, ".phillbot"), { mode: 0o700 });
  for (const name of shared) await symlink(join(place.root, ".phillbot", name), join(folder, ".phillbot", name));
  await note(place, { tree, commit, image });
}

async function note(place: KeptPlace, kept: Kept): Promise<void> {
  const path = noteOf(place, kept.tree);
  await writeFile(`${path}.new`, `${JSON.stringify(kept)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Takes one away, and what is left of one. */
async function drop(place: KeptPlace, tree: string): Promise<void> {
  await rm(noteOf(place, tree), { force: true });
  await rm(keptTree(place, tree), { recursive: true, force: true });
  await unregister(place.root, keptTree(place, tree));
}

/**
 * Takes git's own note of the work tree away, and no other: `worktree prune` would take those of the operator's that lie on a
 * disk which is not there now, and leaves one that was killed while it was made.
 */
async function unregister(root: string, folder: string): Promise<void> {
  const common = await gitText(root, ["rev-parse", "--path-format=absolute", "--git-common-dir"]);
  const own = new Set([
    join(folder, ".git"),
    join(await realpath(dirname(folder)).catch(() => folder), basename(folder), ".git"),
  ]);
  for (const id of await readdir(join(common, "worktrees")).catch(() => [])) {
    const at = await readFile(join(common, "worktrees", id, "gitdir"), "utf8").catch(() => "");
    if (own.has(at.trim())) await rm(join(common, "worktrees", id), { recursive: true, force: true });
  }
}

/** Takes all away but these, what is left of one that was killed on the way too. */
export async function keepOnly(place: KeptPlace, trees: ReadonlySet<string>): Promise<void> {
  const kept = new Set([...trees].map(shortTree));
  const names = (await readdir(folderOf(place)).catch(() => [])).map((name) => name.replace(/\.json(\.new)?$/, ""));
  const gone = new Set(names.filter((name) => !kept.has(name)));
  for (const name of gone) await drop(place, name);
  if (kept.size === 0) await rm(folderOf(place), { recursive: true, force: true });
}

/**
 * Packages of the same lock are there already, here or at another that is kept: they are linked file by file, so that a later
 * `npm ci`, which puts new files in their place, leaves these as they are. Without any, npm brings them.
 */
async function bringPackages(place: KeptPlace, folder: string): Promise<void> {
  const wanted = await lockOf(folder);
  const others = (await readKept(place)).map(({ tree }) => keptTree(place, tree));
  for (const from of [place.root, ...others]) {
    if ((await lockOf(from)) !== wanted) continue;
    const packages = await realpath(join(from, "node_modules")).catch(() => undefined);
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

/** Why what lies there is not what was kept, as a sentence; undefined where it is. */
export async function keptFault(place: KeptPlace, { tree }: Pick<Kept, "tree">): Promise<string | undefined> {
  const folder = keptTree(place, tree);
  const spoilt = (why: string) => `What is kept of it in \`${folder}\` is not what was deployed: ${why}.`;
  if ((await stat(join(folder, "node_modules", ".package-lock.json")).catch(() => undefined)) === undefined)
    return spoilt("its packages are gone");
  try {
    if ((await gitText(folder, ["rev-parse", "HEAD^{tree}"])) !== tree) return spoilt("it is at another commit");
    const [stray] = await uncommitted(folder, { stack: place.stack });
    return stray === undefined ? undefined : spoilt(`\`${stray.path}\` (${stray.how})`);
  } catch (error) {
    if (error instanceof GitFailed || error instanceof Error) return spoilt(error.message);
    throw error;
  }
}
