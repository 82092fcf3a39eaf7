/** What the last run of `npm test` wrote down: of which commit, and how it ended. An Examiner attests no other tests. */

import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { gitText } from "./repository.ts";
import { uncommitted } from "./workTree.ts";

/** From the project's folder; git ignores it. */
export const testResultFile = ".phillbot/test/result.json";

const schema = z.strictObject({
  schema: z.literal("phillbot/test-result/v1"),
  commit: z.string().regex(/^[0-9a-f]{40,64}$/),
  /** True where the work tree was that commit, byte by byte, before the tests and after. */
  clean: z.boolean(),
  /** False where parts were left out. */
  whole: z.boolean(),
  passed: z.int().min(0),
  failed: z.int().min(0),
  finishedAt: z.iso.datetime(),
});

export type TestResult = z.output<typeof schema>;

interface TreeState {
  readonly commit: string;
  readonly clean: boolean;
}

async function treeState(root: string): Promise<TreeState | undefined> {
  try {
    const commit = await gitText(root, ["rev-parse", "--verify", "HEAD^{commit}"]);
    return { commit, clean: (await uncommitted(root)).length === 0 };
  } catch {
    // No repository, or one that cannot be read: tests of it prove nothing of a commit.
    return undefined;
  }
}

type Ended = Pick<TestResult, "passed" | "failed" | "whole"> & { readonly now: Date };

/** Takes the last result away, so that a run which is cut off leaves none. Call what it gives back at the end. */
export async function beginTests(root: string): Promise<(end: Ended) => Promise<void>> {
  const path = join(root, testResultFile);
  await rm(path, { force: true });
  const before = await treeState(root);
  return async ({ now, ...counts }) => {
    const after = await treeState(root);
    if (before === undefined || after === undefined) return;
    const clean = before.clean && after.clean && before.commit === after.commit;
    const result: TestResult = {
      schema: "phillbot/test-result/v1",
      commit: after.commit,
      clean,
      ...counts,
      finishedAt: now.toISOString(),
    };
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, `${JSON.stringify(result, null, 2)}\n`);
    await rename(`${path}.new`, path);
  };
}

/** The last result with its text; undefined where there is none, or none that can be read. */
export async function readTestResult(root: string): Promise<{ readonly text: string; readonly result: TestResult } | undefined> {
  const text = await readFile(join(root, testResultFile), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return { text, result: schema.parse(JSON.parse(text)) };
  } catch {
    return undefined;
  }
}

export interface TestRules {
  readonly commit: string;
  readonly now: Date;
  readonly maximumAgeSeconds: number;
  readonly clockSkewSeconds: number;
}

/** Why the tests do not count for a commit, as sentences; none where they do. */
export function refuseTests(result: TestResult, rules: TestRules): readonly string[] {
  return [
    ...foreignTests(result, rules),
    result.failed === 0 ? undefined : `${result.failed} failed; 0 are allowed.`,
    result.passed > 0 ? undefined : "None passed.",
  ].filter((fault) => fault !== undefined);
}

/** Why the tests say nothing of a commit, however they ended, as sentences. */
export function foreignTests(result: TestResult, rules: TestRules): readonly string[] {
  const { commit } = rules;
  return [
    result.commit === commit ? undefined : `They ran on ${result.commit.slice(0, 12)}, not on ${commit.slice(0, 12)}.`,
    result.clean ? undefined : "The work tree was not that commit, byte by byte, before them and after.",
    result.whole ? undefined : "Parts of them were left out.",
    ...untimely(result.finishedAt, rules).map((when) => `They ended ${when}`),
  ].filter((fault) => fault !== undefined);
}

/** Where something ended too long ago, or in the future, how far, and what is allowed: the end of a sentence. */
export function untimely(
  finishedAt: string,
  { now, maximumAgeSeconds, clockSkewSeconds }: Omit<TestRules, "commit">,
): readonly string[] {
  const age = (now.getTime() - Date.parse(finishedAt)) / 1000;
  return [
    ...(age <= maximumAgeSeconds ? [] : [`${Math.round(age)} s ago; ${maximumAgeSeconds} s are allowed.`]),
    ...(age >= -clockSkewSeconds ? [] : [`${Math.round(-age)} s in the future; ${clockSkewSeconds} s are allowed.`]),
  ];
}
