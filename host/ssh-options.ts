/** What the system's ssh is told, as pure functions: the pin, the shared connection, and the lines that use them. */

import { createHash } from "node:crypto";
import type { Settings } from "../model/settings.ts";
import { agentEnvironment, emptyEnvironment, shellLine } from "./quote.ts";

export type SshSettings = Extract<Settings["host"], { kind: "ssh" }>;

/** Where the files of one connection lie on the operator's machine. */
export interface SshFiles {
  readonly knownHosts: string;
  readonly controlPath: string;
}

/** sun_path is 104 bytes on the tightest system, one of them the final NUL; ssh binds `<path>.<16 random characters>` first. */
export const longestControlPath = 104 - 1 - 17;

/** The name under which the pinned key is looked up, whatever alias, address or port the operator's ssh configuration adds. */
function pinName(host: Pick<SshSettings, "address" | "port">): string {
  return `[${host.address}]:${host.port}`;
}

/** The whole of the known hosts file: one key. */
export function knownHostsLine(host: SshSettings): string {
  return `${pinName(host)} ${host.hostKey}\n`;
}

/**
 * A short name for all that decides who is at the other end. The pin is part of it: a shared connection that was opened
 * under an earlier pin must not serve a later one.
 */
export function connectionName(host: SshSettings): string {
  const identity = [host.user, host.address, String(host.port), host.hostKey, host.identityFile ?? ""];
  return createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 12);
}

/** The signature algorithms that go with the pinned key, so that a host with several keys shows this one. */
function hostKeyAlgorithms(hostKey: string): string {
  const type = hostKey.split(" ", 1)[0] ?? "";
  return type === "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type;
}

/** A path as a value of `-o`: ssh splits values at spaces and expands `%`. */
function pathValue(path: string): string {
  const escaped = path.replaceAll("%", "%%");
  return /\s/.test(escaped) ? `"${escaped}"` : escaped;
}

/**
 * Options of every connection. The operator's own ssh configuration is still read, because that is where `phill` may be
 * an alias or lie behind a jump host; but ssh takes the first value it meets, and the command line comes first. So every
 * option that could loosen the pin, or make a session do more than run one command, is set here.
 */
export function sshOptions(host: SshSettings, files: SshFiles): string[] {
  const options = {
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: pathValue(files.knownHosts),
    GlobalKnownHostsFile: "/dev/null",
    KnownHostsCommand: "none",
    HostKeyAlias: pinName(host),
    HostKeyAlgorithms: hostKeyAlgorithms(host.hostKey),
    VerifyHostKeyDNS: "no",
    NoHostAuthenticationForLocalhost: "no",
    CheckHostIP: "no",
    UpdateHostKeys: "no",
    BatchMode: "yes",
    ConnectTimeout: "10",
    ConnectionAttempts: "1",
    ServerAliveInterval: "5",
    ServerAliveCountMax: "3",
    ControlMaster: "auto",
    ControlPath: pathValue(files.controlPath),
    // Longer than a gate: a forward alone does not keep the shared connection.
    ControlPersist: "300",
    ClearAllForwardings: "yes",
    ForwardAgent: "no",
    ForwardX11: "no",
    PermitLocalCommand: "no",
    RemoteCommand: "none",
    RequestTTY: "no",
    LogLevel: "ERROR",
    ...(host.identityFile === undefined ? {} : { IdentitiesOnly: "yes", IdentityFile: pathValue(host.identityFile) }),
  };
  return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

/** What the host's login shell is given: its own PATH and HOME, and nothing else of its environment. */
export function remoteCommand(argv: readonly string[]): string {
  return `${emptyEnvironment} ${shellLine(argv)}`;
}

/** `argv` under a bound of its own on the host: ending ssh here does not end what it started there. */
export function bounded(argv: readonly string[], timeoutMs: number): string[] {
  return ["timeout", "--kill-after=5", String(Math.ceil(timeoutMs / 1000) + 1), ...argv];
}

/** The argv that runs `argv` on the host. */
export function sshCommand(host: SshSettings, files: SshFiles, argv: readonly string[]): string[] {
  const target = ["-p", String(host.port), "-l", host.user, "--", host.address];
  return ["ssh", ...sshOptions(host, files), ...target, remoteCommand(argv)];
}

/** The shell line that runs `argv` on the host; the agent's socket is filled in by the shell, so that the text does not change with it. */
export function sshLine(host: SshSettings, files: SshFiles, argv: readonly string[]): string {
  return `${emptyEnvironment} ${agentEnvironment} ${shellLine(sshCommand(host, files, argv))}`;
}

/** A request to the shared connection. It goes no further than the socket, so no configuration is read. */
export function controlCommand(host: SshSettings, files: SshFiles, request: readonly string[]): string[] {
  return ["ssh", "-F", "none", "-o", `ControlPath=${pathValue(files.controlPath)}`, ...request, "--", host.address];
}

/** `-L` from a port of our loopback to a port of the host's. */
export function forwardSpec(localPort: number, hostPort: number): string {
  return `127.0.0.1:${localPort}:127.0.0.1:${hostPort}`;
}
