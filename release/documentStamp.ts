/** Reads and writes the stamp in the front matter of the living documents. */

import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, isMap, isScalar, parseDocument, type YAMLMap } from "yaml";
import { canonicalJson } from "../model/canonical.ts";
import {
  atMilestones,
  compareReleases,
  type DocumentName,
  type DocumentReading,
  everyRelease,
  latestRelease,
  releaseAhead,
  releaseId,
  type Stamp,
  splitFrontMatter,
  stampSchema,
} from "../model/documents.ts";
import { releasesHere } from "./lastRelease.ts";
import { documentsFolder, type GitOptions, treeDigest } from "./repository.ts";
import { uncommitted } from "./workTree.ts";

type Read = Omit<DocumentReading, "name" | "released">;

/** What one document's text says: its stamp, or why it has none, and the rest. */
export function readDocument(text: string): Read {
  const { frontMatter, body } = splitFrontMatter(text);
  if (frontMatter === undefined) return { faults: ["It has no front matter, and hence no stamp."], content: body };
  const document = parseDocument(frontMatter);
  if (document.errors.length > 0 || !(document.contents === null || isMap(document.contents))) {
    return { faults: [`Its front matter is not a YAML map${firstError(document)}.`], content: text };
  }
  const front = dataIn(document);
  if (front === undefined) return { faults: [`Its front matter names ${noAlias}.`], content: text };
  const { stamp: raw, ...rest } = front;
  const content = `${canonicalJson(rest)}\n${body}`;
  if (raw === undefined) return { faults: ["It carries no `stamp`."], content };
  const parsed = stampSchema.safeParse(raw);
  if (parsed.success) return { stamp: parsed.data, faults: [], content };
  const faults = parsed.error.issues.map((issue) => `Its \`${["stamp", ...issue.path].join(".")}\` is wrong: ${issue.message}.`);
  return { faults, content };
}

const noAlias = "an alias (`*…`) that stands for nothing here, or for too much";

function dataIn(document: Document.Parsed): Readonly<Record<string, unknown>> | undefined {
  try {
    return (document.toJS() ?? {}) as Record<string, unknown>;
  } catch {
    // The library throws for these only here.
    return undefined;
  }
}

function firstError(document: Document.Parsed): string {
  const [error] = document.errors;
  const line = error?.linePos?.[0].line;
  // The library's message quotes the line, which is not needed to find it.
  return line === undefined ? "" : ` (line ${line + 1}, ${error?.code})`;
}

/** The text with this stamp in its front matter; every other byte of the body and every other key stays. */
export function withStamp(text: string, stamp: Stamp): string {
  const { frontMatter, body } = splitFrontMatter(text);
  const document = parseDocument(frontMatter ?? "");
  if (document.errors.length > 0 || !(document.contents === null || isMap(document.contents))) {
    throw new DocumentsNotStamped([`its front matter is not a YAML map${firstError(document)}`]);
  }
  if (dataIn(document) === undefined) throw new DocumentsNotStamped([`its front matter names ${noAlias}`]);
  const { release, tree, milestone } = stamp;
  const old = stampNode(document);
  // Key by key, so that a comment in it stays.
  if (old === undefined) document.set("stamp", document.createNode({ release, tree }));
  else for (const [key, value] of Object.entries({ release, tree })) old.set(key, value);
  if (milestone) document.setIn(["stamp", "milestone"], true);
  else document.deleteIn(["stamp", "milestone"]);
  return `---\n${document.toString({ lineWidth: 0 })}---\n${body}`;
}

/** The stamp that is there. What somebody else wrote in its place or into it is not thrown away. */
function stampNode(document: Document): YAMLMap | undefined {
  const node = document.get("stamp", true);
  if (node === undefined || (isScalar(node) && node.value === null)) return undefined;
  if (!isMap(node)) throw new DocumentsNotStamped(["its `stamp` is not a map of `release`, `tree` and `milestone`"]);
  const others = Object.keys(node.toJSON() as object).filter((key) => !Object.hasOwn(stampSchema.shape, key));
  if (others.length > 0) {
    throw new DocumentsNotStamped(others.map((key) => `its \`stamp.${key}\` is no key of a stamp: move it out of \`stamp\``));
  }
  return node;
}

