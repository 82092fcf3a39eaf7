/** Reads the project's git repository: the one place that runs git. Nothing here changes the work tree. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { withoutLogin } from "../model/origin.ts";
import { answerOf } from "./answer.ts";

export interface GitOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds until git is ended; default 30,000. */
  readonly timeoutMs?: number;
  readonly stdin?: string;
  /** An index of its own, for a tree that is put together beside the work tree. */
  readonly indexFile?: string;
  /** Where git puts the objects that it makes for an answer; it reads the `real` ones all the same. */
  readonly scratch?: { readonly folder: string; readonly real: string };
  /** Another code than 0 that is an answer. */
  readonly code?: number;
  /** One git that answers everything that is asked of this folder's objects; without it, each question starts its own. */
  readonly objects?: ObjectReader;
}

/** What of somebody's own options each git that they start gets as well. */
export const gitOf = ({ signal, objects }: GitOptions): GitOptions => ({
  ...(signal && { signal }),
  ...(objects && { objects }),
});

export interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly bytes: Buffer;
}

export interface CommittedEntry {
  /** As git has it: `100644`, `100755`, `120000` (a link: its content is where it points), `160000` (a submodule). */
  readonly mode: string;
  /** The object's id; of a submodule, its commit. */
  readonly object: string;
  /** From the repository's top. */
  readonly path: string;
}

/** What `Objects` is to whoever is handed one. */
export interface ObjectReader {
  readonly folder: string;
  /** Anything that git takes for an object; undefined where it knows none of that name. @throws GitFailed */
  object(name: string): Promise<GitObject | undefined>;
  /** The id of a commit; undefined where there is none. @throws GitFailed */
  commitId(name: string): Promise<string | undefined>;
  /**
   * Every file of a commit, or of a folder of it that may not be there, in git's own order, which is that of bytes.
   * @throws GitFailed where it is not here, whole.
   */
  files(commit: string, folder?: string): Promise<readonly CommittedEntry[]>;
  /** The text of a file; undefined where the commit, which must be here, holds none at that path. @throws GitFailed */
  text(commit: string, path: string): Promise<string | undefined>;
  /** What `work` makes of something that never changes, such as an object by its id, is made once. */
  once<T>(what: string, work: () => Promise<T>): Promise<T>;
}

/** Git ended with another code than 0. */
export class GitFailed extends Error {
  override readonly name = "GitFailed";
  readonly code: number | undefined;

  constructor(args: readonly string[], code: number | undefined, stderr: string) {
    const last = stderr.trim().split("\n").at(-1) ?? "";
    // Git repeats an address as it was given, with whoever logs in there.
    const said = withoutLogin(last);
    super(`\`git ${args[0]}\` ended with ${code === undefined ? "no code" : `code ${code}`}${said === "" ? "." : `: ${said}`}`);
    this.code = code;
  }
}

