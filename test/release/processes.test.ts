/** What whoever deploys waits for is mostly programs that are started: this holds their number. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Team } from "../model/rolesSample.ts";
import { DeployProject } from "./deployProject.ts";
import { SignedProject } from "./signedProject.ts";

describe("the question whether a commit is signed", () => {
  const path = process.env.PATH;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-counted-"));
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });

  /** Puts before each program one that notes how it was asked. */
  function counted(...programs: readonly string[]): () => readonly string[] {
    const log = join(folder, "log");
    writeFileSync(log, "");
    for (const program of programs) {
      const real = execFileSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();
      writeFileSync(join(folder, program), `#!/bin/sh\necho "${program} $*" >> '${log}'\nexec '${real}' "$@"\n`);
      chmodSync(join(folder, program), 0o755);
    }
    process.env.PATH = `${folder}${delimiter}${path}`;
    return () =>
      readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line !== "");
  }

  it("is answered by few processes, and by as many for more files", async () => {
    using team = new Team();
    await using project = await SignedProject.begin(team);
    project.commit(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`host/${index % 5}/${index}.ts`, `${index}\n`])));
    await project.release();
    await project.opens();
    const asked = counted("git", "ssh-keygen");
    await project.opens();
    const lines = asked();
    const keygen = lines.filter((line) => line.startsWith("ssh-keygen"));
    // One for the attestation, one for the sign-off.
    assert.equal(keygen.length, 2, lines.join("\n"));
    assert.ok(
      keygen.every((line) => line.startsWith("ssh-keygen -Y verify ")),
      lines.join("\n"),
    );
    assert.ok(lines.length - keygen.length <= 6, lines.join("\n"));
  });

  it("is asked whole, with mode and origin, by few processes", async () => {
    using team = new Team();
    await using deploy = await DeployProject.begin(team);
    await deploy.operate();
    await deploy.opens();
    const asked = counted("git", "ssh-keygen");
    await deploy.opens();
    const lines = asked();
    const keygen = lines.filter((line) => line.startsWith("ssh-keygen"));
    // One for the attestation, one for the sign-off, one for each move.
    assert.equal(keygen.length, 5, lines.join("\n"));
    assert.ok(lines.length - keygen.length <= 14, lines.join("\n"));
  });
});
