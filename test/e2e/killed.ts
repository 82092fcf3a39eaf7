/** Kills an update or a rollback with everything that it started, at a moment that is seen from outside: in the engine's events, in what is printed, or among the processes. */

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { until } from "./gatewayStack.ts";
import type { TestProject } from "./project.ts";

/** When to kill: one line of one of the three matches. */
export interface Moment {
  /** `container create phillbot-…`, as the engine says it. */
  readonly engine?: RegExp;
  /** A line of the update's progress. */
  readonly progress?: RegExp;
  /** The command line of one of its processes. */
  readonly process?: RegExp;
}

/**
 * Runs `deck up`, or another verb, until the moment comes, and kills it.
 * @returns what it printed until then. @throws Error where it ended before.
 */
export async function killUpdate(
  project: TestProject,
  moment: Moment,
  words: readonly string[] = ["up", "--yes"],
): Promise<string> {
  const over = new AbortController();
  const lines: string[] = [];
  const { promise: seen, resolve } = Promise.withResolvers<string>();
  const heed = (pattern: RegExp | undefined, line: string) => {
    if (pattern?.test(line) !== true || over.signal.aborted) return;
    over.abort();
    killTree(project.stack);
    resolve(line);
  };
  const engine = followEngine((line) => heed(moment.engine, line));
  const look = (line: string) => heed(moment.process, line);
  const watched = moment.process === undefined ? undefined : watchProcesses(project.stack, look, over.signal);
  const ended = project.watch(words, {
    onLine: async (line) => {
      lines.push(line);
      heed(moment.progress, line);
    },
  });
  try {
    const early = await Promise.race([seen, ended]);
    if (typeof early !== "string") throw new Error(`It ended with ${early.code} before it was killed.\n${early.stderr}`);
    await until("the end of all that was killed", async () => (killTree(project.stack) === 0 ? true : undefined));
    await ended;
    return lines.join("\n");
  } finally {
    over.abort();
    engine.kill("SIGKILL");
    await watched;
  }
}

/** Ends at once whatever works on the stack. @returns how many processes there were. */
export function killTree(stack: string): number {
  const pids = treeOf(stack);
  for (const pid of pids) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  return pids.length;
}

/** What was handed the stack's name, and all that such a process started: parts of an update are given another environment. */
function treeOf(stack: string): readonly string[] {
  const running = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && !/^[ZX]/.test(statOf(name)[0] ?? "Z"));
  const parents = new Map(running.map((pid) => [pid, statOf(pid)[1] ?? ""]));
  const found = new Set(running.filter((pid) => text(pid, "environ").split("\0").includes(`PHILLBOT_STACK=${stack}`)));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** State and parent, which stand behind the name. */
function statOf(pid: string): readonly string[] {
  const stat = text(pid, "stat");
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function text(pid: string, file: "environ" | "stat" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function followEngine(onLine: (line: string) => void) {
  const since = String(Math.floor(Date.now() / 1000));
  const name = "{{.Type}} {{.Action}} {{or .Actor.Attributes.name .Actor.ID}}";
  const events = spawn("docker", ["events", "--since", since, "--format", name], { stdio: ["ignore", "pipe", "inherit"] });
  createInterface({ input: events.stdout }).on("line", onLine);
  return events;
}

const lookMs = 25;

/** Whose parent or own environment is the stack's. Told once of each process, since a look at all of them takes a processor. */
async function watchProcesses(stack: string, onLine: (line: string) => void, over: AbortSignal): Promise<void> {
  const known = new Map<string, boolean>();
  while (!over.aborted) {
    const running = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const gone = new Set(known.keys()).difference(new Set(running));
    for (const pid of gone) known.delete(pid);
    // By number, so that a parent is mostly told before its child.
    for (const pid of running.toSorted((one, other) => Number(one) - Number(other))) {
      const isOwn = () => text(pid, "environ").split("\0").includes(`PHILLBOT_STACK=${stack}`);
      if (!known.has(pid)) known.set(pid, known.get(statOf(pid)[1] ?? "") === true || isOwn());
      // A process that has become another program has another line.
      if (known.get(pid) === true) onLine(text(pid, "cmdline").replaceAll("\0", " "));
    }
    await wait(lookMs);
  }
}
