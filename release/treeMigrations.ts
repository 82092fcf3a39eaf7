/** The migration files that a git tree holds, whether a commit has it or not: what ran need be in none. */

import { basename } from "node:path";
import { parseMigrationFile } from "../model/migrations.ts";
import { GitFailed, type GitOptions, git } from "./repository.ts";

export interface TreeMigration {
  readonly version: string;
  readonly name: string;
  /** Git's id of its content. */
  readonly blob: string;
}

const folder = "memory/supabase/migrations/";

/** Reads each tree and each file once. */
export class TreeMigrations {
  readonly #root: string;
  readonly #options: GitOptions;
  readonly #trees = new Map<string, Promise<readonly TreeMigration[] | undefined>>();
  readonly #texts = new Map<string, Promise<string>>();

  constructor(root: string, options: GitOptions = {}) {
    [this.#root, this.#options] = [root, options];
  }

  /** Those of a tree, oldest first; undefined where this clone does not hold it. */
  of(tree: string): Promise<readonly TreeMigration[] | undefined> {
    const read = this.#trees.get(tree) ?? this.#read(tree);
    this.#trees.set(tree, read);
    return read;
  }

  text({ blob }: TreeMigration): Promise<string> {
    const read =
      this.#texts.get(blob) ?? git(this.#root, ["cat-file", "blob", blob], this.#options).then((bytes) => bytes.toString("utf8"));
    this.#texts.set(blob, read);
    return read;
  }

  async #read(tree: string): Promise<readonly TreeMigration[] | undefined> {
    const asked = ["ls-tree", "-r", "-z", "--full-tree", tree, "--", folder];
    const listed = await git(this.#root, asked, this.#options).catch((error: unknown) => {
      if (error instanceof GitFailed && error.code === 128) return undefined;
      throw error;
    });
    return listed
      ?.toString("utf8")
      .split("\0")
      .flatMap((line) => {
        const [, blob, path] = /^\d+ blob ([0-9a-f]+)\t(.+)$/.exec(line) ?? [];
        const parsed = path === undefined ? undefined : parseMigrationFile(basename(path));
        return blob === undefined || parsed === undefined ? [] : [{ ...parsed, blob }];
      });
  }
}
