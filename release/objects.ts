/** Reads commits, folders and files as git holds them: one git answers all that is asked, because to start one takes longer than its answer. */

import { type CommittedEntry, GitFailed, type GitObject, type GitOptions, type ObjectReader, startGit } from "./repository.ts";

/** Git does not hold what was asked for, or holds something else there. */
export class ObjectMissing extends GitFailed {
  constructor(sentence: string) {
    // Git's own code where a name leads to nothing.
    super(["cat-file"], 128, "");
    this.message = sentence;
  }
}

interface TreeEntry {
  readonly mode: string;
  readonly object: string;
  readonly name: string;
}

const folderMode = "040000";
const timeoutMs = 30_000;

interface Asked {
  readonly name: string;
  readonly resolve: (object: GitObject | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Of objects, only what an own id stands for is remembered: what a name leads to is asked anew each time. Whoever remembers
 * something else by `once` says for how long that is good enough: for one question.
 */
export class Objects implements ObjectReader, Disposable {
  readonly folder: string;
  readonly #git: ReturnType<typeof startGit>["child"];
  readonly #asked: Asked[] = [];
  readonly #remembered = new Map<string, Promise<unknown>>();
  #pieces: Buffer[] = [];
  #held = 0;
  /** As many bytes must be here before it is worth looking. */
  #wanted = 1;
  #ended: { readonly error: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, { signal }: GitOptions = {}) {
    this.folder = folder;
    const { child, ended } = startGit(folder, ["cat-file", "--batch"], { ...(signal && { signal }) });
    this.#git = child;
    child.stdout.on("data", (piece: Buffer) => this.#take(piece));
    ended.then(
      () => this.#end(new ObjectMissing("Git was asked for an object after it had ended.")),
      (error: unknown) => this.#end(error),
    );
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#git.stdin.end();
  }

  object(name: string): Promise<GitObject | undefined> {
    // Git takes a line for a question.
    if (name.includes("\n") || name === "") return Promise.reject(new ObjectMissing(`No object has the name \`${name}\`.`));
    if (this.#ended !== undefined) return Promise.reject(this.#ended.error);
    return new Promise((resolve, reject) => {
      this.#asked.push({ name, resolve, reject });
      this.#timer ??= this.#watch();
      this.#git.stdin.write(`${name}\n`);
    });
  }

  async commitId(name: string): Promise<string | undefined> {
    return (await this.object(`${name}^{commit}`))?.id;
  }

  once<T>(what: string, work: () => Promise<T>): Promise<T> {
    const made = (this.#remembered.get(what) as Promise<T> | undefined) ?? work();
    this.#remembered.set(what, made);
    return made;
  }

  async files(commit: string, folder?: string): Promise<readonly CommittedEntry[]> {
    let tree = await this.#treeOf(commit);
    for (const name of folder?.split("/") ?? []) {
      const found = (await this.#entries(tree)).find((each) => each.name === name);
      if (found?.mode !== folderMode) return [];
      tree = found.object;
    }
    const above = folder === undefined ? "" : `${folder}/`;
    return this.once(`files ${tree} ${above}`, () => this.#filesBelow(tree, above));
  }

  async text(commit: string, path: string): Promise<string | undefined> {
    let object = await this.#treeOf(commit);
    const names = path.split("/");
    for (const [index, name] of names.entries()) {
      const found = (await this.#entries(object)).find((each) => each.name === name);
      const isLast = index === names.length - 1;
      if (found === undefined || (!isLast && found.mode !== folderMode)) return undefined;
      if (isLast && !/^1[02]/.test(found.mode)) throw new ObjectMissing(`\`${path}\` is no file in ${commit}.`);
      object = found.object;
    }
    return (await this.#known(object, "blob")).toString("utf8");
  }

  async #treeOf(commit: string): Promise<string> {
    const found = await this.object(`${commit}^{commit}`);
    const tree = /^tree ([0-9a-f]+)\n/.exec(found?.bytes.subarray(0, 80).toString("latin1") ?? "")?.[1];
    if (found?.type !== "commit" || tree === undefined) throw new ObjectMissing(`\`${commit}\` is no commit that is here.`);
    return tree;
  }

  async #filesBelow(tree: string, above: string): Promise<readonly CommittedEntry[]> {
    const parts = await Promise.all(
      (await this.#entries(tree)).map(async ({ mode, object, name }) =>
        mode === folderMode ? this.#filesBelow(object, `${above}${name}/`) : { mode, object, path: `${above}${name}` },
      ),
    );
    return parts.flat();
  }

  #entries(tree: string): Promise<readonly TreeEntry[]> {
    return this.once(`tree ${tree}`, async () => treeEntries(await this.#known(tree, "tree"), tree.length / 2));
  }

  async #known(id: string, type: string): Promise<Buffer> {
    const found = await this.object(id);
    if (found?.type !== type) throw new ObjectMissing(`${id} is ${found?.type ?? "missing"} where a ${type} should be.`);
    return found.bytes;
  }

  #take(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#wanted) return;
    let rest = this.#pieces.length === 1 ? chunk : Buffer.concat(this.#pieces);
    for (;;) {
      const answer = answerIn(rest);
      this.#wanted = typeof answer === "number" ? answer : 1;
      if (typeof answer === "number") break;
      rest = rest.subarray(answer.length);
      clearTimeout(this.#timer);
      const asked = this.#asked.shift();
      this.#timer = this.#asked.length === 0 ? undefined : this.#watch();
      asked?.resolve(answer.object);
    }
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
  }

  #watch(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#end(new GitFailed(["cat-file"], undefined, `it did not answer within ${timeoutMs / 1000} s`));
      this.#git.kill();
    }, timeoutMs);
  }

  #end(error: unknown): void {
    clearTimeout(this.#timer);
    this.#ended ??= { error };
    for (const { reject } of this.#asked.splice(0)) reject(this.#ended.error);
  }
}

/** One answer at the beginning: a line `<id> <type> <size>`, the bytes and a newline, or a line that says it is none. Else how many bytes are needed. */
function answerIn(bytes: Buffer): { readonly object: GitObject | undefined; readonly length: number } | number {
  const end = bytes.indexOf(10);
  if (end < 0) return bytes.length + 1;
  const [, id, type, size] = /^([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d+)$/.exec(bytes.toString("latin1", 0, end)) ?? [];
  if (id === undefined || type === undefined) return { object: undefined, length: end + 1 };
  const length = end + 1 + Number(size) + 1;
  if (bytes.length < length) return length;
  return { object: { id, type, bytes: bytes.subarray(end + 1, length - 1) }, length };
}

/** A tree's own form: `<mode> <name>`, a NUL, and the id's bytes. */
function treeEntries(bytes: Buffer, idLength: number): readonly TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(32, at);
    const nul = bytes.indexOf(0, space);
    const next = nul + 1 + idLength;
    if (space < 0 || nul < 0 || next > bytes.length) throw new ObjectMissing("A folder's object has another form.");
    const mode = modeOf(bytes.toString("latin1", at, space));
    entries.push({ mode, name: bytes.toString("utf8", space + 1, nul), object: bytes.toString("hex", nul + 1, next) });
    at = next;
  }
  return entries;
}

/** As git shows it: old trees hold other modes, of which it takes the kind and whether the owner may execute. */
function modeOf(written: string): string {
  const mode = Number.parseInt(written, 8);
  switch (mode & 0o170000) {
    case 0o100000:
      return (mode & 0o100) === 0 ? "100644" : "100755";
    case 0o120000:
      return "120000";
    case 0o040000:
      return folderMode;
    default:
      return "160000";
  }
}

/** By the reader that was handed on, where it is of this folder, or by one for this question alone. */
export async function withObjects<T>(
  folder: string,
  options: GitOptions,
  work: (objects: ObjectReader) => Promise<T>,
): Promise<T> {
  if (options.objects?.folder === folder) return work(options.objects);
  using own = new Objects(folder, options);
  return await work(own);
}

/** The id of a commit. @throws GitFailed where there is none. */
export async function commitIn(objects: ObjectReader, name: string): Promise<string> {
  const id = await objects.commitId(name);
  if (id === undefined) throw new ObjectMissing(`\`${name}\` is no commit that is here.`);
  return id;
}

/** The text of a file in a commit, or undefined where the commit does not hold it. @throws GitFailed where there is no such commit. */
export function fileAt(
  folder: string,
  { commit, path, ...options }: GitOptions & { readonly commit: string; readonly path: string },
): Promise<string | undefined> {
  return withObjects(folder, options, (objects) => objects.text(commit, path));
}
