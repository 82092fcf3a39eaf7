/** The people who let a release of the rehearsed stack out: trust in them, and their way from a commit to Operate, by the operator's verbs. */

import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { type Evidence, statementAbout } from "../../model/statements.ts";
import { seal } from "../../release/envelope.ts";
import { addRecord } from "../../release/records.ts";
import { trustFolder } from "../../release/trust.ts";
import { Team } from "../model/rolesSample.ts";
import type { Operator } from "./operator.ts";
import type { Ended } from "./project.ts";

export interface Judges extends AsyncDisposable {
  /** Cuts, examines and signs what the clone's HEAD is, and moves the mode to Operate by it; gives the manifest's digest. */
  release(): Promise<string>;
  /** Cuts, examines and signs what the clone's HEAD is, where the mode allows it as it is; gives the manifest's digest. */
  sign(): Promise<string>;
  /** Takes a release back, for good. */
  revoke(manifest: string): Promise<void>;
}

/** Installs trust in a team of their own for the operator's stack; what was committed until now is taken as it is. */
export async function installJudges({ root, stack, deck }: Operator, baseline: string): Promise<Judges> {
  const team = new Team();
  const roles = join(team.folder, "roles.yaml");
  await writeFile(roles, stringify({ ...team.data(), baseline }));
  const must = async (...args: readonly string[]): Promise<Ended> => {
    const ended = await deck(...args);
    if (ended.code !== 0) throw new Error(`deck ${args.join(" ")}: ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
    return ended;
  };
  const data = async (...args: readonly string[]) => JSON.parse((await must(...args, "--json")).stdout);
  await must("trust", "install", roles, "--yes");
  // From here on the clone is Ada's, who builds.
  const ada = { "user.email": "ada@example.org", "gpg.format": "ssh", "user.signingkey": team.keyFile("ada") };
  for (const [key, value] of Object.entries({ ...ada, "commit.gpgsign": "true" }))
    await execa("git", ["config", key, value], { cwd: root });
  const sign = async () => {
    const { digest: manifest } = await data("release", "show");
    await must("release", "cut", "--yes");
    const evidence = await examine(root, manifest, team.keyFile("cy"));
    await must("release", "sign", "--yes", "--key", team.keyFile("bo"));
    return { manifest, evidence };
  };
  return {
    sign: async () => (await sign()).manifest,
    async release() {
      const { manifest, evidence } = await sign();
      const move = (to: string, who: string, ...proof: readonly string[]) =>
        must("mode", "set", to, "--yes", "--key", team.keyFile(who), ...proof);
      await move("B", "ada");
      await move("C", "cy", "--evidence", evidence);
      await move("D", "bo", "--release", manifest);
      return manifest;
    },
    async revoke(manifest) {
      await must("release", "revoke", manifest, "--reason", "It loses messages.", "--yes", "--key", team.keyFile("bo"));
    },
    async [Symbol.asyncDispose]() {
      await rm(trustFolder(stack), { recursive: true, force: true });
      team[Symbol.dispose]();
    },
  };
}

/** The Examiner's machine ran the tests, and the gate of a stack without sign-off, somewhere else. */
async function examine(root: string, manifest: string, keyFile: string): Promise<string> {
  const configuration = (["npm test", "gate"] as const).map((name) => ({
    name,
    digest: { sha256: createHash("sha256").update(name).digest("hex") },
    annotations: { finishedAt: new Date().toISOString(), passed: 10, failed: 0 },
  }));
  const statement: Evidence = {
    ...statementAbout(manifest),
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
    predicate: { result: "PASSED", configuration },
  };
  return addRecord(root, { kind: "attestations", content: await seal(statement, { keyFile, kind: "attestation" }) });
}
