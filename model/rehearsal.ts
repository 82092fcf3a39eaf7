/** Services that somebody plays: which settings lead to one, and how a verdict on them, or on what nobody signed, is worded, so that it is never taken for a release. */

import type { SignOffStanding, Verdict } from "./gate.ts";
import type { Settings } from "./settings.ts";
import { readAt } from "./settingsAdvice.ts";

/** A setting that leads to something else than the service that people use. */
export interface StandIn {
  readonly path: readonly string[];
  /** The setting and what it leads to, without anything that could be a credential. */
  readonly shown: string;
}

type Leads = (value: string) => boolean;

/** What resolvers and the usual hosts files know this machine by. */
const ownNames = /^(.+\.)?localhost$|^localhost[46]?\.localdomain[46]?$|^localhost[46]$|^ip6-(localhost|loopback)$/;
/** As URLs write them: loopback, and what a connection to no address leads to, also mapped into IPv6. */
const ownAddresses = /^(127(\.\d+){3}|0\.0\.0\.0|\[::1?\]|\[::(ffff:(0:)?)?7f[0-9a-f]{2}:[0-9a-f]{1,4}\]|\[::ffff:(0:)?0:0\])$/;

/** Every way to write this machine's own address: a name that a resolver answers itself, and an address cut short, included. */
function isLoopback(hostname: string): boolean {
  const name = hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/%.*$/, "")
    .replace(/\.+$/, "");
  const address = `http://${name.includes(":") ? `[${name}]` : name}`;
  return ownNames.test(name) || (URL.canParse(address) && ownAddresses.test(new URL(address).hostname));
}

const toThisMachine: Leads = (value) => {
  if (value.startsWith("file:")) return true;
  // A bare `localhost:5432` would be read as a scheme and a path.
  if (!value.includes("://")) return isLoopback(value.replace(/^([^:]+|\[.*\]):\d*$/, "$1"));
  return URL.canParse(value) && isLoopback(new URL(value).hostname);
};
const away =
  (from: string): Leads =>
  (value) =>
    !URL.canParse(value) || new URL(value).href !== new URL(from).href;
const toThisDisk: Leads = (value) => value.startsWith("/") || toThisMachine(value.replace(/^[^/@]*@([^:/]+):.*$/, "$1"));

/** By setting, what makes of its value a stand-in. */
const leads: readonly (readonly [readonly string[], Leads])[] = [
  [["telegram", "apiRoot"], away("https://api.telegram.org")],
  [["memory", "url"], toThisMachine],
  [["memory", "database", "host"], toThisMachine],
  [["provider", "apiRoot"], toThisMachine],
  [["origin"], toThisDisk],
];

/** The stand-ins of these settings, raw or checked. */
export function standInsOf(settings: unknown): readonly StandIn[] {
  return leads.flatMap(([path, isStandIn]) => {
    const value = readAt(settings, path);
    return typeof value === "string" && isStandIn(value) ? [{ path, shown: `${path.join(".")} (${shown(value)})` }] : [];
  });
}

function shown(value: string): string {
  if (!URL.canParse(value)) return value.startsWith("/") ? "a folder of this machine" : value.replace(/^.*@/, "");
  const { protocol, host } = new URL(value);
  return host === "" ? "a folder of this machine" : `${protocol}//${host}`;
}

/** What a verdict must say of the stack that it is about. */
export function rehearsalOf(settings: Settings): Pick<Verdict, "rehearsal" | "standIns"> {
  return { rehearsal: settings.rehearsal, standIns: standInsOf(settings).map((standIn) => standIn.shown) };
}

/** A verdict, and whether what it is about is signed: the two things that "released" needs. */
export interface Judged<T = Verdict> {
  readonly verdict: T;
  /** Where nothing is said of it, nothing is known of it. */
  readonly signOff?: SignOffStanding | undefined;
}

/** Why an open gate is no release, without a full stop; undefined where what it judged is signed, or need not be. */
export function unsignedNote(signOff: SignOffStanding | undefined): string | undefined {
  if (signOff?.kind === "none" || signOff?.kind === "signed") return undefined;
  return signOff?.kind === "unsigned" ? "nobody signed this for this stack" : "whether this is signed could not be told";
}

