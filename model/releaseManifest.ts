/** The manifest of a release: digests of all that decides behaviour, as an in-toto Statement. The same commit gives the same bytes. */

import { z } from "zod";
import { canonicalJson } from "./canonical.ts";
import { sha256 } from "./sha256.ts";

/** The parts of the committed tree, each one subject. A file belongs to the first part that it fits; `program` takes what is left. */
const parts = [
  { subject: "documentation", folders: ["Documentation/"], files: [] },
  { subject: "migrations", folders: ["memory/supabase/migrations/"], files: [] },
  { subject: "plugin", folders: ["memory/plugin/"], files: [] },
  { subject: "policy", folders: ["policy/"], files: ["operations/gate.yaml"] },
  { subject: "operations", folders: ["operations/"], files: [] },
] as const;

export type Part = (typeof parts)[number]["subject"] | "program" | `settings/${string}`;

/** Facts that live on after a release was signed: they are read as they are at gate time, from the default branch. */
export const liveFacts: readonly string[] = ["operations/items.yaml", "operations/deferrals.yaml", "operations/exposures.yaml"];

/** The subject that a committed file counts for; undefined for a live fact. */
export function partOf(path: string): Part | undefined {
  if (liveFacts.includes(path)) return undefined;
  const stack = /^Pulumi\.([^/]+)\.yaml$/.exec(path)?.[1];
  if (stack !== undefined) return `settings/${stack}`;
  const part = parts.find(
    ({ folders, files }) => (files as readonly string[]).includes(path) || folders.some((folder) => path.startsWith(folder)),
  );
  return part?.subject ?? "program";
}

/** One file of the commit. */
export interface ManifestFile {
  readonly path: string;
  /** As git has it: `100644`, `100755`, `120000`. */
  readonly mode: string;
  /** Sha256 (hex) of the content. */
  readonly digest: string;
}

/**
 * The text whose sha256 is a part's digest: for each of its files, in the order of the path's bytes, `<mode> <sha256> <path>` and a NUL.
 * By subject; a part without files has none.
 */
export function partListings(files: readonly ManifestFile[]): ReadonlyMap<Part, string> {
  const listings = new Map<Part, string>();
  const keyed = files.map((file) => ({ ...file, bytes: Buffer.from(file.path) }));
  for (const { path, mode, digest } of keyed.toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))) {
    const part = partOf(path);
    if (part !== undefined) listings.set(part, `${listings.get(part) ?? ""}${mode} ${digest} ${path}\0`);
  }
  return listings;
}

/** in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) about a release. */
export const manifestSchema = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  subject: z.array(z.strictObject({ name: z.string().min(1), digest: z.strictObject({ sha256 }) })).min(1),
  predicateType: z.literal("https://in-toto.io/attestation/release/v0.1"),
  predicate: z.strictObject({
    purl: z.string(),
    releaseId: z.string().min(1),
    /** The commit whose files the subjects are. */
    commit: z.string().regex(/^[0-9a-f]{40,64}$/, "a commit's id"),
  }),
});

export type ReleaseManifest = z.output<typeof manifestSchema>;

export interface ManifestFacts {
  readonly releaseId: string;
  readonly commit: string;
  /** Sha256 (hex) by subject. */
  readonly subjects: ReadonlyMap<string, string>;
}

/** The manifest's bytes: subjects sorted by name, keys sorted, a final newline. */
export function renderManifestOf({ releaseId, commit, subjects }: ManifestFacts): string {
  const manifest: ReleaseManifest = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [...subjects]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, digest]) => ({ name, digest: { sha256: digest } })),
    predicateType: "https://in-toto.io/attestation/release/v0.1",
    predicate: { purl: `pkg:generic/phillbot-stack@${releaseId}`, releaseId, commit },
  };
  return `${canonicalJson(manifest, 2)}\n`;
}

/** Subjects that differ between two manifests, by name; what only one of them has differs too. */
export function differingSubjects(a: ReleaseManifest, b: ReleaseManifest): readonly string[] {
  const digests = ({ subject }: ReleaseManifest) => new Map(subject.map(({ name, digest }) => [name, digest.sha256]));
  const [before, after] = [digests(a), digests(b)];
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name)).toSorted();
}
