/** A rollback is practised on real containers, by the real command line, and nothing of the throw-away stack is left. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readDrills } from "../../checks/evidence/drill.ts";
import { evidenceFolderOf } from "../../deck/session.ts";
import { drillSteps } from "../../model/drill.ts";
import { findValuesInUse } from "../../model/redact.ts";
import { Secret } from "../../model/secret.ts";
import { docker } from "./gatewayStack.ts";
import { makeProject, type TestProject } from "./project.ts";

describe("A drill", function () {
  this.timeout(900_000);
  let project: TestProject;
  const evidenceFolder = () => evidenceFolderOf(project.root, project.stack);
  const drills = async () => (await readDrills(project.stack, { home: project.root, evidenceFolder: evidenceFolder() })).drills;
  const nothingIsLeft = async () => {
    for (const kind of [
      ["ps", "--all"],
      ["network", "ls"],
      ["volume", "ls"],
    ]) {
      // Another drill on this machine has another folder.
      const own = ["--filter", `label=phillbot.folder`, "--format", "{{.Labels}}"];
      assert.ok(!(await docker(...kind, ...own)).includes(join(project.root, ".phillbot", "drill")), kind.join(" "));
    }
    assert.deepEqual(await readdir(join(project.root, ".phillbot", "drill")), []);
    assert.equal((await project.git("worktree", "list")).split("\n").length, 1);
  };

  /** Starts one, and sends it a signal, and its own process alone, once a line of it begins so. */
  const signalled = async (signal: "SIGINT" | "SIGKILL", line: string, words: readonly string[] = []) => {
    const child = spawn(process.execPath, [join(project.root, "deck", "main.ts"), "drill", ...words], {
      cwd: project.root,
      env: { ...process.env, PHILLBOT_STACK: project.stack, NO_COLOR: "1" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = once(child, "exit");
    let said = "";
    for await (const each of createInterface({ input: child.stderr })) {
      said += `${each}\n`;
      if (each.startsWith(line)) child.kill(signal);
    }
    return { ended: await ended, said };
  };

  before(async () => {
    project = await makeProject();
  });
  after(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  it("ends at once, writes down that it could not tell and leaves nothing where it is interrupted", async () => {
    const { ended, said } = await signalled("SIGINT", "2/6");
    assert.deepEqual(ended, [3, null], said);
    const [drill] = await drills();
    assert.deepEqual([drill?.outcome, drill?.steps.at(-1)?.id], ["unknown", "running"], said);
    await nothingIsLeft();
  });

  it("holds, and its evidence says what was compared", async () => {
    // Its update goes on without it, until the next drill ends that and takes away what it made.
    const { ended, said } = await signalled("SIGKILL", "  … ", ["--verbose"]);
    assert.deepEqual(ended, [null, "SIGKILL"], said);
    const [killed = ""] = await readdir(join(project.root, ".phillbot", "drill"));
    const { code, stdout, stderr } = await project.deck("drill", "--json");
    assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-5000)}`);
    const { evidence } = JSON.parse(stdout) as { evidence: string };
    const [drill] = (await drills()).filter(({ outcome }) => outcome === "held");
    assert.ok(drill?.data !== null && drill !== undefined);
    assert.deepEqual(
      drill.steps.map(({ id }) => id),
      drillSteps,
    );
    const head = await project.git("rev-parse", "HEAD");
    assert.deepEqual([drill.running?.name, drill.running?.commit], ["HEAD", head]);
    assert.match(drill.running?.standsIn ?? "", /nothing ran yet/);
    assert.equal(drill.candidate?.name, "the work tree");
    const { before, candidate, after } = drill.data;
    assert.deepEqual([before.paired.count, candidate.paired.count, after.paired.count], [1, 2, 1]);
    assert.deepEqual([after.sessions, after.paired, after.device], [before.sessions, before.paired, before.device]);
    assert.ok(after.place >= before.place && before.place > 0);
    const page = await readFile(evidence, "utf8");
    assert.match(page, /held: drill of a rollback/);
    assert.equal((await stat(evidence)).mode & 0o777, 0o600);
    const secrets = new Map([...project.secrets].map(([name, value]) => [name, new Secret(value)]));
    assert.deepEqual(findValuesInUse(`${page}${stdout}${stderr}`, secrets), []);
    await nothingIsLeft();
    assert.ok(killed !== "" && stderr.includes(`Removing what an earlier drill left: drill-${killed}.`), stderr);
  });
});
