/** Ctrl-C on a terminal while the stack is brought up: what was begun ends, nothing is called released, and the lock goes. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { devFolders } from "../../deck/devStack.ts";
import { keptStacks, locksOf } from "../../deck/ownState.ts";
import { psql } from "./databaseFaults.ts";
import { until } from "./gatewayStack.ts";
import { makeProject, type TestProject } from "./project.ts";

/** A process of the machine whose command line holds it. */
const isRunning = (program: string) =>
  readdirSync("/proc").some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(program);
    } catch {
      return false; // It has ended.
    }
  });

describe("An update on a terminal", function () {
  this.timeout(400_000);
  let project: TestProject;

  // Each attempt on a stack of its own: what an interrupted one left behind is no longer a first update.
  beforeEach(async () => {
    project = await makeProject();
  });
  afterEach(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  it("ends with 3 and without a lock after Ctrl-C, its state knowing what was made", async () => {
    // Ctrl-C reaches every process of a terminal: a shell that stays in between ends with its own 130, whatever its command answers.
    const command = ["exec", process.execPath, join(project.root, "deck", "main.ts"), "up", "--yes"].join(" ");
    const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      cwd: project.root,
      env: { ...process.env, PHILLBOT_STACK: project.stack, NO_COLOR: "1" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = once(terminal, "exit");
    let screen = "";
    for await (const chunk of terminal.stdout) {
      const isFirst = !/\+ network created/.test(screen);
      screen += String(chunk);
      if (isFirst && /\+ network created/.test(screen)) terminal.stdin.write("\u0003");
    }
    // Redrawn lines would bury the few that are left.
    const lines = screen.split(/[\r\n]+/).filter((line) => !line.includes("…"));
    const told = lines.join("\n");
    assert.deepEqual(await ended, [3, null], told);
    assert.match(told, /The update was interrupted before its gate reached a verdict; nothing is released/);
    assert.match(told, /Until then: \d+ created\./);
    assert.doesNotMatch(told, /not seen to end|What Pulumi said/);
    const { state } = devFolders(project.root, project.stack);
    assert.deepEqual(await locksOf(state, project.stack), { ended: [], alive: [] }, told);
    assert.equal((await keptStacks(state)).find(({ name }) => name === project.stack)?.needsEngine, true, told);
  });

  it("lets a migration end that runs, and ends then", async () => {
    const migration = "20991231000000_slow.sql";
    const slow = "create table memory.slow (id bigint primary key);\nselect pg_sleep(8);\n";
    await writeFile(join(project.root, "memory/supabase/migrations", migration), slow);
    const deck = spawn(process.execPath, [join(project.root, "deck", "main.ts"), "up", "--yes"], {
      cwd: project.root,
      env: { ...process.env, PHILLBOT_STACK: project.stack, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [ended, said, result] = [once(deck, "exit"), text(deck.stderr), text(deck.stdout)];
    await until("the migrations to run", async () => isRunning(`${project.root}/memory/apply.ts`) || undefined, 240_000);
    deck.kill("SIGINT");
    assert.deepEqual(await ended, [3, null], await said);
    assert.match(await said, /waiting for memory-apply to end/);
    assert.match(await said, /memory-apply created/);
    assert.doesNotMatch(await said, /memory-apply could not be|What Pulumi said/);
    assert.match(await result, /nothing is released\. Until then: \d+ created\./);
    // It is there at all.
    assert.equal(await psql(project, "select count(*) from memory.slow"), "0");
  });
});
