/** The measurements that need a stack that runs: updates with and without the gate, the checks, and a replacement. */

import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { checksFor } from "../../checks/all.ts";
import type { Check } from "../../checks/check.ts";
import { runChecks } from "../../checks/run.ts";
import { findPulumi } from "../../deck/pulumi.ts";
import { openPolicy, openTarget, type Session } from "../../deck/session.ts";
import type { GatePolicy } from "../../model/gate.ts";
import { redact } from "../../model/redact.ts";
import { until } from "../e2e/gatewayStack.ts";
import type { TestProject } from "../e2e/project.ts";
import { measureBackup } from "./backup.ts";
import { inTurns, type Line, type Measured, timed } from "./measure.ts";
import { callOf, gateOnce, isReady, secondsToBoot, worldOf } from "./onStack.ts";
import { measureDrill, measureRollback } from "./rollback.ts";

type Say = (line: string) => void;

/** Brings the stack up and measures all that needs it. */
export async function measureStack(project: TestProject, rounds: number, say: Say): Promise<readonly Line[]> {
  const { code, stderr } = await project.deck("up", "--yes");
  if (code !== 0) throw new Error(`The stack did not come up: ${stderr.slice(-3000)}`);
  const policy = await openPolicy({ root: project.root });
  await using session = await openTarget(callOf(project), worldOf(project));
  const gate = await measureGate({ session, policy, rounds, say });
  const updates = await measureUpdates(project, gate.slowest, { rounds, say });
  const backup = await measureBackup(session, rounds, say);
  const replacement = await measureReplacement(project, rounds, say);
  const rollback = await measureRollback(project, policy, { rounds, say });
  return [...updates, gate.line, backup, replacement, rollback, await measureDrill(project, say)];
}

interface GateBench {
  readonly session: Session;
  readonly policy: GatePolicy;
  readonly rounds: number;
  readonly say: Say;
}

/** The gate beside the check that takes longest when run alone. */
async function measureGate({ session, policy, rounds, say }: GateBench): Promise<{ line: Line; slowest: Measured }> {
  const { target } = session;
  const checks = checksFor(target.settings, policy);
  const options = { policy, stack: target.stack, now: () => new Date(), redact: (text: string) => redact(text, target.secrets) };
  const alone = (check: Check) =>
    timed(async () => {
      const [result] = await runChecks([check], target, options);
      if (result?.status !== "pass") throw new Error(`${check.id} is ${result?.status}: ${result?.summary}`);
    });
  const each = Object.fromEntries(checks.map((check) => [check.id, alone(check)]));
  // By one look alone a check that something held up once could pass for the slowest.
  const first = await inTurns(3, each, say);
  const [id = ""] = Object.keys(first).toSorted((a, b) => (first[b] ?? 0) - (first[a] ?? 0));
  const slowest = each[id];
  if (slowest === undefined) throw new Error("There is no check.");
  const gate = gateOnce(session, policy);
  const { gate: whole, slowest: longest } = await inTurns(rounds, { gate, slowest }, say);
  const from = `gate ${whole.toFixed(2)} s, ${id} alone ${longest.toFixed(2)} s`;
  return { slowest, line: { what: "gate ÷ the slowest check alone", value: whole / longest, goal: 1.5, from } };
}

/** An update with nothing to change: as it is, without its gate, and beside one of a program with nothing in it. */
async function measureUpdates(
  project: TestProject,
  slowest: Measured,
  { rounds, say }: { rounds: number; say: Say },
): Promise<readonly Line[]> {
  const empty = await makeEmptyProgram(project);
  try {
    const times = await inTurns(
      rounds,
      {
        "up with nothing to change": () => update(project, {}),
        "the same without the gate": () => update(project, { environment: withoutGate(project) }),
        "the slowest check alone": slowest,
        "up of an empty program": () => update(project, { root: empty }),
      },
      say,
    );
    const { "up with nothing to change": up, "the same without the gate": bare } = times;
    const { "the slowest check alone": check, "up of an empty program": nothing } = times;
    return [
      {
        what: "up with nothing to change ÷ (the same without the gate + the slowest check alone)",
        value: up / (bare + check),
        goal: 1.2,
        from: `${up.toFixed(2)} s; ${bare.toFixed(2)} s + ${check.toFixed(2)} s`,
      },
      {
        what: "up with nothing to change ÷ up of an empty program",
        value: up / nothing,
        goal: 1.6,
        from: `${up.toFixed(2)} s; ${nothing.toFixed(2)} s`,
      },
    ];
  } finally {
    await rm(empty, { recursive: true });
  }
}

