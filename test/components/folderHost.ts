/** A host for tests of components: real files in a folder of its own, an engine that says what the test wants, and a record of what was run. */

import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RunOptions, RunResult } from "../../host/host.ts";
import { LocalHost } from "../../host/local.ts";
import type { IndexState } from "../../model/contextState.ts";

interface Ran {
  readonly argv: readonly string[];
  readonly stdin: string;
}

export class FolderHost extends LocalHost {
  /** Absolute path; gone after `remove()`. */
  readonly folder = mkdtempSync(join(tmpdir(), "phillbot-components-"));
  readonly ran: Ran[] = [];
  /** What `docker inspect` gives as the container's start. */
  startedAt = new Date(Date.now() + 20_000).toISOString();

  /** What the bot's index knows of the documents. */
  index: IndexState = { documents: 1, stale: [] };

  /** How `docker run` ends. */
  runs: RunResult = { code: 0, stdout: "", stderr: "" };

  override async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    this.ran.push({ argv, stdin: String(options.stdin ?? "") });
    if (argv[0] !== "docker") return super.run(argv, options);
    if (argv[1] === "run") return this.runs;
    if (argv.includes("--eval")) return { code: 0, stdout: JSON.stringify(this.index), stderr: "" };
    return { code: 0, stdout: argv[1] === "inspect" ? `${this.startedAt}\n` : "", stderr: "" };
  }

  /** The host's scripts by name, and the first words of all else that was run, in order. */
  get asked(): string[] {
    return this.ran.map(({ argv }) => (argv[0] === "sh" ? (argv[3] ?? "") : argv.slice(0, 2).join(" ")));
  }

  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    chmodSync(path, mode);
    chownSync(path, owner.uid, owner.gid);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whom files can be given to: root may give them to anybody, and the gateway is never root. */
export const owner =
  process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
