/** `npm run bench`: ratios measured side by side in one run, each with its goal. Options: `--rounds N` (default 5). */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { LocalHost } from "../../host/local.ts";
import { type SyncSpec, syncFolder } from "../../host/sync.ts";
import { prepare } from "../../toolchain/main.ts";
import { makeProject, sourceRoot } from "../e2e/project.ts";
import { inTurns, isMet, type Line, table, timed } from "./measure.ts";
import { measureManifest, measureVerification } from "./release.ts";
import { measureStack } from "./stack.ts";

const documents = 10_000;
const say = (line: string) => void process.stderr.write(`${line}\n`);

/** The set-up of a second `npm start`: everything is there. */
async function measureSetUp(rounds: number): Promise<Line> {
  const setUp = timed(() => execa(process.execPath, [join(sourceRoot, "toolchain/main.ts")], { stdin: "ignore" }));
  const { seconds } = await inTurns(rounds, { seconds: setUp }, say);
  return { what: "set-up of the second `npm start`", value: seconds, goal: 10, unit: "s", from: "" };
}

/** Documents that are on the host already, beside rsync by itself. */
async function measureSync(rounds: number): Promise<Line> {
  const folder = await mkdtemp(join(tmpdir(), "phillbot-bench-"));
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  try {
    await mkdir(to);
    for (let part = 0; part < 100; part += 1) {
      const below = join(from, String(part));
      await mkdir(below, { recursive: true });
      const names = Array.from({ length: documents / 100 }, (_, index) => join(below, `${index}.md`));
      await Promise.all(names.map((name) => writeFile(name, `# ${name}\n${"A sentence of a document. ".repeat(40)}\n`)));
    }
    const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const spec: SyncSpec = { from, to, below: dirname(to), ...owner, via: { kind: "direct" } };
    const host = new LocalHost();
    await syncFolder(host, spec);
    const sync = timed(async () => {
      if ((await syncFolder(host, spec)).changed) throw new Error("The sync changed something.");
    });
    const rsync = timed(() => execa("rsync", ["--recursive", "--checksum", "--delete", "--perms", `${from}/`, `${to}/`]));
    const times = await inTurns(rounds * 2, { sync, rsync }, say);
    const what = `doc sync of ${documents.toLocaleString("en")} unchanged files ÷ rsync --checksum`;
    return { what, value: times.sync / times.rsync, goal: 1.3, from: `${times.sync.toFixed(2)} s; ${times.rsync.toFixed(2)} s` };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  say(`\`--rounds\` is ${values.rounds}; a whole number of at least 1 is wanted.`);
  process.exit(2);
}
const toolchain = await prepare({ project: sourceRoot });
Object.assign(process.env, toolchain.env);
const load = loadavg()[0] ?? 0;
await using project = await makeProject();
const lines = [
  await measureSync(rounds),
  await measureManifest(rounds, say),
  ...(await measureVerification(rounds, say)),
  await measureSetUp(rounds),
  ...(await measureStack(project, rounds, say)),
];
process.stdout.write(
  `${table(lines)}\n\n${rounds} rounds in turns; ${cpus().length} processors, load ${load.toFixed(1)} at the start.\n`,
);
process.exitCode = lines.every(isMet) ? 0 : 1;