/** The same with what is wrong and what to type. */
export function unsignedOf(signOff: SignOffStanding | undefined) {
  const note = unsignedNote(signOff);
  if (note === undefined) return undefined;
  const known = signOff !== undefined && "reasons" in signOff ? signOff : { reasons: [], remedy: "npx deck gate" };
  return { note, reasons: known.reasons, remedy: known.remedy };
}

/** The outcome in a few words: what was rehearsed is not called open, and what nobody signed not released. */
export function outcomeWords({ verdict, signOff }: Judged<Pick<Verdict, "outcome" | "rehearsal" | "rollbackTo">>): string {
  const { outcome, rehearsal, rollbackTo } = verdict;
  if (rollbackTo !== undefined) {
    const words = outcome === "open" ? `rolled back to ${rollbackTo}` : `rollback to ${rollbackTo} blocked`;
    return rehearsal ? `rehearsed, ${words}` : words;
  }
  if (rehearsal) return outcome === "open" ? "rehearsed, would be open" : "rehearsed, blocked";
  const note = unsignedNote(signOff);
  return outcome !== "open" || note === undefined ? outcome : `open (not released: ${note})`;
}

/** Which services were played, as a sentence; nothing where the verdict is no rehearsal's. */
export function rehearsalNote({ rehearsal, standIns }: Pick<Verdict, "rehearsal" | "standIns">): string | undefined {
  if (!rehearsal) return undefined;
  const played = standIns.length === 0 ? "No service was played" : `Stand-ins answered for ${standIns.join(", ")}`;
  return `${played}; \`phillbot:rehearsal\` is set, so nothing is released.`;
}

/** The verdict in one sentence, or two where it is a rehearsal's. */
export function verdictSentence({ verdict, signOff }: Judged, checks?: number): string {
  const { outcome, rehearsal, blockedBy, rollbackTo } = verdict;
  if (rollbackTo !== undefined) return rollbackSentence(rollbackTo, verdict, checks);
  const count = checks === undefined ? "" : `: ${checks} checks`;
  if (outcome === "open") {
    const note = unsignedNote(signOff);
    if (!rehearsal) return `The release gate is open${count}${note === undefined ? "" : `; not released: ${note}`}.`;
    const also = note === undefined ? "" : ` ${note.slice(0, 1).toUpperCase()}${note.slice(1)}.`;
    return `Rehearsed, not released: the gate would be open${count}. ${rehearsalNote(verdict)}${also}`;
  }
  const blockers = [...new Set(blockedBy.map(({ check }) => check))].join(", ");
  return `${rehearsal ? "Rehearsed: the" : "The"} release gate is blocked by ${blockers}; this is not released.`;
}

function rollbackSentence(to: string, verdict: Verdict, checks?: number): string {
  const blockers = [...new Set(verdict.blockedBy.map(({ check }) => check))].join(", ");
  const count = checks === undefined ? "" : ` (${checks} checks ran)`;
  const note = verdict.rehearsal ? ` ${rehearsalNote(verdict)}` : "";
  if (verdict.outcome === "open") return `Rolled back to ${to}, not released: what runs passed its checks${count}.${note}`;
  return `The rollback to ${to} is blocked by ${blockers}: what runs is not proven.${note}`;
}

const says = (value: unknown, wanted: boolean): boolean => value === wanted || value === String(wanted);

/**
 * True where the rules of production hold; also where the settings, which are raw here, do not say. A rehearsal on this machine
 * runs images that were built here and have no digest of a registry; nothing of it is ever called released.
 */
export function isProduction(raw: {
  readonly requireSignOff?: unknown;
  readonly rehearsal?: unknown;
  readonly host?: unknown;
}): boolean {
  const isLocal = readAt(raw, ["host", "kind"]) === "local";
  return !says(raw.requireSignOff, false) && !(isLocal && says(raw.rehearsal, true));
}
