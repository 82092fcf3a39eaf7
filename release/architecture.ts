/** Architecture stamps: decisions (MADR) under `Documentation/architecture/` that were accepted before the first commit on what they are about. */

import { posix } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { splitFrontMatter } from "../model/documents.ts";
import { type ReleasedChange, refuseChanges } from "../model/modeChanges.ts";
import type { Mode } from "../model/modes.ts";
import { type ChangeRange, type ChangeRead, commitsSince, readChanges, testsAt } from "./changes.ts";
import { withObjects } from "./objects.ts";
import type { GitOptions } from "./repository.ts";

const decisions = "Documentation/architecture";

/** What of a decision's front matter counts here; MADR's other keys are its own. */
const stampSchema = z.looseObject({ status: z.literal("accepted"), paths: z.array(z.string().min(1)).min(1) });

export interface StampsAsked extends ChangeRange {
  /** Parts of the tree whose change is architecture: folders that end in `/`, or files. */
  readonly architecture: readonly string[];
  /** Until that commit, of which the range may hold a part, what the mode allows needs none. */
  readonly without?: { readonly until: string; readonly judgedBy: Mode };
}

/** Paths of architecture that were changed without a stamp before, with why, as sentences; none where each has its stamp. */
export async function missingStamps(
  folder: string,
  { architecture, without, ...range }: StampsAsked,
): Promise<readonly string[]> {
  const { from, to, ...options } = range;
  const covers = (path: string) => architecture.some((part) => path === part || (part.endsWith("/") && path.startsWith(part)));
  const later = without && (await commitsSince(folder, { ...range, from: without.until }));
  const tests = without === undefined ? new Set<string>() : await testsAt(folder, without.until, options);
  const holdsTest = (path: string) => tests.has(path);
  // Nothing but what could have gone out from there.
  const isExempt = (change: ReleasedChange) =>
    later?.has(change.id) === false &&
    refuseChanges({ mode: without?.judgedBy ?? "A", changes: [change], unnamed: [], holdsTest }).length === 0;
  const changes = await readChanges(folder, range);
  const touched = changes.map((change) => ({ ...change, paths: isExempt(change) ? [] : change.paths.filter(covers) }));
  const [old, now] = [
    from === undefined ? new Map<string, Decision>() : await decisionsAt(folder, from, options),
    await decisionsAt(folder, to, options),
  ];
  const before = new Map<string, ReadonlyMap<string, Decision>>();
  const missing: string[] = [];
  for (const { path, commit, parents } of firstChanges(touched)) {
    const there = before.get(commit) ?? (await decisionsBefore(folder, parents, options));
    before.set(commit, there);
    const isStamped = [...there].some(
      // One that was there when the mode was entered speaks of what was decided then.
      ([name, { text, isFor }]) => isFor(path) && old.get(name)?.text !== text && now.get(name)?.isFor(path) === true,
    );
    if (!isStamped)
      missing.push(
        `\`${path}\` was first changed by ${commit.slice(0, 12)}, before which no decision for it was accepted in \`${decisions}/\`.`,
      );
  }
  return missing;
}

interface FirstChange {
  readonly path: string;
  readonly commit: string;
  readonly parents: readonly string[];
}

/** Each path with every commit that changes it and follows none that does: who builds beside a decision has not awaited it. */
function firstChanges(changes: readonly ChangeRead[]): readonly FirstChange[] {
  const first: FirstChange[] = [];
  /** By commit: what it and those that it follows change. */
  const behind = new Map<string, ReadonlySet<string>>();
  const none: ReadonlySet<string> = new Set();
  for (const { id: commit, parents, paths: changed } of changes) {
    const [one = none, ...others] = parents.flatMap((parent) => behind.get(parent) ?? []);
    const known = others.length === 0 ? one : new Set([one, ...others].flatMap((each) => [...each]));
    const paths = changed.filter((path) => !known.has(path));
    first.push(...paths.map((path) => ({ path, commit, parents })));
    behind.set(commit, paths.length === 0 ? known : new Set([...known, ...paths]));
  }
  return first;
}

interface Decision {
  readonly text: string;
  /** True for a path that the decision is accepted for. */
  readonly isFor: (path: string) => boolean;
}

/** In every parent of a commit: what one side of a merge had not seen did not precede it. */
async function decisionsBefore(
  folder: string,
  parents: readonly string[],
  options: GitOptions,
): Promise<ReadonlyMap<string, Decision>> {
  const [parent, ...others] = await Promise.all(parents.map((each) => decisionsAt(folder, each, options)));
  return new Map([...(parent ?? [])].filter(([name, { text }]) => others.every((other) => other.get(name)?.text === text)));
}

async function decisionsAt(folder: string, commit: string, options: GitOptions): Promise<ReadonlyMap<string, Decision>> {
  return withObjects(folder, options, async (objects) => {
    const names = (await objects.files(commit, decisions)).map(({ path }) => path).filter((name) => name.endsWith(".md"));
    return new Map(
      await Promise.all(names.map(async (path) => [path, decision((await objects.text(commit, path)) ?? "")] as const)),
    );
  });
}

function decision(text: string): Decision {
  const { frontMatter } = splitFrontMatter(text);
  const stamp = stampSchema.safeParse(yaml(frontMatter ?? ""));
  const globs = stamp.success ? stamp.data.paths : [];
  return { text, isFor: (path) => globs.some((glob) => posix.matchesGlob(path, glob)) };
}

function yaml(text: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    return undefined;
  }
}