/** Nothing was written; every reason is named. */
export class DocumentsNotStamped extends Error {
  override readonly name = "DocumentsNotStamped";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The documents were not stamped: ${faults.join("; ")}.`);
    this.faults = faults;
  }
}

export interface StampOptions extends GitOptions {
  readonly projectRoot: string;
  /** Id of the release that the documents are written for: its tag will be `release/<id>`. */
  readonly release: string;
  /**
   * True where this release is a milestone: `handoff.md` is stamped, and demanded, as well. Unless told, it is one where the
   * documents say so of this very release.
   */
  readonly milestone?: boolean | undefined;
  /** Changes nothing, and says what would change. */
  readonly dryRun?: boolean;
}

export interface Stamped {
  readonly stamp: Stamp;
  /** What the documents were stamped for before, where they agreed. */
  readonly before: Stamp | undefined;
  /** Paths from the project's folder. */
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  /** Paths outside `Documentation/` with changes that are not committed: the stamp does not cover them. */
  readonly uncommitted: readonly string[];
}

/**
 * Stamps the living documents with a release and the digest of the committed tree. All of them or none: every document
 * is read before the first is written.
 * @throws DocumentsNotStamped where the release id is none or not later than what HEAD contains, or a document is missing or
 * cannot carry a stamp.
 */
export async function stampDocuments({
  projectRoot,
  release,
  milestone: told,
  dryRun = false,
  ...options
}: StampOptions): Promise<Stamped> {
  const id = releaseId.safeParse(release);
  if (!id.success) {
    const [fault] = id.error.issues;
    throw new DocumentsNotStamped([`the release is ${JSON.stringify(release.slice(0, 64))}, wanted is ${fault?.message}`]);
  }
  await refuseReleased(projectRoot, id.data, options);
  const before = await stampBefore(projectRoot);
  const milestone = told ?? (before?.release === id.data && before.milestone);
  const stamp: Stamp = { release: id.data, tree: await treeDigest(projectRoot, options), milestone };
  const names = milestone ? [...everyRelease, ...atMilestones] : everyRelease;
  const stray = (await uncommitted(projectRoot, options)).map(({ path }) => path);
  const plans = await Promise.all(names.map((name) => plan(projectRoot, name, stamp)));
  const faults = plans.flatMap((each) => ("fault" in each ? [each.fault] : []));
  if (faults.length > 0) throw new DocumentsNotStamped(faults);
  const texts = plans.flatMap((each) => ("fault" in each ? [] : [each]));
  const changed = texts.filter(({ before, after }) => before !== after);
  if (!dryRun) for (const { path, after } of changed) await replaceFile(join(projectRoot, path), after);
  return {
    stamp,
    before,
    written: changed.map(({ path }) => path),
    unchanged: texts.filter((each) => !changed.includes(each)).map(({ path }) => path),
    uncommitted: stray.filter((path) => path !== documentsFolder && !path.startsWith(`${documentsFolder}/`)),
  };
}

/** The gate would block on it later, when more has been done in its name. */
async function refuseReleased(projectRoot: string, release: string, options: GitOptions): Promise<void> {
  const others = (await releasesHere(projectRoot, options)).filter(({ id, atHead }) => !(atHead && id === release));
  const latest = latestRelease(others.map(({ id }) => id));
  if (latest === undefined || compareReleases(release, latest) > 0) return;
  const next = releaseAhead(undefined, latest);
  throw new DocumentsNotStamped([
    `the release is ${release}, wanted is one later than ${latest}, which is released: npx deck docs stamp ${next}`,
  ]);
}

async function stampBefore(projectRoot: string): Promise<Stamp | undefined> {
  const read = async (name: DocumentName) => readFile(join(projectRoot, documentsFolder, name), "utf8").catch(() => "");
  const stamps = (await Promise.all(everyRelease.map(read))).map((text) => readDocument(text).stamp);
  return stamps.every((each) => canonicalJson(each ?? null) === canonicalJson(stamps[0] ?? null)) ? stamps[0] : undefined;
}

type Plan = { readonly path: string; readonly before: string; readonly after: string } | { readonly fault: string };

async function plan(projectRoot: string, name: DocumentName, stamp: Stamp): Promise<Plan> {
  const path = `${documentsFolder}/${name}`;
  const before = await readFile(join(projectRoot, path), "utf8").catch(() => undefined);
  if (before === undefined) return { fault: `\`${path}\` cannot be read` };
  try {
    return { path, before, after: withStamp(before, stamp) };
  } catch (error) {
    if (error instanceof DocumentsNotStamped) return { fault: `\`${path}\`: ${error.faults.join(", ")}` };
    throw error;
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.stamping`;
  await writeFile(next, text);
  await rename(next, path);
}
