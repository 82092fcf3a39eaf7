/** Opens the host that the settings name, and proves that it answers. */

import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Settings } from "../model/settings.ts";
import { type Host, HostUnreachable } from "./host.ts";
import { LocalHost } from "./local.ts";
import { SshHost } from "./ssh.ts";
import { connectionName, knownHostsLine, longestControlPath, type SshFiles, type SshSettings } from "./ssh-options.ts";

/** Neither may begin with `-`, which ssh and rsync would take for an option, nor hold what a shell or a URL reads otherwise. */
const words = { user: /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, address: /^[A-Za-z0-9:][A-Za-z0-9:._-]*$/ } as const;

/**
 * The host of a stack. For ssh it writes the pinned key below `controlFolder` (absolute, made where missing, this
 * operator's own) and runs one command; throws `HostUnreachable` where the host does not answer, shows another key, or
 * refuses. Keep `controlFolder` the same from run to run: it is part of `line()`.
 */
export async function openHost(settings: Settings["host"], options: { readonly controlFolder: string }): Promise<Host> {
  if (settings.kind === "local") return new LocalHost(process.env.DOCKER_HOST);
  const host = new SshHost(checked(settings), prepareFiles(settings, options.controlFolder));
  const proof = await host.run(["true"], { timeoutMs: 30_000 });
  if (proof.code !== 0) {
    const said = proof.stderr.trim() === "" ? "" : `: ${proof.stderr.trim()}`;
    throw new HostUnreachable(
      `${host.description} lets us in but does not run \`true\` (exit ${proof.code ?? "none"}, wanted 0)${said}`,
      `ssh -p ${settings.port} ${host.description} true`,
    );
  }
  return host;
}

/**
 * How far the host's clock is ahead of ours, in milliseconds; negative where it is behind. Measured against the middle of
 * the round trip, so half the round trip is its error.
 */
export async function clockSkewMs(host: Host, now: () => Date): Promise<number> {
  const before = now().getTime();
  const asked = await host.run(["date", "-u", "+%s.%N"], { timeoutMs: 15_000 });
  const after = now().getTime();
  const seconds = Number(asked.stdout.trim());
  if (asked.code !== 0 || !Number.isFinite(seconds) || seconds <= 0) {
    throw new Error(
      `The clock of ${host.description} could not be read: \`date\` ended with ${asked.code ?? "no code"}. ${asked.stderr.trim()}`,
    );
  }
  return Math.round(seconds * 1000 - (before + after) / 2);
}

function checked(settings: SshSettings): SshSettings {
  for (const key of ["user", "address"] as const) {
    if (!words[key].test(settings[key])) {
      throw new Error(`\`host.${key}\` is ${JSON.stringify(settings[key])}; it must match ${words[key].source}.`);
    }
  }
  if (settings.identityFile !== undefined) refuseOddPath("host.identityFile", settings.identityFile);
  return settings;
}

function prepareFiles(settings: SshSettings, controlFolder: string): SshFiles {
  refuseOddPath("controlFolder", controlFolder);
  if (!isAbsolute(controlFolder)) throw new Error(`\`controlFolder\` is ${controlFolder}; it must be an absolute path.`);
  const name = connectionName(settings);
  ownFolder(controlFolder);
  const knownHosts = join(controlFolder, `${name}.known_hosts`);
  const fresh = `${knownHosts}.${process.pid}`;
  writeFileSync(fresh, knownHostsLine(settings), { mode: 0o600 });
  renameSync(fresh, knownHosts);
  return { knownHosts, controlPath: join(socketFolder(controlFolder, name), name) };
}

/** The control folder, or a short one of this user's where a socket's path would be too long. */
function socketFolder(controlFolder: string, name: string): string {
  if (Buffer.byteLength(join(controlFolder, name)) <= longestControlPath) return controlFolder;
  const digest = createHash("sha256").update(controlFolder).digest("hex").slice(0, 8);
  const short = join(tmpdir(), `phillbot-${userInfo().uid}-${digest}`);
  ownFolder(short);
  return short;
}

/** Whoever can write beside a control socket can take the connection over: the folder is ours alone, or refused. */
function ownFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== userInfo().uid) {
    throw new Error(
      `${folder} must be a folder owned by uid ${userInfo().uid}; it is ${found.isDirectory() ? `owned by uid ${found.uid}` : "none"}.`,
    );
  }
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}

/** ssh expands `$` and reads quotes and backslashes in its options; no path here needs them. */
function refuseOddPath(key: string, path: string): void {
  if (/["'\\$\n\0]/.test(path))
    throw new Error(`\`${key}\` is ${JSON.stringify(path)}; quotes, backslashes, \`$\` and newlines are refused.`);
}
