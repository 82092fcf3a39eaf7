/** Signs and verifies with OpenSSH's own `ssh-keygen -Y`, so that hardware keys and agents work as they are. */

import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { answerOf } from "./answer.ts";

const timeoutMs = 120_000;

export interface Trust {
  /** File in ssh-keygen's ALLOWED SIGNERS format. */
  readonly allowedSigners: string;
  /** File with revoked public keys, one a line, or a KRL. */
  readonly revoked: string;
}

export interface Signed {
  /** The very bytes that were signed. */
  readonly payload: string | Uint8Array;
  /** Armoured SSHSIG. */
  readonly signature: string;
  /** What kind of statement it must have been signed as. */
  readonly namespace: string;
}

export type Verified =
  | { readonly ok: true; readonly signer: string }
  /** A sentence. */
  | { readonly ok: false; readonly reason: string };

/** ssh-keygen could not sign: its last line says why. */
export class NotSigned extends Error {
  override readonly name = "NotSigned";
}

export interface SignOptions {
  /** A private key, or the public half of one that the agent or a token holds. */
  readonly keyFile: string;
  readonly namespace: string;
  readonly payload: string | Uint8Array;
}

/**
 * The armoured signature. The terminal is handed on: ssh-keygen asks there for a passphrase, or for a touch of the key.
 * @throws NotSigned
 */
export async function sign({ keyFile, namespace, payload }: SignOptions): Promise<string> {
  const { exitCode, stdout, stderr } = await execa("ssh-keygen", ["-Y", "sign", "-q", "-f", keyFile, "-n", namespace], {
    input: payload,
    reject: false,
    timeout: timeoutMs,
    stripFinalNewline: false,
  });
  if (exitCode !== 0) throw new NotSigned(`ssh-keygen did not sign with ${keyFile}: ${lastLine(stderr)}`);
  return stdout;
}

/**
 * The fingerprint of the key in a file, `SHA256:…`, also where a passphrase keeps the private half, or an agent holds it; undefined
 * where ssh-keygen cannot tell. Nothing is asked for.
 */
export async function fingerprintIn(keyFile: string): Promise<string | undefined> {
  const { code, stdout } = await answerOf("ssh-keygen", ["-l", "-E", "sha256", "-f", keyFile], { env: process.env, timeoutMs });
  return code === 0 ? stdout.toString("utf8").split(" ", 2)[1] : undefined;
}

/** The same of a public key's own text, such as `ssh-ed25519 AAAA…`. */
export function fingerprintOfKey(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(" ", 2)[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/**
 * Who signed, where everything holds: the bytes, the kind of statement, a key that counted at `at` for this kind and is not revoked.
 * Each fault is told by which question ssh-keygen says no to, never by its words.
 * @param at when the key must have been valid; revocation is always judged as of the list that is given.
 */
export async function verify(signed: Signed, trust: Trust, at: Date): Promise<Verified> {
  while (verifying.size >= atOnce) await Promise.race(verifying);
  const one = verifyNow(signed, trust, at);
  const ended = one.then(
    () => undefined,
    () => undefined,
  );
  verifying.add(ended);
  void ended.then(() => verifying.delete(ended));
  return await one;
}

/** A branch with many records must not start as many processes. */
const atOnce = 8;
const verifying = new Set<Promise<void>>();

async function verifyNow({ payload, signature, namespace }: Signed, trust: Trust, at: Date): Promise<Verified> {
  const folder = await mkdtemp(join(tmpdir(), "phillbot-signature-"));
  const file = join(folder, "signature");
  const time = ["-O", `verify-time=${sshTime(at)}`];
  const asks = async (...args: readonly string[]) => {
    const env = { ...process.env, TZ: "UTC" };
    const { code, stdout } = await answerOf("ssh-keygen", ["-Y", ...args, "-s", file], { input: payload, timeoutMs, env });
    return code === 0 ? stdout.toString("utf8") : undefined;
  };
  try {
    const [list] = await Promise.all([
      readFile(trust.allowedSigners, "utf8").catch(() => ""),
      writeFile(file, signature, { mode: 0o600 }),
    ]);
    const whoseIs = (who: string) => ["-I", who, "-n", namespace, "-f", trust.allowedSigners, ...time];
    const holds = async (who: string) => who !== "" && (await asks("verify", ...whoseIs(who), "-r", trust.revoked)) !== undefined;
    // One question, where the guess is right; ssh-keygen judges all of it, the guess included.
    const guess = keyHolder(signature, list);
    if (await holds(guess)) return { ok: true, signer: guess };
    const known = await asks("find-principals", "-f", trust.allowedSigners, ...time);
    const signer = known?.split("\n", 1)[0]?.trim() ?? "";
    if (signer !== guess && (await holds(signer))) return { ok: true, signer };
    const whose = whoseIs(signer);
    // It is refused; what follows only says why.
    if ((await asks("check-novalidate", "-n", namespace)) === undefined)
      return refused(`It is no signature of this content as \`${namespace}\`.`);
    if (signer === "") return refused("Its key is on nobody's record, or was not valid at that time.");
    if ((await asks("verify", ...whose)) === undefined)
      return refused(`\`${signer}\` may not sign as \`${namespace}\`: no role that they hold does.`);
    return refused(`The key of \`${signer}\` is revoked.`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Who the list names beside the key that the signature carries (PROTOCOL.sshsig: `SSHSIG`, a version, and the key after its length),
 * or "". Nothing is proven by it.
 */
function keyHolder(signature: string, list: string): string {
  const blob = Buffer.from(signature.replace(/-----[A-Z ]+-----/g, ""), "base64");
  if (blob.length < 14 || blob.toString("latin1", 0, 6) !== "SSHSIG") return "";
  const key = blob.toString("base64", 14, 14 + blob.readUInt32BE(10));
  const line = list.split("\n").find((each) => key !== "" && each.split(" ").includes(key));
  return line?.split(" ", 1)[0] ?? "";
}

const refused = (reason: string): Verified => ({ ok: false, reason });
const lastLine = (text: string) => text.trim().split("\n").at(-1) ?? "";

/** ssh-keygen's own format, in UTC to the second. */
function sshTime(at: Date): string {
  return `${at.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
}
