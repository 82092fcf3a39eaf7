/** The lease of a stack in a file on its host. The host's clock alone says when it runs out, and its lock lets one at a time change it. */

import { type Lease, type LeaseClaim, parseLease, renderClaim } from "../model/lease.ts";
import { framed } from "./files.ts";
import type { Host } from "./host.ts";
import { scriptCommand } from "./script.ts";

/** Where a lease lies. */
export interface LeasePlace {
  readonly host: Host;
  /** Absolute path on the host. */
  readonly path: string;
  /** Where the host's kernel says how long it runs, and since which start. Default: `/proc`. */
  readonly kernel?: string;
}

/** The host could not do it, or not tell: a folder that is closed, a full disk, a lost connection. */
export class LeaseUnusable extends Error {
  override readonly name = "LeaseUnusable";
}

type Asked =
  | { readonly do: "show" }
  | { readonly do: "renew" | "release"; readonly id: string }
  /** `name` as it was shown: what came into its place since then stays. */
  | { readonly do: "break"; readonly name: string }
  /** `ended`: the id of a lease whose holder is known to have ended. */
  | {
      readonly do: "take";
      readonly id: string;
      readonly seconds: number;
      readonly claim: LeaseClaim;
      readonly ended?: string | undefined;
    };

export interface Answered {
  /** False where it was not done because of how the lease stands. */
  readonly isDone: boolean;
  /** As it stands now. */
  readonly lease: Lease;
}

const timeoutMs = 30_000;
/** The script's own word for: not as it stands. */
const notSo = 75;

/** @throws LeaseUnusable; HostUnreachable */
export async function askLease({ host, path, kernel = "/proc" }: LeasePlace, asked: Asked): Promise<Answered> {
  const command = scriptCommand("lease", [asked.do, path, kernel, ...wordsOf(asked)]);
  const stdin = asked.do === "take" ? { stdin: framed(renderClaim(asked.claim)) } : {};
  const { code, stdout, stderr } = await host.run(command, { timeoutMs, ...stdin });
  const lease = code === 0 || code === notSo ? parseLease(stdout) : undefined;
  if (lease !== undefined) return { isDone: code === 0, lease };
  const said = stderr.trim().slice(-500) || `the command ended with ${code ?? "no code"}`;
  throw new LeaseUnusable(`The lease on ${host.description} cannot be used: ${said}`);
}

function wordsOf(asked: Asked): string[] {
  if (asked.do === "show") return [];
  if (asked.do === "break") return [asked.name];
  return asked.do === "take" ? [asked.id, String(asked.seconds), asked.ended ?? ""] : [asked.id];
}
