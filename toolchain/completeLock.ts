/**
 * Completes package-lock.json where npm left optional packages out: `node toolchain/completeLock.ts`, after a change of packages.
 * npm drops from the lock what the registry in use does not serve, and `npm ci` then refuses the lock everywhere.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

export interface Lock {
  packages: Record<string, LockedPackage>;
}

const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/** Adds an entry for each optional package that the lock asks for and does not hold; returns their names. */
export function completeLock(lock: Lock): string[] {
  const added: string[] = [];
  for (const [path, owner] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      if (isLocked(lock, path, name)) continue;
      lock.packages[`node_modules/${name}`] = {
        version,
        ...(owner.dev === true ? { dev: true } : {}),
        optional: true,
        ...platformIn(name),
      };
      added.push(name);
    }
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  return added;
}

/** Node looks for a package beside its user first, then upwards. */
function isLocked(lock: Lock, user: string, name: string): boolean {
  for (let base = user; ; base = base.slice(0, Math.max(base.lastIndexOf("node_modules/") - 1, 0))) {
    if (lock.packages[`${base === "" ? "" : `${base}/`}node_modules/${name}`] !== undefined) return true;
    if (base === "") return false;
  }
}

/** Packages of this kind say in their name what they run on; npm then leaves them alone on anything else. */
function platformIn(name: string): { os?: string[]; cpu?: string[]; libc?: string[] } {
  const words = name.replace("windows", "win32").split(/[/-]/);
  const os = words.find((word) => systems.includes(word));
  const cpu = words.find((word) => processors.includes(word));
  return {
    ...(os === undefined ? {} : { os: [os] }),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(words.some((word) => word.startsWith("musl")) ? { libc: ["musl"] } : {}),
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const file = join(import.meta.dirname, "../package-lock.json");
  const lock = JSON.parse(readFileSync(file, "utf8")) as Lock;
  const added = completeLock(lock);
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(added.length === 0 ? "The lock was complete." : `Added to the lock: ${added.join(", ")}`);
}
