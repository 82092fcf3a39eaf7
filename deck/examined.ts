/** What an Examiner has run, as it stands in an attestation: the tests, and the gate of a stack without sign-off. */

import { readFile } from "node:fs/promises";
import type { Evidence } from "../model/statements.ts";
import { digestOf } from "../release/records.ts";
import { foreignTests, readTestResult, refuseTests, type TestRules, untimely } from "../release/testResult.ts";
import { lastEvidence } from "./evidence.ts";
import { evidenceFolderOf } from "./session.ts";
import { readSignOff } from "./stackSettings.ts";
import { DeckError, type World } from "./verb.ts";

type Run = Evidence["predicate"]["configuration"][number];

const sha256 = (text: string) => ({ sha256: digestOf(text) });

/** @throws DeckError with code 4 where the tests say nothing of the commit. */
export async function testRun(rules: TestRules, { root }: World): Promise<Run> {
  const found = await readTestResult(root);
  if (found === undefined)
    throw new DeckError("refused", "There is no result of a run of `npm test` that came to its end.", "npm test");
  const faults = refuseTests(found.result, rules);
  if (faults.length > 0)
    throw new DeckError("refused", `The tests do not count for this commit. ${faults.join(" ")}`, "npm test");
  const { passed, failed, finishedAt } = found.result;
  return { name: "npm test", digest: sha256(found.text), annotations: { finishedAt, passed, failed } };
}

export interface GateAsked {
  readonly stack: string;
  /** Digest of the manifest. */
  readonly release: string;
}

/** @throws DeckError with code 4 where the stack's last gate was not open on this very release. */
export async function gateRun(asked: GateAsked, world: World): Promise<Run> {
  const { stack, release } = asked;
  // Named even where it is the usual one: the verb is about another.
  const remedy = `npx deck gate --stack ${stack}`;
  if (await readSignOff(world.root, stack)) {
    const problem = `The stack \`${stack}\` requires sign-off itself: what it runs must have been signed before.`;
    throw new DeckError("refused", problem, "npx deck release attest --gate <a stack without sign-off>");
  }
  const last = await lastGate(stack, world);
  if (last === undefined) throw new DeckError("refused", `The gate of the stack \`${stack}\` has not run yet.`, remedy);
  const { report, run } = last;
  const faults = [
    ...foreign(report, asked),
    ...(report.verdict.outcome === "open" ? [] : [`It is ${report.verdict.outcome}.`]),
    ...(report.verdict.rehearsal ? ["It was a rehearsal."] : []),
  ];
  if (faults.length > 0) {
    const problem = `The last gate of the stack \`${stack}\` does not count for the release ${release.slice(0, 12)}. ${faults.join(" ")}`;
    throw new DeckError("refused", problem, remedy);
  }
  return run;
}

type Judged = NonNullable<Awaited<ReturnType<typeof lastEvidence>>>["report"];

/** Why a report is not about what is asked for, as sentences. */
function foreign(report: Judged, { stack, release }: GateAsked): readonly string[] {
  const judged =
    report.release === undefined ? "a tree that was not exactly a commit" : `the release ${report.release.slice(0, 12)}`;
  return [
    ...(report.stack === stack ? [] : [`It is of the stack \`${report.stack}\`.`]),
    ...(report.release === release ? [] : [`It judged ${judged}.`]),
  ];
}

async function lastGate(stack: string, { root }: World): Promise<{ readonly report: Judged; readonly run: Run } | undefined> {
  const last = await lastEvidence(evidenceFolderOf(root, stack));
  if (last === undefined) return undefined;
  const { report, paths } = last;
  const finishedAt = new Date(Date.parse(report.startedAt) + report.durationMs).toISOString();
  const passed = report.checks.filter(({ status }) => status === "pass").length;
  const annotations = { finishedAt, passed, failed: report.verdict.blockedBy.length, stack };
  return { report, run: { name: "gate", digest: sha256(await readFile(paths.json, "utf8")), annotations } };
}

/** What ran on this very release, as lately as what passes must have, and failed. @throws DeckError with code 4 where nothing did. */
export async function failedRuns(rules: TestRules, gate: GateAsked, world: World): Promise<readonly Run[]> {
  const [tests, last] = [await readTestResult(world.root), await lastGate(gate.stack, world)];
  const ran: { readonly run: Run; readonly faults: readonly string[] }[] = [];
  if (tests !== undefined) {
    const { passed, failed, finishedAt } = tests.result;
    const run: Run = { name: "npm test", digest: sha256(tests.text), annotations: { finishedAt, passed, failed } };
    ran.push({ run, faults: foreignTests(tests.result, rules) });
  }
  if (last !== undefined) {
    const ended = untimely(last.run.annotations.finishedAt, rules).map((when) => `It ended ${when}`);
    ran.push({ run: last.run, faults: [...foreign(last.report, gate), ...ended] });
  }
  const failed = ran.filter(({ run }) => run.annotations.failed > 0);
  const counting = failed.filter(({ faults }) => faults.length === 0).map(({ run }) => run);
  if (counting.length > 0) return counting;
  const problem = [
    `Neither \`npm test\` nor the gate of \`${gate.stack}\` failed on the commit ${rules.commit.slice(0, 12)}.`,
    ...failed.map(({ run, faults }) => `The failure of \`${run.name}\` says nothing of it. ${faults.join(" ")}`),
  ].join(" ");
  throw new DeckError("refused", problem, `npm test && npx deck gate --stack ${gate.stack}`);
}
