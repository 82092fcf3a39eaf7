/** Finds secrets in one text: the values in use in every form, then whatever has the shape of a secret (secretlint's engine). */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { lintSource } from "@secretlint/core";
import { secretLintProfiler } from "@secretlint/profiler";
import { creator as pattern } from "@secretlint/secretlint-rule-pattern";
import { rules as presetRules } from "@secretlint/secretlint-rule-preset-recommend";
import { exposurePatterns } from "../../model/exposurePatterns.ts";
import { findDecodedShapes, findValuesInUse, type Stretch } from "../../model/redact.ts";
import { Secret } from "../../model/secret.ts";
import { shortestFindable } from "../../model/secretForms.ts";

/** One secret in a text. Its value is held, never shown. */
export interface TextFinding {
  /** `telegram-bot-token`, a secretlint rule such as `secretlint-rule-npm`, or the name of the secret in use. */
  readonly kind: string;
  /** What a person calls it, with its article. */
  readonly title: string;
  /** Line in the text, from 1. */
  readonly line: number;
  /** Where it begins in the text. */
  readonly start: number;
  readonly value: Secret;
  /** True where the value is one that is in use now. */
  readonly inUse: boolean;
}

// The engine's profiler is always on, keeps every mark and searches them all at each: a scan would take quadratic time.
secretLintProfiler.mark = () => undefined;

const none: ReadonlyMap<string, Secret> = new Map();
const patternRule = "@secretlint/secretlint-rule-pattern";
const presetPackage = "@secretlint/secretlint-rule-preset-recommend";
const titles = new Map(exposurePatterns.map(({ kind, title }) => [kind, title]));

/** The database that PostgreSQL and Supabase make for development on one's own machine: everybody's, and hence no secret. */
const localDatabase =
  "/^postgres(?:ql)?:\\/\\/postgres:postgres@(?:localhost|127\\.0\\.0\\.1)(?::\\d{1,5})?(?:\\/postgres)?[\"'`,;.)\\]}]*$/";

/**
 * The preset's rules one by one, because as a preset it could not leave any out: a comment in a file must not be able
 * to hide what stands in it, and an account's number is no secret.
 */
const config: Parameters<typeof lintSource>[0]["options"]["config"] = {
  rules: [
    {
      id: patternRule,
      rule: pattern,
      options: { patterns: exposurePatterns.map((each) => ({ name: each.kind, patterns: [String(each.pattern)] })) },
    },
    ...presetRules
      .filter(({ meta }) => meta.id !== "@secretlint/secretlint-rule-filter-comments")
      .map((rule) => ({
        id: rule.meta.id,
        rule,
        ...(rule.meta.id === "@secretlint/secretlint-rule-aws" && { allowMessageIds: ["AWSAccountID"] }),
        ...(rule.meta.id === "@secretlint/secretlint-rule-database-connection-string" && {
          options: { allows: [localDatabase] },
        }),
      })),
  ],
};

/** The code that looks: what an older one found clean is looked at again. */
const finders = [
  "./text.ts",
  "./names.ts",
  "../../model/compression.ts",
  "../../model/redact.ts",
  "../../model/secretForms.ts",
  "../../model/textViews.ts",
];

/** Sha256 (hex) over everything that decides what `scanText` finds besides the values in use. */
export function rulesDigest(): string {
  const require = createRequire(import.meta.url);
  const hash = createHash("sha256").update(JSON.stringify(config));
  for (const rule of [patternRule, presetPackage]) hash.update(readFileSync(require.resolve(rule)));
  for (const path of finders) hash.update(readFileSync(new URL(path, import.meta.url)));
  return hash.digest("hex");
}

/** The bytes as UTF-8. Whatever their first ones claim: UTF-16 shows in it by its NULs, and a claim could hide the rest. */
export function textOf(bytes: Buffer): string {
  return bytes.toString("utf8");
}

interface Candidate extends Stretch {
  readonly inUse: boolean;
  /** The value, where it is not the text itself. */
  readonly value?: string;
}

async function shapesIn(text: string): Promise<Candidate[]> {
  const { messages } = await lintSource({
    source: { filePath: "text", content: text, contentType: "text" },
    options: { noPhysicFilePath: true, config },
  });
  return messages.map(({ ruleId, range: [start, end], data }) => ({ start, end, kind: kindOf(ruleId, data), inUse: false }));
}

function kindOf(ruleId: string, data: object | undefined): string {
  if (ruleId === patternRule && data !== undefined && "PATTERN_NAME" in data) return String(data.PATTERN_NAME);
  return ruleId.replace("@secretlint/", "");
}

/** What overlaps is one secret: a value in use names it first, then our own patterns, then secretlint's rules. */
function withoutOverlap(candidates: readonly Candidate[]): Candidate[] {
  const kept: Candidate[] = [];
  for (const each of candidates) if (!kept.some((other) => each.start < other.end && other.start < each.end)) kept.push(each);
  return kept.toSorted((a, b) => a.start - b.start);
}

function titleOf({ kind, inUse }: Candidate): string {
  if (inUse) return `the value of \`${kind}\` in use`;
  return titles.get(kind) ?? `what secretlint's rule \`${kind}\` knows as a secret`;
}

/** Every secret in a text, in order. `secrets` are the values in use, by name. */
export async function scanText(text: string, secrets: ReadonlyMap<string, Secret> = none): Promise<TextFinding[]> {
  const values = findValuesInUse(text, secrets).map((stretch) => ({ ...stretch, inUse: true }));
  const shapes = await shapesIn(text);
  const own = shapes.filter(({ kind }) => titles.has(kind));
  const others = shapes.filter(({ kind }) => !titles.has(kind));
  const decoded = findDecodedShapes(text).map((stretch) => ({ ...stretch, inUse: false }));
  return withoutOverlap([...values, ...own, ...decoded, ...others]).map((candidate) => ({
    kind: candidate.kind,
    title: titleOf(candidate),
    start: candidate.start,
    line: text.slice(0, candidate.start).split("\n").length,
    value:
      (candidate.inUse ? secrets.get(candidate.kind) : undefined) ??
      new Secret(candidate.value ?? text.slice(candidate.start, candidate.end)),
    inUse: candidate.inUse,
  }));
}

/** The names of secrets too short to be told apart from ordinary text, with their length. */
export function tooShortToFind(secrets: ReadonlyMap<string, Secret>): string[] {
  return [...secrets]
    .map(([name, secret]) => ({ name, length: secret.reveal().length }))
    .filter(({ length }) => length < shortestFindable)
    .map(({ name, length }) => `\`${name}\` (${length} < ${shortestFindable} characters)`);
}
