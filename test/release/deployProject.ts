/** A project with an origin, whose releases go the whole way to Operate by the moves of their owners, for tests to deploy. */

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type MoveEvidence, modeMove } from "../../model/modeMoves.ts";
import type { Mode } from "../../model/modes.ts";
import { resourceUriOf } from "../../model/statements.ts";
import { type MayDeploy, mayDeploy } from "../../release/mayDeploy.ts";
import { digestOf } from "../../release/records.ts";
import type { Member, Team } from "../model/rolesSample.ts";
import { localSettings, sshSettings } from "../model/settingsSample.ts";
import { files, host, SignedProject, stackFile } from "./signedProject.ts";

/** The project's own table of moves; of what it calls architecture the test's repository holds nothing that needs a stamp. */
const modes = readFileSync(join(import.meta.dirname, "../../operations/modes.yaml"), "utf8").replace(
  /^architecture:\n(?: {2}- .*\n)+/m,
  "architecture: [architecture/]\n",
);

export interface Moving {
  readonly from: Mode;
  readonly to: Mode;
  readonly who: Member | "stranger";
  readonly proven?: readonly MoveEvidence[];
  /** Default: the last one that was put on record here. */
  readonly before?: string | null;
}

export class DeployProject implements AsyncDisposable {
  readonly project: SignedProject;
  /** Address of the repository behind `origin`. */
  readonly origin: string;
  /** The stack's settings as its file holds them. */
  readonly raw: Record<string, unknown>;
  readonly now = new Date();
  #last: string | null = null;

  /** Where the releases go, as a sign-off names it. */
  readonly #host: string;

  private constructor({ project, origin, raw, host }: Pick<DeployProject, "project" | "origin" | "raw"> & { host: string }) {
    [this.project, this.origin, this.raw, this.#host] = [project, origin, raw, host];
  }

  static async begin(team: Team): Promise<DeployProject> {
    const project = await SignedProject.begin(team);
    const origin = project.repository.clone("--bare");
    project.repository.git("remote", "add", "origin", origin.address);
    return DeployProject.#of({ project, origin: origin.address, raw: sshSettings(), host });
  }

  /** For verbs: of a stack of its own on this machine, below the project's home. */
  static async forVerbs(team: Team): Promise<DeployProject> {
    const { project, origin } = await SignedProject.forVerbs(team);
    project.commit(files);
    const raw = { ...localSettings(), baseFolder: join(project.home, "base"), requireSignOff: true };
    return DeployProject.#of({ project, origin, raw, host: `local:${hostname()}` });
  }

  static #of({ project, origin, raw, host: to }: Pick<DeployProject, "project" | "origin" | "raw"> & { host: string }) {
    const whole = { ...raw, origin, rehearsal: true };
    project.commit({ [`Pulumi.${project.stack}.yaml`]: stackFile(whole), "operations/modes.yaml": modes });
    project.repository.git("push", "--quiet", "origin", "main");
    return new DeployProject({ project, origin, raw: whole, host: to });
  }

  /** Record of the last move that was put here. */
  get last(): string | null {
    return this.#last;
  }

  /** Cut, attested and signed of HEAD, as of now. */
  async signed(): Promise<{ readonly manifest: string; readonly evidence: string }> {
    const manifest = await this.project.cut();
    const evidence = await this.attest(manifest);
    const resourceUri = resourceUriOf(this.project.stack, this.#host);
    const gate = digestOf(`${this.project.repository.git("show", "HEAD:operations/gate.yaml")}\n`);
    const policy = { uri: "operations/gate.yaml" as const, digest: { sha256: gate } };
    await this.project.sign(manifest, [evidence], { timeVerified: this.now.toISOString(), resourceUri, policy });
    return { manifest, evidence };
  }

  /** @param secondsAgo when the tests and the gate ended. */
  attest(manifest: string, secondsAgo = 60, over: Parameters<SignedProject["attest"]>[1] = {}): Promise<string> {
    const finishedAt = new Date(this.now.getTime() - secondsAgo * 1000).toISOString();
    const configuration = (["npm test", "gate"] as const).map((name) => ({
      ...{ name, digest: { sha256: "a".repeat(64) } },
      annotations: { finishedAt, passed: 10, failed: 0 },
    }));
    return this.project.attest(manifest, { configuration, ...over });
  }

  /** Puts a move at HEAD on record as it would be if nobody checked. */
  async move({ from, to, who, proven = [], before = this.#last }: Moving): Promise<string> {
    const commit = this.project.repository.git("rev-parse", "HEAD");
    const move = modeMove({ from, to, at: this.now, commit, before, evidence: proven });
    this.#last = await this.project.put("modes", { who, kind: "mode" }, move);
    return this.#last;
  }

  /** Up to Stabilize, on this evidence. */
  async stabilize(evidence: string): Promise<void> {
    await this.move({ from: "A", to: "B", who: "ada" });
    await this.move({ from: "B", to: "C", who: "cy", proven: [{ proof: "examiner-evidence", value: evidence }] });
  }

  /** The whole way, with the mode moved to Operate by it: what was released of that very commit. */
  async operate(): Promise<string> {
    const { manifest, evidence } = await this.signed();
    await this.stabilize(evidence);
    await this.move({ from: "C", to: "D", who: "bo", proven: [{ proof: "signed-release", value: manifest }] });
    return manifest;
  }

  ask(raw: Readonly<Record<string, unknown>> = this.raw): Promise<MayDeploy> {
    const { repository, stack, trustFolder } = this.project;
    return mayDeploy(repository.folder, { stack, raw, now: this.now, trustFolder });
  }

  async opens(): Promise<void> {
    const answer = await this.ask();
    assert.equal(answer.kind, "signed", JSON.stringify(answer));
  }

  async refuses(code: 3 | 4, reason: RegExp, raw = this.raw): Promise<void> {
    const answer = await this.ask(raw);
    assert.ok(answer.kind === "refused", JSON.stringify(answer));
    assert.equal(answer.code, code, answer.reasons.join("\n"));
    assert.match(answer.reasons.join("\n"), reason);
    assert.match(answer.remedy, /\S/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.project[Symbol.asyncDispose]();
    rmSync(this.origin.replace(/^file:\/\//, ""), { recursive: true, force: true });
  }
}
