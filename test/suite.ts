/** Runs one suite of mocha tests, two files side by side, and writes how many passed and failed. Usage: `node test/suite.ts unit|e2e COUNT_FILE [GREP]`. */

import { globSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import Mocha from "mocha";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [name, countFile, grep] = process.argv.slice(2);
const suites = {
  unit: { files: globSync("test/**/*.test.ts", { cwd: root, exclude: ["test/e2e/**"] }), timeout: 20_000 },
  e2e: { files: globSync("test/e2e/**/*.test.ts", { cwd: root }), timeout: 300_000 },
} as const;
if ((name !== "unit" && name !== "e2e") || countFile === undefined)
  throw new Error("Usage: test/suite.ts unit|e2e COUNT_FILE [GREP]");

const { files, timeout } = suites[name];
// On a busy machine a real gateway may miss a limit once. It is tried again once, and the log says so; twice is a failure.
const retries = name === "e2e" ? 1 : 0;
const jobs = 2;
const mocha = new Mocha({
  ...{ timeout, retries, slow: timeout },
  // A lone `.only` must not leave the rest out unseen.
  ...{ forbidOnly: true, forbidPending: true },
  // Two, also where there is room for more: real gateways that boot beside each other wait for the same processors.
  ...{ parallel: true, jobs },
  ...(grep ? { grep } : {}),
});
const order = files.toSorted();
for (const file of order) mocha.addFile(join(root, file));
await mocha.loadFilesAsync();
/** When a file that mocha has handed out began: the first `jobs` at once, each further one when another ended. */
const began = Array.from({ length: jobs }, () => Date.now());
const took = new Map<string, number>();
/** Mocha tells all of a file's tests at once, when the file ends. */
const noteEnd = ({ file }: { readonly file?: string | undefined }) => {
  if (file === undefined || took.has(relative(root, file))) return;
  const name = relative(root, file);
  took.set(name, Date.now() - (began[order.indexOf(name)] ?? Date.now()));
  began.push(Date.now());
};
const failures: string[] = [];
const tests: [title: string, ms: number][] = [];
const runner = mocha.run((failed) => {
  for (const slowest of [took, tests])
    for (const [what, ms] of [...slowest].toSorted((one, other) => other[1] - one[1]).slice(0, 40))
      process.stdout.write(`    ${String(Math.round(ms / 1000)).padStart(5)} s  ${what}\n`);
  writeFileSync(countFile, JSON.stringify({ passed: runner.stats?.passes ?? 0, failed, failures }));
  process.exit(failed === 0 ? 0 : 1);
});
/** Why the first attempt failed, which the second may only be a consequence of. */
const before = new Map<string, string>();
runner.on("test end", (test: Mocha.Test) => {
  noteEnd(test);
  tests.push([test.fullTitle(), test.duration ?? 0]);
});
runner.on("fail", (test: Mocha.Test, error: Error) => {
  const first = before.get(test.fullTitle());
  const earlier = first === undefined ? "" : ` At the first attempt: ${first}`;
  failures.push(`${test.fullTitle()}: ${error.message.slice(0, 2000)}${earlier}`);
});
runner.on("retry", (test: Mocha.Test, error: Error) => {
  before.set(test.fullTitle(), error.message.slice(0, 1000));
  process.stdout.write(`    Tried again, having failed once: ${test.title}: ${error.message.slice(0, 2000)}\n`);
});
