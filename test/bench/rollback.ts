/** The measurements of a rollback, from the command to the open gate beside what it cannot do without; and of a drill of one. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { openTarget } from "../../deck/session.ts";
import type { GatePolicy } from "../../model/gate.ts";
import type { TestProject } from "../e2e/project.ts";
import { inTurns, type Line, timed } from "./measure.ts";
import { callOf, gateOnce, secondsToBoot, worldOf } from "./onStack.ts";

/** What runs is replaced by another configuration, which is then taken back, again and again. */
export async function measureRollback(
  project: TestProject,
  policy: GatePolicy,
  { rounds, say }: { readonly rounds: number; readonly say: (line: string) => void },
): Promise<Line> {
  const file = join(project.root, `Pulumi.${project.stack}.yaml`);
  const settings = parse(await readFile(file, "utf8"));
  const port = settings.config["phillbot:gateway"].port;
  const newer = async () => {
    settings.config["phillbot:telegram"].owners.push(String(100 + settings.config["phillbot:telegram"].owners.length));
    await writeFile(file, stringify(settings));
    await run(project, "up", "--yes");
  };
  await run(project, "up", "--yes");
  const work = {
    newer: timed(newer),
    gate: async () => {
      await using session = await openTarget(callOf(project), worldOf(project));
      return gateOnce(session, policy)();
    },
    rollback: timed(() => run(project, "rollback", "--yes")),
    boot: () => secondsToBoot(`${project.name}-openclaw-gateway-1`, `http://127.0.0.1:${port}/readyz`),
  };
  const times = await inTurns(rounds, work, say);
  const [rollback, boot, gate] = [times.rollback, times.boot, times.gate];
  return {
    what: "rollback, from the command to the open gate ÷ (a boot + a gate)",
    value: rollback / (boot + gate),
    goal: 1.5,
    from: `${rollback.toFixed(2)} s; ${boot.toFixed(2)} s + ${gate.toFixed(2)} s`,
  };
}

/** One drill, from the command to its evidence; once, since it takes as long as all rounds of a rollback together. */
export async function measureDrill(project: TestProject, say: (line: string) => void): Promise<Line> {
  const { drill } = await inTurns(1, { drill: timed(() => run(project, "drill")) }, say);
  return { what: "a drill, from the command to its evidence", value: drill, unit: "s", from: "" };
}

async function run(project: TestProject, ...words: readonly string[]): Promise<void> {
  const { code, stderr } = await project.deck(...words);
  if (code !== 0) throw new Error(`\`deck ${words.join(" ")}\` ended with ${code}: ${stderr.slice(-2000)}`);
}
