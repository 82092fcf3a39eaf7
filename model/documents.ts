/** The rules of the living documents: which there are, what stamp they carry, and when they count as written for a release. */

import { z } from "zod";
import { canonicalJson } from "./canonical.ts";

/** Restamped for every release. */
export const everyRelease = ["update_log.md", "status_tracker.md", "test_plan.md"] as const;
/** Restamped, besides those, where the stamp says `milestone: true`. */
export const atMilestones = ["handoff.md"] as const;

export type DocumentName = (typeof everyRelease)[number] | (typeof atMilestones)[number];

const number = "(?:0|[1-9][0-9]{0,8})";
const identifier = `(?:${number}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;

/** A semantic version, so that of two releases one is the later; its tag is `release/<id>`, which ends in no `.lock`. */
export const releaseId = z
  .string()
  .max(64, "at most 64 characters long")
  .regex(
    new RegExp(`^${number}\\.${number}\\.${number}(?:-(?!.*\\.lock$)${identifier}(?:\\.${identifier})*)?$`),
    "a version of three numbers, such as `0.2.0` or `1.0.0-rc.1`",
  );

/** Below 0 where `a` is the earlier version, above it where it is the later one; by the rules of semantic versions. */
export function compareReleases(a: string, b: string): number {
  const [[mainA, preA], [mainB, preB]] = [split(a), split(b)];
  const main = compareParts(mainA, mainB);
  if (main !== 0 || (preA.length === 0 && preB.length === 0)) return main;
  // What precedes a release (`-rc.1`) is earlier than it.
  if (preA.length === 0 || preB.length === 0) return preA.length === 0 ? 1 : -1;
  return compareParts(preA, preB);
}

function split(id: string): readonly [main: string[], pre: string[]] {
  const at = id.indexOf("-");
  return at < 0 ? [id.split("."), []] : [id.slice(0, at).split("."), id.slice(at + 1).split(".")];
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (const [index, one] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (one === other) continue;
    const [oneCounts, otherCounts] = [/^\d+$/.test(one), /^\d+$/.test(other)];
    if (oneCounts && otherCounts) return Number(one) - Number(other);
    if (oneCounts !== otherCounts) return oneCounts ? -1 : 1;
    return one < other ? -1 : 1;
  }
  return a.length - b.length;
}

/** The latest of these releases; a name that is no version is none of them. */
export function latestRelease(ids: readonly string[]): string | undefined {
  return ids
    .filter((id) => releaseId.safeParse(id).success)
    .toSorted(compareReleases)
    .at(-1);
}

/** The release that the documents are written for: the stamped one while it is later than the last, else the next minor one. */
export function releaseAhead(stamped: string | undefined, last: string | undefined): string {
  if (stamped !== undefined && (last === undefined || compareReleases(stamped, last) > 0)) return stamped;
  const [major = "0", minor = "0"] = (last ?? "0.0.0").split(".");
  return `${major}.${Number(minor) + 1}.0`;
}

/** Stands in a document's front matter, under `stamp`. */
export const stampSchema = z.strictObject({
  release: releaseId,
  /** Digest of the committed tree without `Documentation/`. */
  tree: z.string().regex(/^[0-9a-f]{64}$/, "a sha256 digest: 64 hex digits"),
  milestone: z.boolean().default(false),
});

export type Stamp = z.output<typeof stampSchema>;

/** One document as it was read; what could not be read of it is a fault. */
export interface DocumentReading {
  readonly name: DocumentName;
  readonly stamp?: Stamp;
  /** What keeps the document from having a stamp, as sentences without the document's name. */
  readonly faults: readonly string[];
  /** All but the stamp, so that two versions can be compared. */
  readonly content: string;
  /** The same at the last release; null where there was no release, or the release did not hold the document. */
  readonly released: string | null;
}

interface DocumentFault {
  readonly document: DocumentName;
  /** One sentence. */
  readonly fault: string;
}

export interface DocumentsJudged {
  /** What most of the documents say, the first of them where as many say another; all must say the same. */
  readonly stamp: Stamp | undefined;
  /** The documents that this release must have written. */
  readonly required: readonly DocumentName[];
  readonly faults: readonly DocumentFault[];
  /** True where the stamps agree and name another tree than the committed one. */
  readonly otherTree: boolean;
}

export interface PublishedRelease {
  readonly id: string;
  /** True where its tag is on HEAD itself: this may be the release that is being judged. */
  readonly atHead: boolean;
}

export interface DocumentsFacts {
  readonly readings: readonly DocumentReading[];
  /** Digest of the committed tree now. */
  readonly tree: string;
  /** Id of the last release; undefined where there is none. */
  readonly lastRelease: string | undefined;
  /** Ids that are published; on a stack that counts this clone's own tags, none. */
  readonly published: readonly PublishedRelease[];
  /** True where the stamp must name the committed tree itself, not an older one. */
  readonly exactTree: boolean;
}

/** Judges all documents and names every fault of each. */
export function judgeDocuments(facts: DocumentsFacts): DocumentsJudged {
  const regular = facts.readings.filter(({ name }) => isRegular(name));
  const milestone = regular.some(({ stamp }) => stamp?.milestone === true);
  const judged = facts.readings.filter(({ name }) => milestone || isRegular(name));
  const lead = mostCommon(judged.filter(({ stamp }) => stamp !== undefined));
  const faults = judged.flatMap((reading) =>
    [...reading.faults, ...stampFaults(reading, { lead, ...facts }), ...contentFaults(reading, facts)].map((fault) => ({
      document: reading.name,
      fault,
    })),
  );
  return {
    stamp: lead?.stamp,
    required: judged.map(({ name }) => name),
    faults,
    otherTree: lead?.stamp !== undefined && lead.stamp.tree !== facts.tree,
  };
}

/** The first of those whose stamp most of them carry: of four documents, the one that differs is the odd one. */
function mostCommon(readings: readonly DocumentReading[]): DocumentReading | undefined {
  const alike = Map.groupBy(readings, ({ stamp }) => canonicalJson(stamp ?? null));
  const [most] = [...alike.values()].toSorted((one, other) => other.length - one.length);
  return most?.[0];
}

function isRegular(name: DocumentName): boolean {
  return everyRelease.some((each) => each === name);
}

function stampFaults(reading: DocumentReading, facts: DocumentsFacts & { lead: DocumentReading | undefined }): string[] {
  const { stamp } = reading;
  const { lead } = facts;
  if (stamp === undefined || lead?.stamp === undefined) return [];
  const keys = ["release", "tree", "milestone"] as const;
  const disagreements = keys
    .filter((key) => lead.stamp?.[key] !== stamp[key])
    .map((key) => `Its stamp says \`${key}\` ${shown(stamp[key])}, that of \`${lead.name}\` ${shown(lead.stamp?.[key])}.`);
  const stale = facts.exactTree && stamp.tree !== facts.tree;
  return [
    ...disagreements,
    ...releasedFaults(stamp.release, facts),
    ...(stale ? [`Its stamp says \`tree\` ${shown(stamp.tree)}, the committed tree is ${shown(facts.tree)}.`] : []),
  ];
}

