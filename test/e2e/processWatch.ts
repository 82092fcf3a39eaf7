/** Watches what is said in argv, environments and temporary files while something runs: by looking again and again, and by standing in for programs that are called by name. */

import { chmodSync, type Dirent, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { findValuesInUse } from "../../model/redact.ts";
import type { Secret } from "../../model/secret.ts";

/** A value in use, seen in a process or a file. */
export interface Seen {
  readonly secret: string;
  readonly where: "argv" | "environment" | "file";
  /** The program and its first arguments, without the value; or the file's path. */
  readonly process: string;
  readonly inContainer: boolean;
}

const pauseMs = 40;

export class ProcessWatch implements AsyncDisposable {
  /** Each process once a secret and place. */
  readonly seen = new Map<string, Seen>();
  /** How many processes were looked at: none would prove nothing. */
  processes = 0;
  readonly #secrets: ReadonlyMap<string, Secret>;
  readonly #folder: string;
  readonly #known = new Map<string, string>();
  readonly #own = readlinkSync("/proc/self/ns/pid");
  #ended = false;
  readonly #watching: Promise<void>;

  /** @param folder where what is watched puts its temporary files. */
  constructor(secrets: ReadonlyMap<string, Secret>, folder: string) {
    this.#secrets = secrets;
    this.#folder = folder;
    this.#watching = this.#watch();
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) this.#look(pid);
      for (const file of filesBelow(this.#folder)) this.#lookInto(file);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  #look(pid: string): void {
    const argv = read(`/proc/${pid}/cmdline`);
    // A process that has become another program has another command line; its environment is read once.
    if (argv === "" || this.#known.get(pid) === argv) return;
    this.#known.set(pid, argv);
    this.processes += 1;
    const inContainer = namespaceOf(pid) !== this.#own;
    this.note("argv", argv, argv, inContainer);
    this.note("environment", read(`/proc/${pid}/environ`), argv, inContainer);
  }

  /** Once for each content: to search it takes longer than to read it. */
  #lookInto(file: string): void {
    const stat = statSync(file, { throwIfNoEntry: false });
    const version = `${stat?.ino} ${stat?.size} ${stat?.mtimeMs}`;
    if (stat === undefined || this.#known.get(file) === version) return;
    this.#known.set(file, version);
    this.note("file", read(file), file);
  }

  note(where: Seen["where"], text: string, argv: string, inContainer = false): void {
    for (const { kind } of findValuesInUse(text, this.#secrets)) {
      const process = argv.replaceAll("\0", " ").slice(0, 200);
      const hidden = findValuesInUse(process, this.#secrets).length > 0 ? process.split(" ", 1)[0] : process;
      this.seen.set(`${kind} ${where} ${process}`, { secret: kind, where, process: String(hidden), inContainer });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.#watching;
  }
}

/** Regular files alone: a pipe or a socket keeps nothing. */
export function filesBelow(folder: string, skip: readonly string[] = []): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skip.includes(entry.name) ? [] : filesBelow(path, skip);
    return entry.isFile() ? [path] : [];
  });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** A process or a file may be gone between two looks. */
function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** Programs that live too briefly to be met by looking. */
const standIns = ["cat", "docker", "rsync", "sh", "git", "psql"];

/** Puts programs in `folder` that write down how they are called, and become the real ones. @returns where they write. */
export function makeStandIns(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const record = join(folder, "called");
  for (const name of standIns) {
    const { stdout, exitCode } = execaSync("sh", ["-c", `command -v ${name}`], { reject: false });
    if (exitCode !== 0) continue;
    const note = `{ printf 'called: ${name} %s\\n' "$*"; tr '\\0' '\\n' </proc/$$/environ; } >>'${record}' 2>/dev/null`;
    writeFileSync(join(folder, name), `#!/bin/sh\n${note}\nexec ${stdout.trim()} "$@"\n`);
    chmodSync(join(folder, name), 0o755);
  }
  writeFileSync(record, "");
  return record;
}