const handedOn = ["PATH", "HOME", "SSH_AUTH_SOCK", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE"];
/** Asking a person would hang a gate that nobody watches: every prompt is answered by a command that fails. */
const noPrompts = { GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: "false", SSH_ASKPASS: "false", SSH_ASKPASS_REQUIRE: "force" };

/** Only what git needs: the caller's environment may hold secrets, and `GIT_*` in it would point elsewhere. */
function environment(): Record<string, string> {
  const own: Record<string, string> = {};
  for (const name of handedOn) {
    const value = process.env[name];
    if (value !== undefined) own[name] = value;
  }
  return { ...own, ...noPrompts, LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0", GIT_NO_REPLACE_OBJECTS: "1", GIT_GRAFT_FILE: "/dev/null" };
}

const beside = ({ folder, real }: NonNullable<GitOptions["scratch"]>): Record<string, string> => ({
  GIT_OBJECT_DIRECTORY: folder,
  // Quoted, a colon in it does not end it.
  GIT_ALTERNATE_OBJECT_DIRECTORIES: `"${real.replaceAll(/["\\]/g, "\\$&")}"`,
});

/**
 * Runs git in a folder and gives back the bytes of its standard output.
 * @throws GitFailed where its code is not 0.
 */
export async function git(folder: string, args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
  const { indexFile, scratch, stdin: input, timeoutMs = 30_000, signal } = options;
  const env = {
    ...environment(),
    ...(indexFile !== undefined && { GIT_INDEX_FILE: indexFile }),
    ...(scratch !== undefined && beside(scratch)),
  };
  const { code, stdout, stderr, why } = await answerOf("git", args, { cwd: folder, env, input, timeoutMs, signal });
  if (code === 0 || (code !== undefined && code === options.code)) return stdout;
  throw new GitFailed(args, code, stderr === "" ? why : stderr);
}

/**
 * Runs git and hands what it writes to `read`, for what is too large to hold. By a file without a name: from a pipe it comes in
 * pieces of four kilobytes, and to take one costs more than to hash it. Each piece is good until the next is asked for.
 * @param input what git is asked; it is started already while that is made.
 * @throws GitFailed where its code is not 0, whatever was read until then.
 */
export async function gitPieces<T>(
  folder: string,
  args: readonly string[],
  { input, signal, timeoutMs = 120_000 }: Pick<GitOptions, "signal" | "timeoutMs"> & { readonly input: Promise<string> },
  read: (pieces: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  const path = join(tmpdir(), `phillbot-git-${randomUUID()}`);
  await using file = await open(path, "wx+", 0o600);
  await rm(path);
  const { child, ended } = startGit(folder, args, { timeoutMs, output: file.fd, ...(signal && { signal }) });
  try {
    child.stdin.end(await input);
    return await read(piecesOf(file, ended));
  } finally {
    child.kill();
  }
}

const lookAgainMs = 4;

/** What stands in the file, and what comes to stand there until `ended`. */
async function* piecesOf(file: FileHandle, ended: Promise<void>): AsyncIterable<Buffer> {
  const buffer = Buffer.allocUnsafe(1_048_576);
  let isWhole = false;
  const end = ended.then(() => {
    isWhole = true;
  });
  end.catch(() => undefined);
  for (let at = 0; ; ) {
    const wasWhole = isWhole;
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    at += bytesRead;
    if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
    else if (wasWhole) return;
    else await Promise.race([end, sleep(lookAgainMs)]);
  }
}

/**
 * Starts git on the objects that are here, to be asked and read by whoever does; it ends when its input does.
 * @param output a file that is open, instead of a stream.
 */
export function startGit(
  folder: string,
  args: readonly string[],
  { signal, timeoutMs, output }: Pick<GitOptions, "signal" | "timeoutMs"> & { readonly output?: number },
) {
  const child = spawn("git", args, {
    cwd: folder,
    env: environment(),
    stdio: ["pipe", output ?? "pipe", "pipe"],
    ...(signal !== undefined && { signal }),
  }) as ChildProcessByStdio<Writable, Readable, Readable>;
  // What could not be written because git has ended is told by how it ended.
  child.stdin.on("error", () => undefined);
  let said = "";
  child.stderr.on("data", (piece: Buffer) => {
    said += piece.toString("utf8");
  });
  // Node's own would wait on, and the process with it, where git could not be started.
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => child.kill(), timeoutMs);
  const ended = new Promise<void>((resolve, reject) => {
    const fail = (code: number | undefined, why: string) =>
      reject(signal?.aborted === true ? signal.reason : new GitFailed(args, code, why));
    child.once("error", ({ message }) => fail(undefined, message));
    child.once("close", (code, by) => {
      if (code === 0) resolve();
      else fail(code ?? undefined, said === "" && by !== null ? `It was ended by ${by}.` : said);
    });
  });
  ended.catch(() => undefined).finally(() => clearTimeout(timer));
  return { child, ended };
}

/** Like `git`, as text without the white space around it. */
export async function gitText(folder: string, args: readonly string[], options?: GitOptions): Promise<string> {
  return (await git(folder, args, options)).toString("utf8").trim();
}

/** Like `gitText`, for a question that git answers "no" by code 1. */
export async function gitAnswer(folder: string, args: readonly string[], options?: GitOptions): Promise<string | undefined> {
  try {
    return await gitText(folder, args, options);
  } catch (error) {
    if (error instanceof GitFailed && error.code === 1) return undefined;
    throw error;
  }
}

/** The folder of the living documents, without a slash. */
export const documentsFolder = "Documentation";

/**
 * Sha256 (hex) of the committed tree without `Documentation/`: over the bytes of `git ls-tree -r -z --full-tree HEAD`,
 * the entries below that folder left out. The same commit gives the same digest on every machine.
 */
export async function treeDigest(folder: string, options?: GitOptions): Promise<string> {
  const listing = (await git(folder, ["ls-tree", "-r", "-z", "--full-tree", "HEAD"], options)).toString("latin1");
  const hash = createHash("sha256");
  for (const entry of listing.split("\0")) {
    if (entry !== "" && !entry.includes(`\t${documentsFolder}/`)) hash.update(`${entry}\0`, "latin1");
  }
  return hash.digest("hex");
}
