/** The check `drill`: only evidence that this clone wrote for this stack, and nobody changed since, lets a release out. */

import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckContext, TreeTarget } from "../../checks/check.ts";
import { drillCheck } from "../../checks/drill.ts";
import { writeDrill } from "../../checks/evidence/drill.ts";
import type { Drill } from "../../model/drill.ts";
import { parseSettings } from "../../model/settingsParse.ts";
import { judge } from "../../model/verdict.ts";
import { drillOf, now } from "../model/drillSample.ts";
import { policyWith, resultOf } from "../model/gateSample.ts";
import { sshSettings } from "../model/settingsSample.ts";

const parsed = parseSettings(sshSettings());
assert.ok(parsed.ok);
const { settings } = parsed;
const policy = policyWith({ drill: { maximumAgeDays: 7 } });
const context: CheckContext = { signal: new AbortController().signal, now: () => now, policy, progress: () => {} };

describe("the check drill", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "phillbot-drill-"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const evidenceFolder = () => join(root, ".phillbot", "evidence", "prod");
  const target = (changes: Partial<TreeTarget> = {}): TreeTarget => ({
    ...{ stack: "prod", settings, secrets: new Map(), projectRoot: root, evidenceFolder: evidenceFolder() },
    ...changes,
  });
  const write = (changes: Partial<Drill> = {}) =>
    writeDrill(drillOf(changes), { home: root, evidenceFolder: evidenceFolder() }, (text) => text);
  const look = (changes?: Partial<TreeTarget>) => drillCheck.probe(target(changes), context);
  const only = async () => join(evidenceFolder(), (await readdir(evidenceFolder()))[0] ?? "", "drill.json");
  /** Changes what lies there, as an editor would. */
  const edit = async (change: (drill: Record<string, unknown>) => Record<string, unknown>) => {
    const path = await only();
    await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, "utf8")))));
  };

  it("passes for a drill that held, and says of which commit", async () => {
    const page = await write();
    const { status, summary } = await look();
    assert.equal(status, "pass");
    assert.match(summary, /commit 111111111111 .* 1\.0 days ago .* 7 are allowed/);
    for (const path of [page, await only()]) assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it("asks for none where all that is hosted is played, which a stack with sign-off cannot say of itself", async () => {
    const ports = { telegramPort: 1, restPort: 2, postgresPort: 3 };
    const devServices = { ...ports, images: { telegram: "a:1", rest: "b:1", postgres: "c:1" } };
    const own = { ...settings, requireSignOff: false, host: { kind: "local" }, devServices } as const;
    assert.equal((await look({ settings: own })).status, "pass");
    assert.equal((await look({ settings: { ...own, requireSignOff: true } })).status, "fail");
  });

  it("fails where there is none, with the command to type", async () => {
    const { status, remedy } = await look();
    assert.deepEqual([status, remedy], ["fail", "npx deck drill"]);
  });

  for (const [how, change] of [
    ["its outcome", (drill) => ({ ...drill, outcome: "held", steps: drillOf().steps, data: drillOf().data })],
    ["its end", (drill) => ({ ...drill, finishedAt: now.toISOString() })],
    ["its stack", (drill) => ({ ...drill, stack: "prod" })],
    ["a key that no drill has", (drill) => ({ ...drill, approved: true })],
    ["no seal", ({ seal: _seal, ...drill }) => drill],
  ] as readonly (readonly [string, (drill: Record<string, unknown>) => Record<string, unknown>])[]) {
    it(`does not count one that somebody edited: ${how}`, async () => {
      await write();
      const steps = drillOf().steps.slice(0, 3);
      await rm(evidenceFolder(), { recursive: true });
      await write({ outcome: "unknown", steps, data: null, stack: "dev", finishedAt: "2026-01-01T00:00:00.000Z" });
      await edit((drill) => change(drill));
      const { status, summary } = await look();
      assert.equal(status, "fail");
      assert.match(summary, /does not count: drill-2026/);
    });
  }

  it("does not count one that says it held and whose steps say otherwise, whoever sealed it", async () => {
    await write({ steps: drillOf().steps.slice(0, 4) });
    assert.equal((await look()).status, "fail");
  });

  it("does not count one of another stack, or of another clone", async () => {
    await write({ stack: "dev" });
    assert.equal((await look()).status, "fail");
    await rm(evidenceFolder(), { recursive: true });
    await write();
    const other = await mkdtemp(join(tmpdir(), "phillbot-drill-"));
    try {
      assert.equal((await look()).status, "pass");
      assert.equal((await look({ projectRoot: other })).status, "fail");
    } finally {
      await rm(other, { recursive: true, force: true });
    }
  });

  it("fails where the newest one failed, and a copy under a later name does not help the older", async () => {
    await write({ finishedAt: "2026-03-08T12:00:00.000Z", startedAt: "2026-03-08T11:00:00.000Z" });
    const steps = drillOf().steps.map((step, at) => (at === 4 ? { ...step, status: "failed" as const } : step));
    const older = await only();
    await write({ outcome: "failed", steps });
    await mkdir(join(evidenceFolder(), "drill-2026-03-10T11-00-00.000Z"));
    await cp(older, join(evidenceFolder(), "drill-2026-03-10T11-00-00.000Z", "drill.json"));
    const { status, summary } = await look();
    assert.equal(status, "fail");
    assert.match(summary, /did not hold/);
  });

  it("of an older release that comes back, looks in the project's own folder, and blocks no rollback", async () => {
    await write();
    const { status } = await look({ projectRoot: join(root, "kept"), rollback: { name: "1.0.0", home: root } });
    assert.equal(status, "pass");
    const ran = [resultOf("drill", "fail"), resultOf("runtime", "pass")];
    const bench = { results: ran, policy, policyDigest: "0", required: ["drill", "runtime"], now, toolVersion: "1" };
    const rehearsed = { rehearsal: false, standIns: [] };
    assert.equal(judge({ ...bench, rehearsed, rollbackTo: "1.0.0" }).outcome, "open");
    assert.equal(judge({ ...bench, rehearsed }).outcome, "blocked");
  });
});
