/** What this machine is and has, found without starting anything. */

import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian's administrator tools live in sbin, which a user's PATH often lacks. */
const administratorFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The full path of a program, or undefined. */
export function findProgram(name: string, path: string = process.env.PATH ?? ""): string | undefined {
  const folders = [...path.split(delimiter), ...administratorFolders];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** True where set-up may install packages: Debian itself, as root. */
export function isDebianRoot(): boolean {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && osRelease("ID") === "debian";
}

function osRelease(key: string): string | undefined {
  try {
    const line = readFileSync("/etc/os-release", "utf8").split("\n");
    return line
      .find((entry) => entry.startsWith(`${key}=`))
      ?.slice(key.length + 1)
      .replaceAll('"', "");
  } catch {
    return undefined;
  }
}

/** The name of a running process, or undefined when it has ended or was never there. */
export function processName(pid: number): string | undefined {
  try {
    const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    return processStart(pid) === undefined ? undefined : name;
  } catch {
    return undefined;
  }
}

/**
 * What tells two processes of one pid apart: the moment the process began, in clock ticks since boot.
 * The name before it may hold spaces and brackets, so counting starts behind the last bracket.
 */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A killed process keeps its place until its parent asks for it, which may be never where nothing reaps orphans.
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The kernel counts a process's start in these, whatever its own clock runs at. */
const ticksPerSecond = 100;

/**
 * When a running process began, by this machine's clock; undefined where that cannot be told. Reckoned from this process's own
 * start: what the system calls its boot is another moment in some containers.
 */
export function processBegan(pid: number): Date | undefined {
  const [own, other] = [processStart(process.pid), processStart(pid)];
  if (own === undefined || other === undefined) return undefined;
  return new Date(performance.timeOrigin - ((Number(own) - Number(other)) / ticksPerSecond) * 1000);
}

/** True only where it is certain that no such process runs here: a system without `/proc` is asked for the pid alone. */
export function hasEnded(pid: number): boolean {
  if (existsSync("/proc/self/stat")) return processStart(pid) === undefined;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
