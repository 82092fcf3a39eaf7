/** Two `deck up` of one stack: one goes on, the other is told who it is; a killed one keeps nobody waiting; a broken one releases nothing. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { devFolders } from "../../deck/devStack.ts";
import { until } from "./gatewayStack.ts";
import { makeProject, type TestProject } from "./project.ts";

describe("Two operators of one stack", function () {
  this.timeout(600_000);
  let project: TestProject;
  const started: ChildProcess[] = [];

  before(async () => {
    project = await makeProject();
  });
  after(async () => {
    for (const child of started) child.kill("SIGKILL");
    await project?.[Symbol.asyncDispose]();
  });

  /** A `deck up` that goes on beside the test, and what it says. */
  const begin = () => {
    const child = spawn(process.execPath, [join(project.root, "deck", "main.ts"), "up", "--yes"], {
      cwd: project.root,
      env: { ...process.env, PHILLBOT_STACK: project.stack, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    started.push(child);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (said += String(chunk)));
    return { child, said: () => said, ended: once(child, "exit") };
  };
  const shown = async () => JSON.parse((await project.deck("lease", "show", "--json")).stdout).lease;
  const events = () => {
    const file = join(devFolders(project.root, project.stack).baseFolder, "phillbot.history.jsonl");
    const record = existsSync(file) ? readFileSync(file, "utf8") : "";
    return record
      .trim()
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line).event]));
  };

  it("come up one after the other: the second is told who the first is, with 3, and touches nothing", async () => {
    const first = begin();
    await until("the first update's beginning", async () => (events().at(-1) === "began" ? true : undefined), 120_000);
    const second = await project.deck("up", "--yes");
    assert.equal(second.code, 3, second.stderr);
    const whose = new RegExp(
      `^\`\\S+\` on \`\\S+\` holds the lease of the stack \`${project.stack}\` for \`npx deck up\`, since .* Nothing was touched\\.`,
      "m",
    );
    assert.match(second.stderr, whose);
    assert.match(second.stderr, new RegExp(`^ {2}npx deck lease show --stack ${project.stack}$`, "m"));
    const { kind, pid } = await shown();
    assert.deepEqual([kind, pid], ["held", first.child.pid]);
    assert.deepEqual(await first.ended, [0, null], first.said());
    assert.deepEqual(events().filter((event) => event === "began").length, 1);
    assert.deepEqual(await shown(), { kind: "free" });
  });

  /** Every process that the lease was handed to, by what it is called. */
  const handedTo = (id: string): ReadonlyMap<number, string> => {
    const found = readdirSync("/proc").flatMap((pid) => {
      try {
        const [name = "", environment] = ["comm", "environ"].map((file) => readFileSync(`/proc/${pid}/${file}`, "utf8"));
        return environment?.split("\0").includes(`PHILLBOT_LEASE=${id}`) ? [[Number(pid), name.trim()] as const] : [];
      } catch {
        return [];
      }
    });
    return new Map(found);
  };

  it("are kept waiting by no killed one: `deck up` succeeds at once, where its lease would have lasted on", async () => {
    const known = events().length;
    const killed = begin();
    await until("the update's beginning", async () => (events().length > known ? true : undefined), 120_000);
    const { name } = await shown();
    const [engine] = [...handedTo(name)].find(([, called]) => called === "pulumi") ?? [];
    assert.ok(engine !== undefined);
    process.kill(killed.child.pid ?? 0, "SIGKILL");
    const early = await project.deck("up", "--yes");
    assert.deepEqual([early.code, /holds the lease/.test(early.stderr)], [3, true], early.stderr);
    process.kill(engine, "SIGKILL");
    await killed.ended;
    // The program finds out by itself that its engine is gone.
    const next = await until(
      "an update",
      async () => {
        const end = await project.deck("up", "--yes");
        return /holds the lease/.test(end.stderr) ? undefined : end;
      },
      45_000,
    );
    assert.equal(next.code, 0, next.stderr);
    assert.match(next.stderr, /An earlier update was killed; its lock is taken away/);
    // Plugins do not notice that their engine is gone.
    for (const pid of handedTo(name).keys()) process.kill(pid, "SIGKILL");
    assert.deepEqual(await shown(), { kind: "free" });
  });

  it("end unreleased where the lease is broken on the way, and Pulumi is interrupted", async () => {
    const broken = begin();
    await until("the lease", async () => ((await shown()).kind === "held" ? true : undefined), 60_000);
    const { code, stderr } = await project.deck("lease", "break", "--yes", "--why", "A test wants it.");
    assert.equal(code, 0, stderr);
    assert.deepEqual(await broken.ended, [3, null], broken.said());
    assert.match(broken.said(), /lease .*Nothing is released\./);
    assert.ok(events().includes("lease-broken"));
    assert.ok(!events().includes("released"));
  });

  it("hold it for a plain `pulumi up` as well, which gives it back at its end", async () => {
    const ended = project.pulumi("up", "--yes", "--skip-preview");
    await until("the lease", async () => ((await shown()).purpose === "pulumi up" ? true : undefined), 60_000);
    const second = await project.deck("up", "--yes");
    assert.deepEqual([second.code, /for `pulumi up`/.test(second.stderr)], [3, true], second.stderr);
    const { code, stdout } = await ended;
    assert.equal(code, 0, stdout.slice(-3000));
    assert.deepEqual(await shown(), { kind: "free" });
  });
});
