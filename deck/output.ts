/** The command line's two streams, with every secret that a verb has resolved, and all that looks like one, redacted, and what would steer the terminal taken out. */

import { legible } from "../model/legible.ts";
import { redact } from "../model/redact.ts";
import type { Secret } from "../model/secret.ts";
import type { Output } from "./verb.ts";

interface Streams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Columns of the terminal that standard error is; undefined where it is none. */
  readonly columns?: () => number | undefined;
}

const eraseLine = "\r\u001b[2K";
const narrowest = 20;

export function createOutput({ stdout, stderr, columns = () => undefined }: Streams): Output {
  const known = new Map<string, Secret>();
  let shown = "";
  const erased = () => (shown === "" ? "" : eraseLine);
  const draw = () => {
    // One column less: a line that fills the terminal wraps, and only its rest would be erased.
    if (shown !== "") stderr(shown.slice(0, Math.max((columns() ?? 0) - 1, narrowest)));
  };
  const clean = (text: string) => legible(redact(text, known));
  const output: Output = {
    data: (text) => stdout(clean(text)),
    progress: (line) => {
      stderr(`${erased()}${clean(line)}\n`);
      draw();
    },
    hide: (secrets) => {
      for (const [name, secret] of secrets) known.set(name, secret);
    },
  };
  if (columns() === undefined) return output;
  return {
    ...output,
    status: (text) => {
      stderr(erased());
      shown = text === "" ? "" : `… ${clean(text).replace(/\s+/g, " ")}`;
      draw();
    },
  };
}

/** The output of this process. */
export function processOutput(): Output {
  return createOutput({
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    columns: () => (process.stderr.isTTY ? process.stderr.columns || 80 : undefined),
  });
}
