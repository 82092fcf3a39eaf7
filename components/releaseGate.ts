/** The release gate: every check is a node of the resource tree, and a blocked verdict fails the update. */

import * as pulumi from "@pulumi/pulumi";
import type { Check, Target } from "../checks/check.ts";
import type { Report } from "../checks/evidence/report.ts";
import { type GateRun, runGate } from "../checks/gate.ts";
import type { CheckResult } from "../model/check.ts";
import type { Declared } from "../model/declared.ts";
import type { GatePolicy } from "../model/gate.ts";
import { unsignedNote, verdictSentence } from "../model/rehearsal.ts";

export interface ReleaseGateArgs {
  /** Everything a check may look at but what the update declares. */
  readonly target: Omit<Target, "declared">;
  /** What the update declared; resolves after everything has been created and updated. */
  readonly declared: pulumi.Output<Declared>;
  readonly policy: GatePolicy;
  readonly checks: readonly Check[];
  readonly signOff: GateRun["signOff"];
  readonly now: () => Date;
  /** Called with the verdict before anything else hears of it; where it throws, the verdict is not open. */
  readonly record: (report: Report) => Promise<void>;
  /** Why no verdict counts any more, as a sentence; undefined where it does. Asked before and after the verdict is recorded. */
  readonly voidedBy: () => Promise<string | undefined>;
  /** Called once with the verdict as exit code and sentence, before a blocked one fails the update. */
  readonly onEnd: (end: { readonly code: 0 | 1 | 2 | 3 | 4; readonly summary: string; readonly evidence: string }) => void;
}

/** One check's place in the tree: in previews too, and with nothing in it that varies, so that it never shows as a change. */
class CheckNode extends pulumi.ComponentResource {
  constructor(check: Check, parent: pulumi.Resource) {
    super("phillbot:gate:Check", check.id, {}, { parent });
    this.registerOutputs({});
  }
}

/**
 * Runs the checks after everything else, on every real update and never in a preview.
 *
 * A logged error fails the update; but an update that leaves the gate's inputs unknown (`--target`) would end without a
 * verdict and in success. So the program's exit itself fails unless a verdict was reached and it was open.
 */
export class ReleaseGate extends pulumi.ComponentResource {
  #state: "pending" | "open" | "blocked" = "pending";

  constructor(name: string, args: ReleaseGateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("phillbot:gate:ReleaseGate", name, {}, opts);
    const nodes = new Map(args.checks.map((check) => [check.id, new CheckNode(check, this)]));
    this.registerOutputs({});
    if (pulumi.runtime.isDryRun()) {
      void pulumi.log.info(
        `\`up\` would run ${args.checks.length} checks: ${args.checks.map((check) => check.id).join(", ")}.`,
        this,
      );
      return;
    }
    process.once("exit", (code) => {
      if (this.#state === "open") return;
      if (this.#state === "blocked") process.exitCode = loggedErrors;
      else if (code === 0) {
        process.stderr.write(
          "The release gate did not run in this update, so nothing is released. Run the whole update: `npx deck up`.\n",
        );
        process.exitCode = 1;
      }
    });
    args.declared.apply((declared) => this.#judge({ ...args.target, declared }, args, nodes));
  }

  async #judge(target: Target, args: ReleaseGateArgs, nodes: ReadonlyMap<string, CheckNode>): Promise<void> {
    const { report, page, code } = await runGate({
      target,
      policy: args.policy,
      checks: args.checks,
      trigger: "up",
      signOff: args.signOff,
      now: args.now,
      onProgress: (id, line) => void pulumi.log.info(line, nodes.get(id), undefined, true),
      onResult: (result) => void logResult(result, nodes.get(result.id)),
    });
    const voided = await this.#whyVoid(report, args);
    if (voided !== undefined) {
      this.#state = "blocked";
      args.onEnd({ code: 3, summary: voided.split("\n", 1)[0] ?? voided, evidence: page });
      await pulumi.log.error(`${voided}\nEvidence: ${page}`, this);
      return;
    }
    const { outcome, blockedBy } = report.verdict;
    if (outcome === "open" && code === 0 && unsignedNote(report.signOff) === undefined) {
      await pulumi.log.info(`${verdictSentence(report, report.checks.length)} Evidence: ${page}`, this);
      args.onEnd({ code, summary: verdictSentence(report), evidence: page });
      this.#state = "open";
      return;
    }
    this.#state = "blocked";
    const summary = verdictSentence(report);
    args.onEnd({ code: code === 0 ? 3 : code, summary, evidence: page });
    const reasons = blockedBy.map(({ check, reason, remedy }) => `  ${check}: ${reason}${remedy ? `\n    ${remedy}` : ""}`);
    // An error that is thrown here would be printed with its stack.
    await pulumi.log.error([summary, ...reasons, `Evidence: ${page}`].join("\n"), this);
  }

  /** Records the verdict. @returns why it does not count, whatever it is. */
  async #whyVoid(report: Report, { record, voidedBy }: ReleaseGateArgs): Promise<string | undefined> {
    const before = await voidedBy();
    if (before !== undefined) return `${before} Nothing is released.`;
    try {
      await record(report);
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown error";
      return `The verdict could not be put on the stack's record, so nothing is released. ${reason}`;
    }
    const after = await voidedBy();
    return after === undefined ? undefined : `${after} Nothing is released.`;
  }
}

/** The exit code by which Pulumi's Node host knows that what went wrong has been logged. */
const loggedErrors = 32;

/** Never `log.error`: that alone would fail the update, and a failed item may hold a valid waiver. The verdict decides. */
function logResult(result: CheckResult, node: CheckNode | undefined): Promise<void> {
  const line = `${result.status} in ${(result.durationMs / 1000).toFixed(1)} s: ${result.summary}`;
  return result.status === "pass" ? pulumi.log.info(line, node) : pulumi.log.warn(line, node);
}
