/** A project with a team, an installed trust and records, for tests to release, and to break. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Evidence, resourceUriOf, type SignOff, statementAbout } from "../../model/statements.ts";
import { type Signing, seal } from "../../release/envelope.ts";
import { buildManifest } from "../../release/manifest.ts";
import { addRecord, digestOf } from "../../release/records.ts";
import { type ReleaseAsked, type SignedRelease, signedRelease } from "../../release/signed.ts";
import { installTrust, trustFolder } from "../../release/trust.ts";
import { type Member, Team } from "../model/rolesSample.ts";
import { sshSettings } from "../model/settingsSample.ts";
import { Repository } from "./gitFixture.ts";

export const noon = new Date("2026-11-22T12:00:00.000Z");
export const stack = "prod";
export const host = "claw@phill:22";

const gate = "version: 1\nfreshness: { items: 300, evidence: 3600, clockSkew: 30 }\n";

export const stackFile = (settings: Record<string, unknown> = sshSettings()) =>
  stringify({ config: Object.fromEntries(Object.entries(settings).map(([key, value]) => [`phillbot:${key}`, value])) });

/** One file of each part that a manifest names. */
export const files = {
  "Pulumi.prod.yaml": stackFile(),
  "Documentation/update_log.md": `---\nstamp:\n  release: 1.0.0\n  tree: ${"a".repeat(64)}\n---\n# Update log\n`,
  "host/a.ts": "a\n",
  "package-lock.json": "{}\n",
  "memory/plugin/index.ts": "a\n",
  "memory/supabase/migrations/1_a.sql": "select 1;\n",
  "policy/index.ts": "a\n",
  "operations/gate.yaml": gate,
  "operations/items.yaml": "version: 1\nitems: []\n",
  "operations/roles.yaml": "version: 1\n",
};

export interface By {
  readonly committer?: string;
  readonly author?: string;
  /** Whose key signs it; `""` for none. */
  readonly key?: string;
  readonly message?: string;
}

type Keys = Parameters<Team["data"]>[0];

export class SignedProject implements AsyncDisposable {
  readonly team: Team;
  readonly repository = new Repository();
  readonly home = mkdtempSync(join(tmpdir(), "phillbot-home-"));
  readonly stack: string;
  readonly trustFolder: string;

  /** @param place a stack of its own, for verbs: they read the trust where the code fixes its place. */
  constructor(team: Team, place?: { readonly stack: string; readonly trustFolder: string }) {
    this.team = team;
    this.stack = place?.stack ?? stack;
    this.trustFolder = place?.trustFolder ?? join(this.home, "trust");
    for (const [key, value] of [
      ["user.name", "Ada"],
      ["user.email", "ada@example.org"],
    ] as const)
      this.repository.git("config", key, value);
  }

  /** Installed trust, and a first signed commit. */
  static async begin(team: Team): Promise<SignedProject> {
    const project = new SignedProject(team);
    await project.trust();
    project.commit(files);
    return project;
  }

  /** For verbs: of a stack of its own, whose trust lies where the code fixes its place, in the user's own home. None is installed yet. */
  static ofOwnStack(team: Team): SignedProject {
    const name = `test-${randomBytes(6).toString("hex")}`;
    return new SignedProject(team, { stack: name, trustFolder: trustFolder(name) });
  }

  /** The same with trust and an empty origin. Nothing is committed yet. */
  static async forVerbs(team: Team): Promise<{ readonly project: SignedProject; readonly origin: string }> {
    const project = SignedProject.ofOwnStack(team);
    const origin = join(project.home, "origin.git");
    execFileSync("git", ["init", "--quiet", "--bare", origin]);
    project.repository.git("remote", "add", "origin", origin);
    await project.trust();
    return { project, origin };
  }

  /** One that was released already. */
  static async released(team: Team): Promise<SignedProject> {
    const project = await SignedProject.begin(team);
    await project.release();
    return project;
  }

  async trust(keys: Keys = {}, more: object = {}): Promise<void> {
    await installTrust(this.stack, stringify({ ...this.team.data(keys), ...more }), this.trustFolder);
  }

  /** A commit of all that was written, made and signed by members of the team. */
  commit(
    changed: Readonly<Record<string, string>>,
    { committer = "ada", author = committer, key = committer, message = "Change" }: By = {},
  ): string {
    const { repository, team } = this;
    repository.write(changed);
    repository.git("add", "--all");
    const signing =
      key === "" ? [] : ["-c", "gpg.format=ssh", "-c", `user.signingKey=${team.keyFile(key)}`, "-c", "commit.gpgsign=true"];
    const who = ["-c", `user.name=${committer}`, "-c", `user.email=${committer}@example.org`];
    const by = `${author} <${author}@example.org>`;
    repository.git(...who, ...signing, "commit", "--quiet", "--allow-empty", "--author", by, "--message", message);
    return repository.git("rev-parse", "HEAD");
  }

