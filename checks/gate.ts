/** One run of the gate: all checks side by side, the verdict, and the evidence, whatever the verdict. `pulumi up` and `deck gate` both run this. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckResult } from "../model/check.ts";
import type { GatePolicy, SignOffStanding, Verdict } from "../model/gate.ts";
import { expectedChecks } from "../model/policy.ts";
import { redact } from "../model/redact.ts";
import { rehearsalOf } from "../model/rehearsal.ts";
import { exitCode, judge } from "../model/verdict.ts";
import { type Built, buildManifest } from "../release/manifest.ts";
import type { MayDeploy } from "../release/mayDeploy.ts";
import { commitIn, withObjects } from "../release/objects.ts";
import { GitFailed, git } from "../release/repository.ts";
import { uncommitted } from "../release/workTree.ts";
import type { Check, Target, TreeTarget } from "./check.ts";
import type { Report } from "./evidence/report.ts";
import { writeEvidence } from "./evidence/write.ts";
import { policyDigest } from "./policy.ts";
import { runChecks } from "./run.ts";

interface Run<T> {
  readonly target: T;
  readonly policy: GatePolicy;
  readonly checks: readonly Check<T>[];
  readonly now: () => Date;
  readonly signal?: AbortSignal;
}

export interface GateRun extends Run<Target> {
  readonly trigger: Report["trigger"];
  /** What was said of the signatures before anything was judged. */
  readonly signOff: MayDeploy | { readonly kind: "previewed" };
  readonly onProgress: (id: string, line: string) => void;
  readonly onResult: (result: CheckResult) => void;
}

export interface GateEnd {
  readonly report: Report;
  /** Absolute path of the evidence page. */
  readonly page: string;
  /** 0 open, 1 a check failed, 3 could not tell. */
  readonly code: 0 | 1 | 3;
}

/** @throws Error where the evidence could not be written: without it, nothing is released. */
export async function runGate(run: GateRun): Promise<GateEnd> {
  const { target, policy, checks, now } = run;
  const hide = (text: string) => redact(text, target.secrets);
  const started = now();
  const from = performance.now();
  const before = await releaseOf(target.projectRoot);
  const [results, commit, toolVersion] = await Promise.all([
    runChecks(checks, target, { ...run, stack: target.stack, redact: hide }),
    readCommit(target.projectRoot),
    readVersion(target.projectRoot),
  ]);
  const release = before === undefined ? undefined : await releaseOf(target.projectRoot, before);
  const verdict = judge({
    results,
    policy,
    policyDigest: policyDigest(policy),
    required: expectedChecks(policy),
    now: now(),
    toolVersion,
    rehearsed: rehearsalOf(target.settings),
    rollbackTo: target.rollback?.name,
  });
  const report: Report = {
    schema: "phillbot/evidence/v1",
    stack: target.stack,
    host: target.host.description,
    image: target.declared.gateway.image,
    trigger: run.trigger,
    startedAt: started.toISOString(),
    durationMs: Math.round(performance.now() - from),
    verdict,
    signOff: standingOf(run, release?.digest === before?.digest ? release?.digest : undefined),
    policy,
    checks: results,
    titles: Object.fromEntries(checks.map(({ id, title }) => [id, title])),
    ...(commit === undefined ? {} : { commit }),
    ...(release === undefined || release.digest !== before?.digest ? {} : { release: release.digest }),
    toolVersion,
  };
  const { html } = await writeEvidence(report, target.evidenceFolder, hide);
  return { report, page: html, code: exitCode(verdict, results) };
}

/** @param judged digest of the manifest that the checks were run on, undefined where the tree was not exactly a commit. */
function standingOf({ signOff, target }: GateRun, judged: string | undefined): SignOffStanding {
  const unknown = (reason: string) => ({ kind: "unknown", reasons: [reason], remedy: "npx deck gate" }) as const;
  if (signOff.kind === "refused") {
    const { code, reasons, remedy } = signOff;
    return { kind: code === 4 ? "unsigned" : "unknown", reasons, remedy };
  }
  if (signOff.kind === "signed") {
    const { release, signer } = signOff;
    return judged === release.digest ? { kind: "signed", signer } : unknown("The tree changed while the checks ran.");
  }
  const { requireSignOff, rehearsal } = target.settings;
  return requireSignOff && !rehearsal ? unknown("It was not asked who signed it.") : { kind: "none" };
}

/** Judges the checks that need no host, by the same rules; what they do not judge is not required of them. */
export async function judgeTree(run: Run<TreeTarget>): Promise<{ readonly verdict: Verdict; readonly code: 0 | 1 | 3 }> {
  const { target, policy, checks, now } = run;
  const results = await runChecks(checks, target, {
    ...run,
    stack: target.stack,
    redact: (text) => redact(text, target.secrets),
  });
  const required = checks.map(({ id }) => id);
  const toolVersion = await readVersion(target.projectRoot);
  const rehearsed = rehearsalOf(target.settings);
  const by = { policy, policyDigest: policyDigest(policy), toolVersion, rehearsed, rollbackTo: target.rollback?.name };
  const verdict = judge({ results, required, now: now(), ...by });
  return { verdict, code: exitCode(verdict, results) };
}

async function readCommit(projectRoot: string): Promise<Report["commit"]> {
  try {
    const [head, status] = await Promise.all([
      git(projectRoot, ["rev-parse", "HEAD"]),
      git(projectRoot, ["status", "--porcelain"]),
    ]);
    return { sha: head.toString("utf8").trim(), dirty: status.length > 0 };
  } catch (error) {
    // Not a repository, or none with a commit: the evidence then names none.
    if (error instanceof GitFailed) return undefined;
    throw error;
  }
}

/**
 * The manifest of what lies here; undefined where that is not exactly a commit, or the commit can be no release.
 * @param before what was built already: the same commit makes the same.
 */
async function releaseOf(projectRoot: string, before?: Built): Promise<Built | undefined> {
  try {
    return await withObjects(projectRoot, {}, async (objects) => {
      if ((await uncommitted(projectRoot, { objects })).length > 0) return undefined;
      if (before !== undefined && (await commitIn(objects, "HEAD")) === before.commit) return before;
      return await buildManifest(projectRoot, { commit: "HEAD", objects });
    });
  } catch {
    // Whatever it was: evidence that names no release proves none.
    return undefined;
  }
}

async function readVersion(projectRoot: string): Promise<string> {
  return (JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8")) as { version: string }).version;
}
