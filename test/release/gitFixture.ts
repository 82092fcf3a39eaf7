/** Small git repositories in temporary folders, for tests to judge. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { CheckContext, TreeTarget } from "../../checks/check.ts";
import type { Secret } from "../../model/secret.ts";
import { policyWith } from "../model/gateSample.ts";

export class Repository implements Disposable {
  readonly folder: string;
  #clock = Date.UTC(2026, 0, 1);

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "phillbot-repository-"));
    this.git("init", "--quiet", "--initial-branch=main");
    this.write({ ".gitignore": ".phillbot/\n" });
  }

  /** Runs git with an identity and a clock of its own, a day further at each call, and gives back its output. */
  git(...args: readonly string[]): string {
    this.#clock += 86_400_000;
    const date = new Date(this.#clock).toISOString();
    const identity = [
      "-c",
      "user.name=Ada",
      "-c",
      "user.email=ada@example.org",
      "-c",
      "commit.gpgsign=false",
      "-c",
      "tag.gpgsign=false",
    ];
    return execFileSync("git", [...identity, ...args], {
      cwd: this.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        HOME: this.folder,
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_DATE: date,
        GIT_CONFIG_NOSYSTEM: "1",
      },
    }).trim();
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), text);
    }
  }

  remove(path: string): void {
    rmSync(join(this.folder, path), { recursive: true });
  }

  /** Writes the files, if any, and commits all there is. */
  commit(files: Readonly<Record<string, string>> = {}, message = "Change something"): string {
    this.write(files);
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", message);
    return this.git("rev-parse", "HEAD");
  }

  release(id: string): void {
    this.git("tag", "--annotate", `release/${id}`, "--message", `Release ${id}`);
  }

  /** A clone with its own life, as `git clone <args>` makes it. */
  clone(...args: readonly string[]): Repository {
    const other = new Repository();
    rmSync(other.folder, { recursive: true });
    this.git("clone", "--quiet", ...args, this.address, other.folder);
    return other;
  }

  /** The address that others clone it from. */
  get address(): string {
    return `file://${this.folder}`;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const today = "2026-06-15";

export function contextOn(day = today, signal = new AbortController().signal): CheckContext {
  return { signal, now: () => new Date(`${day}T12:00:00.000Z`), policy: policyWith(), progress: () => undefined };
}

interface TargetOptions {
  readonly requireSignOff?: boolean;
  readonly secrets?: ReadonlyMap<string, Secret>;
  readonly branch?: string;
  /** The repository that must be behind `origin`; without one, the settings name none. */
  readonly origin?: string;
}

/** What a tree's check is given; of the settings only what these checks read. */
export function treeTarget(
  { folder }: Repository,
  { requireSignOff = false, secrets = new Map(), branch, origin }: TargetOptions = {},
): TreeTarget {
  const settings = {
    requireSignOff,
    ...(branch !== undefined && { github: { defaultBranch: branch } }),
    ...(origin !== undefined && { origin }),
  } as TreeTarget["settings"];
  return {
    stack: requireSignOff ? "prod" : "dev",
    settings,
    secrets,
    projectRoot: folder,
    evidenceFolder: join(folder, ".phillbot", "evidence"),
  };
}