  async cut(commit = "HEAD"): Promise<string> {
    const { text } = await buildManifest(this.repository.folder, { commit });
    return addRecord(this.repository.folder, { kind: "releases", content: text });
  }

  async attest(
    release: string,
    { who = "cy", ...over }: { who?: string } & Partial<Evidence["predicate"]> = {},
  ): Promise<string> {
    const run = (name: "npm test" | "gate") => ({
      name,
      digest: { sha256: digestOf(name) },
      annotations: { finishedAt: new Date(noon.getTime() - 600_000).toISOString(), passed: 10, failed: 0 },
    });
    const statement: Evidence = {
      ...statementAbout(release),
      predicateType: "https://in-toto.io/attestation/test-result/v0.1",
      predicate: { result: "PASSED", configuration: [run("npm test"), run("gate")], ...over },
    };
    return this.put("attestations", { who, kind: "attestation" }, statement);
  }

  signOff(release: string, evidence: readonly string[], over: Partial<SignOff["predicate"]> = {}): SignOff {
    return {
      ...statementAbout(release),
      predicateType: "https://slsa.dev/verification_summary/v1",
      predicate: {
        verifier: { id: "https://phillbot.invalid/judge" },
        timeVerified: noon.toISOString(),
        resourceUri: resourceUriOf(this.stack, host),
        policy: { uri: "operations/gate.yaml", digest: { sha256: digestOf(gate) } },
        inputAttestations: evidence.map((sha256) => ({ digest: { sha256 } })),
        verificationResult: "PASSED",
        verifiedLevels: ["PHILLBOT_SIGNED_OFF"],
        ...over,
      },
    };
  }

  async sign(
    release: string,
    evidence: readonly string[],
    { who = "bo", kind = "release", ...over }: { who?: string; kind?: Signing["kind"] } & Partial<SignOff["predicate"]> = {},
  ): Promise<string> {
    return this.put("signatures", { who, kind }, this.signOff(release, evidence, over));
  }

  async revoke(release: string, { who = "bo", kind = "revocation" as Signing["kind"] } = {}): Promise<string> {
    return this.put(
      "revocations",
      { who, kind },
      {
        ...statementAbout(release),
        predicateType: "https://phillbot.invalid/revocation/v1",
        predicate: { reason: "It loses messages.", revokedAt: noon.toISOString() },
      },
    );
  }

  async put(
    kind: Parameters<typeof addRecord>[1]["kind"],
    { who, kind: signedAs }: { readonly who: string; readonly kind: Signing["kind"] },
    statement: unknown,
  ): Promise<string> {
    const content = await seal(statement, { keyFile: this.team.keyFile(who as Member), kind: signedAs });
    return addRecord(this.repository.folder, { kind, content });
  }

  /** The whole way: cut, attested, signed. */
  async release(): Promise<{ release: string; evidence: string; signOff: string }> {
    const release = await this.cut();
    const evidence = await this.attest(release);
    return { release, evidence, signOff: await this.sign(release, [evidence]) };
  }

  ask(over: Partial<ReleaseAsked> = {}): Promise<SignedRelease> {
    const asked = { commit: "HEAD", stack: this.stack, host, now: noon, exactTree: true, trustFolder: this.trustFolder };
    return signedRelease(this.repository.folder, { ...asked, ...over });
  }

  async opens(over?: Partial<ReleaseAsked>): Promise<SignedRelease & { readonly ok: true }> {
    const answer = await this.ask(over);
    assert.ok(answer.ok, JSON.stringify(answer));
    return answer;
  }

  async refuses(reason: RegExp, over?: Partial<ReleaseAsked>): Promise<SignedRelease & { readonly ok: false }> {
    const answer = await this.ask(over);
    assert.ok(!answer.ok, `It was called released: ${JSON.stringify(answer)}`);
    assert.match(answer.reasons.join("\n"), reason);
    assert.match(answer.remedy, /\S/);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.repository[Symbol.dispose]();
    for (const folder of [this.home, this.trustFolder]) rmSync(folder, { recursive: true, force: true });
  }
}

/** For the suite that calls it: one team, and a project of its own for each test, by default with a first signed commit. */
export function projectForEach(
  take: (project: SignedProject, team: Team) => void,
  make: (team: Team) => Promise<SignedProject> = SignedProject.begin,
): void {
  let team: Team;
  let project: SignedProject;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    project = await make(team);
    take(project, team);
  });
  afterEach(async () => project[Symbol.asyncDispose]());
}
