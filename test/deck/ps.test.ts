import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeEvidence } from "../../checks/evidence/write.ts";
import { ensureDevStack } from "../../deck/devStack.ts";
import { psVerb } from "../../deck/ps.ts";
import { reportVerb } from "../../deck/report.ts";
import { evidenceFolderOf } from "../../deck/session.ts";
import type { Call, World } from "../../deck/verb.ts";
import type { SignOffStanding } from "../../model/gate.ts";
import { sampleReport } from "../checks/evidenceSample.ts";
import { confined } from "../checks/gatewayHost.ts";

const images = { gateway: "test/gateway:1", telegram: "test/telegram:1", rest: "test/rest:1", postgres: "test/postgres:1" };
const hex = (character: string) => character.repeat(64);
const startedAt = "2026-03-10T02:10:00.123456789Z";
const path = process.env.PATH;

describe("deck ps and deck report", () => {
  let root: string;
  let world: World;
  let said: string[];
  const call = (verb: string, options = {}): Call => {
    return { verb, stack: "dev", json: false, yes: false, dryRun: false, args: [], options };
  };

  /** What the engine says, of the gateway and the services beside it. */
  const run = (over: { readonly Id?: string; readonly StartedAt?: string; readonly health?: string } = {}) => {
    const { Id = hex("a"), StartedAt = startedAt, health = "healthy" } = over;
    const state = { Status: "running", OOMKilled: false, ExitCode: 0, Health: { Status: health, FailingStreak: 0 } };
    const container = (name: string, own: object) => ({
      Id: hex("b"),
      Name: `/phillbot-dev-${name}-1`,
      Image: `sha256:${hex("c")}`,
      RestartCount: 0,
      State: { ...state, StartedAt },
      HostConfig: confined,
      NetworkSettings: { Networks: {} },
      Config: { Image: "test:1", Labels: {} },
      Mounts: [],
      ...own,
    });
    const all = [container("openclaw-gateway", { Id }), ...["postgres", "rest", "telegram"].map((each) => container(each, {}))];
    writeFileSync(join(root, "containers"), JSON.stringify(all));
  };
  const gate = async (measured: Readonly<Record<string, unknown>>, failing = false, signOff?: SignOffStanding) => {
    const report = sampleReport(failing, undefined, signOff);
    const checks = report.checks.map((check) => (check.id === "runtime" ? { ...check, measured } : check));
    await writeEvidence({ ...report, stack: "dev", checks }, evidenceFolderOf(root, "dev"), (text) => text);
  };

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "phillbot-ps-"));
    mkdirSync(join(root, "bin"));
    const docker = `#!/bin/sh\ncase "$1" in ps) printf 'id\\tphillbot-dev-openclaw-gateway-1\\t\\t\\n' ;; *) cat ${root}/containers ;; esac\n`;
    writeFileSync(join(root, "bin/docker"), docker);
    chmodSync(join(root, "bin/docker"), 0o755);
    process.env.PATH = `${join(root, "bin")}:${path}`;
    await ensureDevStack({ projectRoot: root, stack: "dev", images, ownPorts: true });
    said = [];
    world = {
      root,
      environment: { PATH: process.env.PATH },
      output: { data: () => {}, progress: (line) => void said.push(line), hide: () => {} },
      now: () => new Date("2026-03-10T05:14:08Z"),
      signal: AbortSignal.timeout(30_000),
    };
    run();
    await gate({ containerId: hex("a"), startedAt });
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(root, { recursive: true });
  });

  for (const [title, when, code] of [
    ["an update began after it, and reached no verdict", "2026-03-10T04:00:00Z", 3],
    ["it cannot be read when the last update began", "noon", 3],
    ["the last update began before it", "2026-03-10T02:00:00Z", 0],
  ] as const) {
    it(`end with ${code} where ${title}`, async () => {
      writeFileSync(join(evidenceFolderOf(root, "dev"), "update-begun"), `${when}\n`);
      const outcome = await psVerb.run(call("ps"), world);
      assert.equal(outcome.code, code);
      assert.equal(/an update began after it and reached no verdict/.test(outcome.text), code === 3, outcome.text);
    });
  }

  it("say that the last gate was open while the container runs that it looked at", async () => {
    const { code, text } = await psVerb.run(call("ps"), world);
    assert.match(text, /Last gate: open, 3 h ago\.$/);
    assert.equal(code, 0);
  });

  for (const [title, over, words] of [
    ["replaced", { Id: hex("d") }, /the container was replaced/],
    ["started anew", { StartedAt: "2026-03-10T04:00:00Z" }, /the container was started anew at 2026-03-10T04:00:00Z/],
  ] as const) {
    it(`do not show it as current where the container was ${title} since`, async () => {
      run(over);
      const { code, text, data } = await psVerb.run(call("ps"), world);
      assert.match(text, /Last gate: open, 3 h ago, but nothing is proven since: /);
      assert.match(text, words);
      assert.match(String((data.lastVerdict as { unprovenSince: string }).unprovenSince), words);
      assert.equal(code, 3);
    });
  }

  it("do not take evidence that names no container for a proof", async () => {
    await gate({});
    const { code, text } = await psVerb.run(call("ps"), world);
    assert.match(text, /nothing is proven since: it does not say which container/);
    assert.equal(code, 3);
  });

  it("let what is unwell outweigh what is unproven", async () => {
    run({ Id: hex("d"), health: "unhealthy" });
    assert.equal((await psVerb.run(call("ps"), world)).code, 1);
  });

  it("show first how old the evidence is and which container it is about", async () => {
    const { text } = await reportVerb.run(call("report"), world);
    const [first] = text.split("\n");
    assert.match(
      first ?? "",
      /^open 3 h ago, at 2026-03-10T02:14:07\.120Z, of the container `a{12}` as started at 2026-03-10T02:10/,
    );
    assert.match(first ?? "", /npx deck ps/);
  });

  it("leave the evidence itself as it is, and say its age beside it", async () => {
    const { text } = await reportVerb.run(call("report", { format: "json" }), world);
    assert.equal(JSON.parse(text).schema, "phillbot/evidence/v1");
    assert.match(said.join("\n"), /^open 3 h ago/);
  });

  it("say of an open gate on what nobody signed that nothing was released by it", async () => {
    const signOff = { kind: "unsigned", reasons: ["It is not on record."], remedy: "npx deck release cut" } as const;
    await gate({ containerId: hex("a"), startedAt }, false, signOff);
    const words = "open (not released: nobody signed this for this stack)";
    const ps = await psVerb.run(call("ps"), world);
    assert.ok(ps.text.includes(`Last gate: ${words}, 3 h ago.`), ps.text);
    assert.deepEqual([ps.data.lastVerdict && (ps.data.lastVerdict as { signOff: string }).signOff, ps.code], ["unsigned", 0]);
    const report = await reportVerb.run(call("report"), world);
    assert.ok(report.text.startsWith(`${words} 3 h ago`), report.text);
    assert.deepEqual(report.data.signOff, signOff);
  });
});
