/** `npm test`: everything CI runs, one part after the other; all parts run even when one fails. Options: `--fast` leaves out what needs an engine. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beginTests } from "../release/testResult.ts";
import { stopEngine } from "../toolchain/down.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fast = process.argv.includes("--fast");
const folder = mkdtempSync(join(tmpdir(), "phillbot-test-"));

interface Count {
  readonly passed: number;
  readonly failed: number;
  /** Each in words: an hour of output lies above the last line, and whoever reads it may have the end alone. */
  readonly failures: readonly string[];
}

/** A tool counts as one test: it passes, or it does not. */
function tool(title: string, argv: readonly string[]): Count {
  const passed = run(title, argv) === 0;
  return passed ? { passed: 1, failed: 0, failures: [] } : { passed: 0, failed: 1, failures: [title] };
}

/** A suite that ends without its count has failed, whatever its exit code says. */
function suite(name: string): Count {
  const file = join(folder, `${name}.json`);
  const code = run(`Tests: ${name}`, ["node", "test/suite.ts", name, file]);
  try {
    const count = JSON.parse(readFileSync(file, "utf8")) as Count;
    if (count.passed + count.failed === 0) return { passed: 0, failed: 1, failures: [`Tests: ${name}: none was run`] };
    return code !== 0 && count.failed === 0 ? { ...count, failed: 1, failures: [`Tests: ${name}: ended with ${code}`] } : count;
  } catch {
    return { passed: 0, failed: 1, failures: [`Tests: ${name}: ended without its count`] };
  }
}

/** What the shell of an operator says of one stack, such as where its state is, is not what the tests are about. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:PULUMI|PHILLBOT)_/.test(name)));

function run(title: string, [command = "", ...args]: readonly string[]): number {
  const started = Date.now();
  process.stdout.write(`\n── ${title}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, env: environment, stdio: "inherit" });
  if (error) process.stdout.write(`${error.message}\n`);
  process.stdout.write(`── ${title}: ${status === 0 ? "done" : "failed"} in ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
  return status ?? 1;
}

/** An engine that runs already is somebody's; one that the set-up brings for the tests goes with them. */
const engineWasUp = spawnSync("docker", ["info"], { stdio: "ignore" }).status === 0;

const end = await beginTests(root);
const counts = [
  tool("Types", ["tsc"]),
  tool("Format and lint", ["biome", "check", "."]),
  tool("Import rule", ["depcruise", "--config", ".dependency-cruiser.json", "."]),
  tool("Unused code", ["knip"]),
  tool("Roles", ["node", "deck/main.ts", "roles", "check", "--by-tree"]),
  suite("unit"),
  ...(fast ? [] : [tool("Set-up", ["node", "toolchain/main.ts"]), suite("e2e")]),
];
rmSync(folder, { recursive: true, force: true });
if (!fast && !engineWasUp) process.stdout.write(`\n${(await stopEngine(root)).sentence}\n`);
const passed = counts.reduce((sum, count) => sum + count.passed, 0);
const failed = counts.reduce((sum, count) => sum + count.failed, 0);
// Last of all: what did not get this far has no result, and nobody can attest it.
await end({ passed, failed, whole: !fast, now: new Date() });
for (const failure of counts.flatMap(({ failures }) => failures)) process.stdout.write(`\nFailed: ${failure}\n`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
