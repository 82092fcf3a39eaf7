/** A project that goes from a candidate to a release by the verbs of `deck release`, for tests of each of them. */

import { join } from "node:path";
import { stringify } from "yaml";
import type { Report } from "../../checks/evidence/report.ts";
import { writeEvidence } from "../../checks/evidence/write.ts";
import { releaseAttestVerb } from "../../deck/releaseAttest.ts";
import { releaseCutVerb } from "../../deck/releaseCut.ts";
import type { Outcome, Verb, World } from "../../deck/verb.ts";
import { buildManifest } from "../../release/manifest.ts";
import { generatedFiles } from "../../release/roles.ts";
import { type TestResult, testResultFile } from "../../release/testResult.ts";
import { sampleReport } from "../checks/evidenceSample.ts";
import { Team } from "../model/rolesSample.ts";
import { sshSettings } from "../model/settingsSample.ts";
import { files, noon, SignedProject, stackFile } from "../release/signedProject.ts";
import { callOf, worldIn } from "./verbCalls.ts";

export class ReleaseVerbs implements AsyncDisposable {
  readonly team: Team;
  readonly project: SignedProject;
  /** Folder of the repository behind `origin`. */
  readonly origin: string;
  readonly said: string[] = [];
  now = noon;

  private constructor(team: Team, { project, origin }: Pick<ReleaseVerbs, "project" | "origin">) {
    [this.team, this.project, this.origin] = [team, project, origin];
  }

  static async begin(team: Team): Promise<ReleaseVerbs> {
    const made = await SignedProject.forVerbs(team);
    const { project, origin } = made;
    project.commit({
      ...files,
      ...Object.fromEntries(generatedFiles(team.roles())),
      ".gitignore": ".phillbot/\nPulumi.dev.yaml\n",
      "operations/roles.yaml": stringify(team.data()),
      [`Pulumi.${project.stack}.yaml`]: stackFile({ ...sshSettings(), origin, rehearsal: true }),
    });
    project.repository.write({ "Pulumi.dev.yaml": stackFile({ ...sshSettings(), requireSignOff: false }) });
    return new ReleaseVerbs(team, made);
  }

  world(): World {
    return worldIn(this.project.repository.folder, { said: this.said, now: () => this.now });
  }

  run(
    verb: Verb,
    args: readonly string[] = [],
    { dryRun = false, ...options }: Record<string, string | boolean> = {},
  ): Promise<Outcome> {
    const gate = verb === releaseAttestVerb ? { gate: "dev" } : {};
    const over = { dryRun: dryRun === true, args, options: { ...gate, ...options } };
    return verb.run(callOf(verb, this.project.stack, over), this.world());
  }

  key(who: string) {
    return { key: this.team.keyFile(who) };
  }

  records(): string {
    return this.project.repository.git("rev-list", "--count", "--all", "--", "releases", "attestations", "signatures");
  }

  /** What `npm test` would have written. */
  tested(over: Partial<TestResult> = {}): void {
    const result: TestResult = {
      ...{
        schema: "phillbot/test-result/v1",
        commit: this.project.repository.git("rev-parse", "HEAD"),
        clean: true,
        whole: true,
      },
      ...{ passed: 10, failed: 0, finishedAt: new Date(noon.getTime() - 600_000).toISOString(), ...over },
    };
    this.project.repository.write({ [testResultFile]: JSON.stringify(result) });
  }

  /** What an open gate of the stack `dev` would have written. */
  async gated(over: Partial<Report> = {}, failing = false): Promise<void> {
    const { folder } = this.project.repository;
    const { digest } = await buildManifest(folder, { commit: "HEAD" });
    const startedAt = new Date(noon.getTime() - 600_000).toISOString();
    const report = { ...sampleReport(failing), stack: "dev", release: digest, startedAt, ...over };
    await writeEvidence(report, join(folder, ".phillbot/evidence/dev"), (text) => text);
  }

  async attested(): Promise<Outcome> {
    this.tested();
    await this.gated();
    await this.run(releaseCutVerb);
    return this.run(releaseAttestVerb, [], this.key("cy"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.project[Symbol.asyncDispose]();
  }
}

/** For the suite that calls it: one team, and a project of its own for each test. */
export function releaseVerbsForEach(take: (verbs: ReleaseVerbs, team: Team) => void): void {
  let team: Team;
  let verbs: ReleaseVerbs;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    verbs = await ReleaseVerbs.begin(team);
    take(verbs, team);
  });
  afterEach(async () => verbs[Symbol.asyncDispose]());
}
