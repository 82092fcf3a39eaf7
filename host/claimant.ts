/** Who claims a lease, as a process of this machine; and whether one that claimed it here has ended. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { type Claimant, leaseVariable } from "../model/lease.ts";

/** This process; undefined where the system does not tell enough to know it again. */
export function thisClaimant(): Claimant | undefined {
  const [on, start, uid] = [thisMachine(), startOf(process.pid), process.getuid?.()];
  return on === undefined || start === undefined || uid === undefined ? undefined : { on, uid, pid: process.pid, start };
}

/**
 * True only where it is certain: of another machine nothing is known from here, and another user's processes may be hidden.
 * What it started for its update and handed the lease to is at work for as long as that runs.
 */
export function hasEnded(claimant: Claimant | undefined, id: string): boolean {
  const uid = process.getuid?.();
  if (claimant === undefined || claimant.on !== thisMachine()) return false;
  if (uid !== 0 && uid !== claimant.uid) return false;
  return startOf(claimant.pid) !== claimant.start && !isHandedOn(id);
}

/** The process that started the one that started this; empty where the system does not tell. Another one once it has ended. */
export function grandparent(): string {
  return parentOf(String(process.ppid));
}

/**
 * Two containers on one kernel, made from one image, agree in all but their space of process ids, and a process of the one
 * is none in the other.
 */
function thisMachine(): string | undefined {
  try {
    const own = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const parts = [own, readlinkSync("/proc/self/ns/pid"), machineId(), hostname()];
    return createHash("sha256").update(parts.join("\n")).digest("hex");
  } catch {
    return undefined;
  }
}

function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    return "";
  }
}

/** In clock ticks since the machine's start; undefined where it has ended. */
function startOf(pid: number): string | undefined {
  const fields = fieldsOf(String(pid));
  // A killed process keeps its place until its parent asks for it.
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

/** From its state on, which stands behind its name, which may hold anything. */
function fieldsOf(pid: string): readonly string[] {
  const stat = textOf(pid, "stat");
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/**
 * What Pulumi starts outlives an engine that is killed, and the plugins among it for ever; those do nothing without one but
 * what they had begun, which shows where it is a process of its own.
 */
function isHandedOn(id: string): boolean {
  const running = runningProcesses();
  const carriers = carriersAmong(running, leaseVariable, id);
  const plugins = carriers.filter((pid) => textOf(pid, "comm").startsWith("pulumi-"));
  return plugins.length < carriers.length || running.some((pid) => plugins.includes(parentOf(pid)));
}

/** Processes of this machine, and of users whom this one may look at, that were started with the variable set so. */
export function carriersOf(variable: string, value: string): readonly number[] {
  return carriersAmong(runningProcesses(), variable, value).map(Number);
}

function carriersAmong(running: readonly string[], variable: string, value: string): readonly string[] {
  const wanted = `${variable}=${value}`;
  return running.filter((pid) => textOf(pid, "environ").split("\0").includes(wanted));
}

const runningProcesses = (): readonly string[] =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name) && startOf(Number(name)) !== undefined);

const parentOf = (pid: string): string => fieldsOf(pid)[1] ?? "";

/** Empty where it has ended since, or is another user's. */
function textOf(pid: string, file: "environ" | "comm" | "stat"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