/** The program as it is, but for its gate. */
const withoutGate = (project: TestProject) => ({
  NODE_OPTIONS: `--import=${join(project.root, "test/bench/withoutGate.mjs")}`,
});

interface Update {
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: the project's own program. */
  readonly root?: string;
  /** True where a replacement is what is measured. */
  readonly changes?: boolean;
}

/** One `pulumi up`, which must succeed; seconds. */
async function update(project: TestProject, { environment = {}, root = project.root, changes = false }: Update): Promise<number> {
  const { path, variables } = await pulumiOf(project);
  const from = performance.now();
  const args = ["up", "--stack", project.stack, "--yes", "--skip-preview", "--non-interactive", "--suppress-outputs"];
  await execa(path, changes ? args : [...args, "--expect-no-changes"], {
    cwd: root,
    env: { ...process.env, ...variables, ...environment },
    extendEnv: false,
    stdin: "ignore",
  });
  return (performance.now() - from) / 1000;
}

/** A project with nothing in it, on the same state backend. */
async function makeEmptyProgram(project: TestProject): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "phillbot-empty-"));
  const options = { typescript: false, packagemanager: "npm" };
  await writeFile(
    join(root, "Pulumi.yaml"),
    stringify({ name: "empty", main: "main.mjs", runtime: { name: "nodejs", options } }),
  );
  await writeFile(join(root, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(root, "main.mjs"), 'import "@pulumi/pulumi";\n');
  await symlink(join(project.root, "node_modules"), join(root, "node_modules"));
  const { path, variables } = await pulumiOf(project);
  const environment = { ...process.env, ...variables };
  await execa(path, ["stack", "init", project.stack, "--non-interactive"], { cwd: root, env: environment, extendEnv: false });
  // Its first update makes the stack's own resource, the second one has nothing to do.
  await update(project, { root, changes: true });
  return root;
}

function pulumiOf({ root, stack }: TestProject) {
  return findPulumi({ root, stack, environment: process.env, settings: { requireSignOff: false, secrets: {} } });
}

/** How long no bot is ready while its container is replaced, beside how long a gateway takes to boot by itself. */
async function measureReplacement(project: TestProject, rounds: number, say: Say): Promise<Line> {
  const file = join(project.root, `Pulumi.${project.stack}.yaml`);
  const settings = parse(await readFile(file, "utf8"));
  const container = `${project.name}-openclaw-gateway-1`;
  const url = `http://127.0.0.1:${settings.config["phillbot:gateway"].port}/readyz`;
  const owners: string[] = settings.config["phillbot:telegram"].owners;
  const replacement = async () => {
    // Another owner is another configuration, hence another container.
    settings.config["phillbot:telegram"].owners =
      settings.config["phillbot:telegram"].owners === owners ? [...owners, "43"] : owners;
    await writeFile(file, stringify(settings));
    await using readiness = watchReadiness(url);
    await update(project, { environment: withoutGate(project), changes: true });
    await until("the bot to be ready", async () => ((await isReady(url)) ? true : undefined), 180_000);
    return readiness.longestGap();
  };
  const boot = () => secondsToBoot(container, url);
  const times = await inTurns(rounds, { replacement, boot }, say);
  const from = `${times.replacement.toFixed(2)} s; ${times.boot.toFixed(2)} s`;
  return {
    what: "time without a ready bot during a replacement ÷ the gateway's own boot",
    value: times.replacement / times.boot,
    goal: 1.2,
    from,
  };
}

/** Asks over and over until disposed. */
function watchReadiness(url: string) {
  let ended = false;
  let lastReady = performance.now();
  let longest = 0;
  const watching = (async () => {
    while (!ended) {
      if (await isReady(url)) {
        longest = Math.max(longest, performance.now() - lastReady);
        lastReady = performance.now();
      }
      await wait(50);
    }
  })();
  return {
    /** Seconds between two moments at which the bot was ready. */
    longestGap: () => Math.max(longest, performance.now() - lastReady) / 1000,
    async [Symbol.asyncDispose]() {
      ended = true;
      await watching;
    },
  };
}
