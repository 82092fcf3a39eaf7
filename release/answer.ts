/** Starts a program for one short answer. By Node's own start: what execa does besides takes longer than git takes to answer. */

import { execFile } from "node:child_process";

export interface Asking {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string | undefined;
  /** What it reads; without it, nothing. */
  readonly input?: string | Uint8Array | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  /** Undefined where it could not be started, was ended, or wrote too much. */
  readonly code: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Why there is no code, in words. */
  readonly why: string;
}

const maxBuffer = 1_073_741_824;

/** However it ended. @throws the signal's own reason where that was given up. */
export async function answerOf(program: string, args: readonly string[], asking: Asking): Promise<Answer> {
  const { env, cwd, input, timeoutMs, signal } = asking;
  signal?.throwIfAborted();
  const answer = await new Promise<Answer>((resolve) => {
    const child = execFile(
      program,
      args,
      { env, cwd, signal, maxBuffer, timeout: timeoutMs, encoding: "buffer" },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : undefined;
        const why = error?.killed === true ? `it did not answer within ${timeoutMs / 1000} s` : (error?.message ?? "");
        resolve({ code, stdout, stderr: stderr.toString("utf8"), why });
      },
    );
    // What could not be written because it has ended is told by how it ended.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
  signal?.throwIfAborted();
  return answer;
}