/** A release is later than all before it: what names an older one would pass for something that was judged long ago. */
function releasedFaults(release: string, { lastRelease, published }: DocumentsFacts): string[] {
  const others = published.filter(({ id, atHead }) => !(atHead && id === release)).map(({ id }) => id);
  if (release === lastRelease || others.includes(release))
    return [`Its stamp names release ${release}, which is released already.`];
  const latest = latestRelease(others);
  if (latest === undefined || compareReleases(release, latest) > 0) return [];
  return [`Its stamp names release ${release}, wanted is one later than ${latest}, which is published.`];
}

function contentFaults({ content, released }: DocumentReading, { lastRelease }: DocumentsFacts): string[] {
  if (lastRelease === undefined || released === null || comparable(content) !== comparable(released)) return [];
  return [`It says what it said at release ${lastRelease}.`];
}

/** White space alone does not make a document another one. */
function comparable(content: string): string {
  return content.replace(/\s+/g, " ").trim();
}

/** A digest is shown by its first twelve digits. */
export function shown(value: string | boolean | undefined): string {
  return String(value).slice(0, 12);
}

/** A document's front matter (YAML, without its lines of dashes) and what follows it. */
export function splitFrontMatter(text: string): { readonly frontMatter: string | undefined; readonly body: string } {
  const match = /^---[ \t]*\r?\n((?:[\s\S]*?\r?\n)??)---[ \t]*(?:\r?\n|$)/.exec(text);
  if (match === null) return { frontMatter: undefined, body: text };
  return { frontMatter: match[1] ?? "", body: text.slice(match[0].length) };
}
