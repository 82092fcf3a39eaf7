/** What was deployed behind an open gate, kept ready on this machine: its files, its packages, and which image it runs. */

import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { jsonIn } from "../model/jsonIn.ts";
import { shortTree } from "../model/rollback.ts";
import { addTree, dropTree } from "./ownTree.ts";
import { gitText } from "./repository.ts";
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
/** What a scan found clean, and by which key. */
const shared = ["fingerprint.key", "exposure-clean"];
const noteOf = (place: KeptPlace, tree: string) => `${keptTree(place, tree)}.json`;

/** Where packages may lie that fit another tree of this project: in the operator's own, and in those that are kept. */
export async function packagesOf(place: KeptPlace): Promise<readonly string[]> {
  return [place.root, ...(await readKept(place)).map(({ tree }) => keptTree(place, tree))];
}

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
  await addTree({ root: place.root, packages: await packagesOf(place), shared }, folder, commit);
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
  await dropTree(place.root, keptTree(place, tree));
}

/** Takes all away but these, what is left of one that was killed on the way too. */
export async function keepOnly(place: KeptPlace, trees: ReadonlySet<string>): Promise<void> {
  const kept = new Set([...trees].map(shortTree));
  const names = (await readdir(folderOf(place)).catch(() => [])).map((name) => name.replace(/\.json(\.new)?$/, ""));
  const gone = new Set(names.filter((name) => !kept.has(name)));
  for (const name of gone) await drop(place, name);
  if (kept.size === 0) await rm(folderOf(place), { recursive: true, force: true });
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
    if (error instanceof Error) return spoilt(error.message);
    throw error;
  }
}
