/** Remembers which contents were found clean, by digest, so that a gate reads again only what is new. */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rulesDigest } from "./text.ts";

/** One cache a set of rules and values in use; a few, so that two stacks of one checkout keep their own. */
const keptCaches = 6;
const keptDigests = 200_000;

/** Holds digests of clean contents only: a finding is always looked for again. */
export class CleanCache {
  readonly #path: string;
  readonly #known: ReadonlySet<string>;
  readonly #seen = new Set<string>();

  private constructor(path: string, known: ReadonlySet<string>) {
    this.#path = path;
    this.#known = known;
  }

  /**
   * Opens the cache that holds under these very rules and values in use; with another rule or value it is another, empty one.
   * @param fingerprints keyed fingerprints of the values in use, by name.
   */
  static async open(folder: string, fingerprints: ReadonlyMap<string, string>): Promise<CleanCache> {
    const values = JSON.stringify([...fingerprints].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const name = createHash("sha256").update(rulesDigest()).update(values).digest("hex").slice(0, 32);
    const path = join(folder, name);
    const text = await readFile(path, "utf8").catch(() => "");
    return new CleanCache(path, new Set(text.split("\n").filter((line) => line !== "")));
  }

  /** True where this content was found clean before. */
  has(digest: string): boolean {
    const known = this.#known.has(digest) || this.#seen.has(digest);
    if (known) this.#seen.add(digest);
    return known;
  }

  add(digest: string): void {
    this.#seen.add(digest);
  }

  /** The greatest of the remembered names that start so, such as the last moment to which a log was clean. */
  latest(prefix: string): string | undefined {
    return [...this.#known, ...this.#seen]
      .filter((name) => name.startsWith(prefix))
      .toSorted()
      .at(-1);
  }

  /** Keeps what this run and earlier ones found clean, and of too much only what this run has seen. */
  async save(): Promise<void> {
    const folder = join(this.#path, "..");
    await mkdir(folder, { recursive: true });
    const all = this.#known.union(this.#seen);
    const digests = all.size > keptDigests ? this.#seen : all;
    const next = `${this.#path}.${process.pid}.new`;
    await writeFile(next, [...digests].join("\n"), { mode: 0o600 });
    await rename(next, this.#path);
    await prune(folder);
  }
}

async function prune(folder: string): Promise<void> {
  const names = await readdir(folder);
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  const surplus = aged.toSorted((a, b) => b.at - a.at).slice(keptCaches);
  await Promise.all(surplus.map(({ name }) => rm(join(folder, name), { force: true })));
}
