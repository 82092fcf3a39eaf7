/** The lease of a stack: who is at work on it now, as it is written to the host, read from there, and told to an operator. */

import { z } from "zod";
import { jsonIn } from "./jsonIn.ts";
import { inLine } from "./legible.ts";
import { sha256 } from "./sha256.ts";

/** How long a lease lasts that nobody renews. Its holder renews it three times in that time. */
export const leaseSeconds = 90;

/** What hands an update's lease to the program that Pulumi starts for it. */
export const leaseVariable = "PHILLBOT_LEASE";

const words = z.string().min(1).max(120);

/** A process of an operator's machine, so that the same machine knows when it has ended. */
export const claimantSchema = z.strictObject({
  /** Digest of what tells this machine, its start and its space of process ids from all others. */
  on: sha256,
  uid: z.int().min(0),
  pid: z.int().min(1),
  /** When it began: a pid alone may have passed to another. */
  start: z.string().regex(/^\d{1,20}$/),
});

export type Claimant = z.output<typeof claimantSchema>;

const claimSchema = z.strictObject({
  stack: words,
  /** An e-mail, or the machine's own name of the user. */
  who: words,
  /** The machine's own name. */
  machine: words,
  /** What was typed. */
  purpose: words,
  /** Absent where a machine cannot tell. */
  process: claimantSchema.exactOptional(),
});

/** Who holds a lease, and for what. */
export type LeaseClaim = z.output<typeof claimSchema>;

/** The claim as one line of printable ASCII: the host's shell counts it, and nothing in it steers whoever looks at the file. */
export function renderClaim({ stack, who, machine, purpose, process }: LeaseClaim): string {
  const short = Object.entries({ stack, who, machine, purpose }).map(([key, text]) => [key, text.slice(0, 120) || "?"]);
  const json = JSON.stringify({ ...Object.fromEntries(short), ...(process === undefined ? {} : { process }) });
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A lease that somebody took. */
export interface TakenLease<Kind extends "held" | "over" = "held" | "over"> {
  readonly kind: Kind;
  /** Its id. */
  readonly name: string;
  /** Seconds until it runs out; 0 where it has. */
  readonly left: number;
  /** Both by the host's clock. */
  readonly since: Date;
  readonly now: Date;
  /** Undefined where it cannot be read: it runs out all the same. */
  readonly claim: LeaseClaim | undefined;
}

/** What lies in the lease's place and is none, so that nobody can tell. */
export interface TornLease {
  readonly kind: "torn";
  /** Digest of what lies there. */
  readonly name: string;
}

/** Free, held, not renewed in time, or none. */
export type Lease = { readonly kind: "free" } | TornLease | TakenLease<"held"> | TakenLease<"over">;

const answer = /^(free|held|over|torn) ([0-9a-f-]{1,64}) (\d{1,10}) (\d{1,10}) (\d{1,10})\n(.*)\n$/;

/** Reads what the host's script printed; undefined where it is anything else. */
export function parseLease(stdout: string): Lease | undefined {
  const [, kind, name = "", left, since, now, line = ""] = answer.exec(stdout) ?? [];
  if (kind === "free") return { kind };
  if (kind === "torn") return { kind, name };
  if (kind !== "held" && kind !== "over") return undefined;
  const claim = claimSchema.safeParse(jsonIn(line));
  const at = (seconds = "") => new Date(Number(seconds) * 1000);
  const rest = { name, left: Number(left), since: at(since), now: at(now), claim: claim.data };
  return kind === "held" ? { kind, ...rest } : { kind, ...rest };
}

/** Words that others wrote, within a line of ours and between backticks. */
const shown = (text: string) => inLine(text).replaceAll("`", "'");

/** Who holds it, from where. */
export function holderOf({ claim }: TakenLease): string {
  return claim === undefined ? "Somebody whose claim cannot be read" : `\`${shown(claim.who)}\` on \`${shown(claim.machine)}\``;
}

/** What it is held for. */
const purposeOf = ({ claim }: TakenLease): string => (claim === undefined ? "" : ` for \`${shown(claim.purpose)}\``);

/** As it stands, in one sentence. @param stack the one whose base folder it is in; the claim may say another. */
export function leaseSentence(lease: Lease, stack: string): string {
  if (lease.kind === "free") return `Nobody holds the lease of the stack \`${stack}\`.`;
  if (lease.kind === "torn")
    return `What lies in the place of the lease of the stack \`${stack}\` is none, so nobody can tell whether somebody is at work on it.`;
  const other = lease.claim === undefined || lease.claim.stack === stack ? "" : ` as that of \`${shown(lease.claim.stack)}\``;
  const whose = `${holderOf(lease)}, who held it${other}${purposeOf(lease)},`;
  if (lease.kind === "over")
    return `Nobody holds the lease of the stack \`${stack}\`: ${whose} did not renew it until it ran out.`;
  const until = new Date(lease.now.getTime() + lease.left * 1000);
  return `${holderOf(lease)} holds the lease of the stack \`${stack}\`${other}${purposeOf(lease)}, since ${second(lease.since)}, until ${second(until)} (${lease.left} s) unless it is renewed.`;
}

const second = (time: Date) => time.toISOString().replace(/\.\d+Z$/, "Z");

/** Why a lease that was held is so no longer, in a sentence. @param lease as it stands since. */
export function lossSentence(lease: Lease, name: string): string {
  const isOwn = lease.kind === "over" && lease.name === name;
  if (isOwn) return "The update's lease ran out before it could be renewed.";
  if (lease.kind === "held")
    return `The update's lease is no longer its own: ${holderOf(lease)} holds it now${purposeOf(lease)}.`;
  return "The update's lease was taken away before its end.";
}
