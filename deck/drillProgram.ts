/** Runs the command line of a drill's work tree as an operator would: another program, by its own code, in its own environment. */

import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { jsonIn } from "../model/jsonIn.ts";
import { stateCredentials } from "../model/secretSources.ts";
import { type DrillStack, drillVariable } from "./drillStack.ts";
import { splitEnvironment } from "./pulumi.ts";
import type { Stack } from "./session.ts";
import type { World } from "./verb.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The operator's, without the source stack's secrets, and without what would lead to another stack, state or update. */
export function drillEnvironment(source: Stack): Environment {
  const { rest } = splitEnvironment(source);
  const isOurs = (name: string) => /^(?:PULUMI|PHILLBOT)_/.test(name) || stateCredentials.includes(name);
  return { ...Object.fromEntries(Object.entries(rest).filter(([name]) => !isOurs(name))), NO_COLOR: "1" };
}

const printed = z.looseObject({ summary: z.string().optional(), error: z.looseObject({ message: z.string() }).optional() });

export interface Ended {
  /** Undefined where a signal ended it. */
  readonly code: number | undefined;
  /** What it said of itself. */
  readonly summary: string;
}

/** How long an interrupted update gets to end what it has begun. */
const graceMs = 90_000;
const lastLines = 15;

interface Running {
  readonly drill: DrillStack;
  readonly environment: Environment;
  /** Shows all that it says. */
  readonly verbose: boolean;
  readonly world: Pick<World, "output" | "signal">;
}

/** Runs one verb to its end. */
export async function runDeck(words: readonly string[], { drill, environment, verbose, world }: Running): Promise<Ended> {
  const { output, signal } = world;
  signal.throwIfAborted();
  const args = [join(drill.root, "deck", "main.ts"), ...words, "--stack", drill.stack, "--json"];
  // In a group of its own: a Ctrl-C reaches it once.
  const child = execa(process.execPath, args, {
    ...{
      cwd: drill.root,
      env: { ...environment, [drillVariable]: drill.stack },
      extendEnv: false,
      stdin: "ignore",
      reject: false,
      detached: true,
    },
  });
  let late: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill("SIGINT");
    late = setTimeout(() => child.kill("SIGKILL"), graceMs);
  };
  signal.addEventListener("abort", stop, { once: true });
  const lines: string[] = [];
  try {
    for await (const line of child.iterable({ from: "stderr" })) {
      lines.push(String(line));
      if (verbose) output.progress(`  ${line}`);
    }
    const { exitCode, stdout } = await child;
    if (exitCode !== 0 && !verbose)
      output.progress(
        lines
          .slice(-lastLines)
          .map((line) => `  ${line}`)
          .join("\n"),
      );
    const said = printed.safeParse(jsonIn(stdout));
    const { summary, error } = said.success ? said.data : {};
    return { code: exitCode, summary: summary ?? error?.message ?? `\`deck ${words[0]}\` ended with ${exitCode ?? "a signal"}.` };
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", stop);
  }
}
