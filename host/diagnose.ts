/** Why ssh could not reach a host: told by probes of its own, because ssh has one exit code for every reason. */

import { createHash } from "node:crypto";
import { connect } from "node:net";
import { execute } from "./execute.ts";
import { HostUnreachable } from "./host.ts";
import type { SshSettings } from "./ssh-options.ts";

const probeTimeoutMs = 5_000;

/** The address and port that ssh would connect to, after the operator's own configuration; null behind a jump host. */
export function parseEffective(output: string): { address: string; port: number } | null {
  const values = new Map(output.split("\n").map((line) => [line.split(" ", 1)[0] ?? "", line.slice(line.indexOf(" ") + 1)]));
  const proxied = [values.get("proxyjump"), values.get("proxycommand")].some((value) => value !== undefined && value !== "none");
  const address = values.get("hostname");
  const port = Number(values.get("port"));
  return proxied || address === undefined || !Number.isInteger(port) ? null : { address, port };
}

/** `type base64` of each key in `ssh-keyscan`'s output. */
export function parseScan(output: string): string[] {
  const lines = output.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.flatMap((line) => {
    const [, type, key] = line.split(" ");
    return type !== undefined && key !== undefined ? [`${type} ${key}`] : [];
  });
}

/** A key's fingerprint as `ssh-keygen -l` writes it. */
export function fingerprint(hostKey: string): string {
  const blob = Buffer.from(hostKey.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** Opens and closes a TCP connection; the error's code where there is none. */
function tcpError(address: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: probeTimeoutMs });
    const end = (result: string | null) => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => end(null));
    socket.once("timeout", () => end("ETIMEDOUT"));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? "unknown error"));
  });
}

/**
 * The reason as an error to throw. `sshArgv` is ssh with its options, without a destination; `words` is what ssh itself
 * wrote, shown but never read for its meaning.
 */
export async function diagnose(host: SshSettings, sshArgv: readonly string[], words: string): Promise<HostUnreachable> {
  const name = `${host.user}@${host.address}`;
  const verbose = `ssh -v -p ${host.port} ${name} true`;
  const said = words.trim() === "" ? "" : ` ssh says: ${words.trim().split("\n").at(-1)}`;
  const asked = await execute([...sshArgv, "-G", "-p", String(host.port), "-l", host.user, "--", host.address]);
  if (asked.code === 127) {
    return new HostUnreachable("`ssh` is not installed on this machine.", "apt-get install openssh-client");
  }
  const effective = asked.code === 0 ? parseEffective(asked.stdout) : null;
  if (effective === null) {
    return new HostUnreachable(
      `${name} (port ${host.port}) could not be reached, shown another key, or refused.${said}`,
      verbose,
    );
  }
  const error = await tcpError(effective.address, effective.port);
  if (error !== null) {
    const where = `${effective.address} port ${effective.port}`;
    return new HostUnreachable(`${name} does not answer: no connection to ${where} (${error}).`, verbose);
  }
  return judgeKeys(host, effective, { name, said, verbose });
}

/** The host answers: it is another one, or it is the right one and did not let us in. */
async function judgeKeys(
  host: SshSettings,
  at: { address: string; port: number },
  text: { name: string; said: string; verbose: string },
): Promise<HostUnreachable> {
  const seconds = String(probeTimeoutMs / 1000);
  const scan = await execute(["ssh-keyscan", "-T", seconds, "-p", String(at.port), "--", at.address]);
  const shown = parseScan(scan.stdout);
  if (shown.length === 0) {
    return new HostUnreachable(
      `${text.name} answers on port ${at.port}, but not as an ssh server should.${text.said}`,
      text.verbose,
    );
  }
  if (!shown.includes(host.hostKey)) {
    const type = host.hostKey.split(" ", 1)[0] ?? "";
    const same = shown.filter((key) => key.startsWith(`${type} `));
    const keys = (same.length > 0 ? same : shown).map(fingerprint).join(", ");
    return new HostUnreachable(
      `${text.name} is not the host that is pinned: it shows ${keys}, \`host.hostKey\` is ${fingerprint(host.hostKey)}. Nothing was sent to it.`,
      `ssh-keygen -lf /etc/ssh/ssh_host_${keyFile(type)}_key.pub # on the host's own console`,
    );
  }
  const key = host.identityFile === undefined ? "" : `-i ${host.identityFile} `;
  return new HostUnreachable(
    `${text.name} shows the pinned key but did not let us in.${text.said}`,
    `ssh-copy-id ${key}-p ${host.port} ${text.name}`,
  );
}

function keyFile(type: string): string {
  if (type === "ssh-rsa") return "rsa";
  return type === "ssh-ed25519" ? "ed25519" : "ecdsa";
}
