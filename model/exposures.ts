/** Recorded exposures (`operations/exposures.yaml`): their schema, and which found secrets stand in the way of a release. */

import { z } from "zod";
import type { CheckItem } from "./check.ts";

const text = z.string().trim().min(1);
const day = z.iso.date();

/** A random salt and the value's HMAC under it: whoever has the value can tell that it is meant, whoever has not learns nothing. */
export const publishedFingerprint = /^[0-9a-f]{32}-[0-9a-f]{32}$/;
/** Before the fingerprint of a value that could be guessed: it holds in one clone alone, and is not to be recorded. */
export const localPrefix = "local-";
/** Before the name of a place in the repository, where a value that could be guessed stands: it can be waived, not recorded. */
export const placePrefix = "place-";

const recorded = {
  /** As the check and `deck secrets scan` print it; the value itself is nowhere. */
  fingerprint: z
    .string()
    .regex(
      publishedFingerprint,
      `a fingerprint as \`npx deck secrets scan\` prints it: 32 hex digits, \`-\`, 32 hex digits (of a value that could be guessed, shown with \`${localPrefix}\` or \`${placePrefix}\`, no digest is recorded)`,
    ),
  /** The kind as the check names it, such as `telegram-bot-token`. */
  kind: text,
  /** Where it was seen: a path, a commit, a log. */
  where: text,
  /** The day (UTC) it was found. */
  found: day,
};

const exposure = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("unresolved"), ...recorded, owner: text.optional() }),
  /** The value was replaced: from `rotated` on it opens nothing. */
  z.strictObject({ state: z.literal("rotated"), ...recorded, rotated: day, owner: text }),
]);

/** The file `operations/exposures.yaml`. */
export const exposuresSchema = z.strictObject({
  version: z.literal(1),
  exposures: z.array(exposure).superRefine((exposures, context) => {
    const seen = new Set<string>();
    for (const [index, { fingerprint }] of exposures.entries()) {
      if (seen.has(fingerprint)) context.addIssue({ code: "custom", path: [index, "fingerprint"], message: "It is there twice" });
      seen.add(fingerprint);
    }
  }),
});

export type Exposures = z.output<typeof exposuresSchema>;
export type RecordedExposure = Exposures["exposures"][number];

/** Where a secret can be found; a rotation closes a finding in history alone, because only history cannot be cleaned. */
export type ExposurePlace = "tree" | "history" | "configuration" | "logs" | "evidence";

/** One secret in one place, without its value. */
export interface ExposureFinding {
  readonly place: ExposurePlace;
  readonly kind: string;
  /** What a person calls it, with its article. */
  readonly title: string;
  /** `Documentation/handoff.md:12`; holds no secret. */
  readonly location: string;
  readonly fingerprint: string;
  /** True where the value is in use now. */
  readonly inUse: boolean;
}

export interface ExposureFacts {
  readonly findings: readonly ExposureFinding[];
  readonly recorded: readonly RecordedExposure[];
  /** The fingerprints of all values in use, by the secret's name. */
  readonly inUse: ReadonlyMap<string, string>;
  /** The day in UTC, `2026-10-02`. */
  readonly today: string;
}

export interface ExposuresJudged {
  readonly blocking: readonly CheckItem[];
  /** Fingerprints found in history whose rotation is on record. */
  readonly closed: readonly string[];
}

/** Names every finding that is neither removed nor rotated, and every record that is not settled. */
export function judgeExposures(facts: ExposureFacts): ExposuresJudged {
  const names = new Map([...facts.inUse].map(([name, fingerprint]) => [fingerprint, name]));
  const records = new Map(facts.recorded.map((record) => [record.fingerprint, record]));
  const closes = (fingerprint: string) => {
    const record = records.get(fingerprint);
    return record?.state === "rotated" && record.rotated <= facts.today && !names.has(fingerprint);
  };
  const closed = facts.findings.filter(({ place, fingerprint }) => place === "history" && closes(fingerprint));
  const standing = facts.findings.filter((finding) => !closed.includes(finding));
  return {
    blocking: [
      ...standing.map((finding) => itemOf(finding, records.get(finding.fingerprint))),
      ...facts.recorded.flatMap((record) => recordFault(record, { today: facts.today, name: names.get(record.fingerprint) })),
    ],
    closed: [...new Set(closed.map(({ fingerprint }) => fingerprint))],
  };
}

const placeNames: Readonly<Record<ExposurePlace, string>> = {
  tree: "the tree",
  history: "a commit since the last release",
  configuration: "the gateway's configuration",
  logs: "the gateway's logs",
  evidence: "earlier evidence",
};

/** What is in use, or on record as real, is no false finding: no waiver opens it. */
function itemOf(finding: ExposureFinding, record: RecordedExposure | undefined): CheckItem {
  const { title, place, location, fingerprint, inUse } = finding;
  const sentence = `${title[0]?.toUpperCase()}${title.slice(1)} stands in ${placeNames[place]}, \`${location}\` (fingerprint ${fingerprint}${fingerprint.startsWith(localPrefix) ? ", in this clone alone" : ""}).`;
  return { id: fingerprint, summary: sentence, location, waivable: !inUse && record === undefined };
}

function recordFault(record: RecordedExposure, now: { today: string; name: string | undefined }): CheckItem[] {
  const what = `The exposure of \`${record.kind}\` in \`${record.where}\``;
  const fault = (says: string): CheckItem[] => [{ id: record.fingerprint, summary: `${what} ${says}.`, waivable: false }];
  if (record.state === "unresolved") return fault(`is recorded as unresolved since ${record.found}`);
  if (now.name !== undefined) return fault(`is recorded as rotated, and its value is still that of \`${now.name}\` in use`);
  if (record.rotated > now.today) return fault(`is recorded as rotated on ${record.rotated}, today is ${now.today}`);
  return [];
}
