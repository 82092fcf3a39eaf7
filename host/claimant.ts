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

/** In clock ticks since the machine's start; undefined where it has ended. Counted from behind the name, which may hold anything. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A killed process keeps its place until its parent asks for it.
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function isHandedOn(id: string): boolean {
  const wanted = `${leaseVariable}=${id}`;
  return readdirSync("/proc").some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(wanted);
    } catch {
      // It has ended since, or is another user's.
      return false;
    }
  });
}
