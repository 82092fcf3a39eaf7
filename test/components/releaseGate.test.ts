import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { ReleaseGate, type ReleaseGateArgs } from "../../components/releaseGate.ts";
import { requiredChecks } from "../../model/check.ts";
import { policyWith } from "../model/gateSample.ts";
import { checksThat, declared, targetIn } from "./gateSample.ts";
import { type Recorder, record } from "./recorder.ts";

const projectRoot = dirname(dirname(import.meta.dirname));
type End = Parameters<ReleaseGateArgs["onEnd"]>[0];

describe("ReleaseGate", () => {
  let folder: string;
  let recorder: Recorder;
  let ends: End[];
  let probed: string[];
  let recorded: string[];
  let exit: ((code: number) => void) | undefined;
  let known: readonly unknown[];

  // With its first resource Pulumi listens for the exit as well.
  before(async () => {
    const first = await record();
    new pulumi.ComponentResource("test:First", "first");
    await first.end();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-gate-"));
    ends = [];
    probed = [];
    recorded = [];
    exit = undefined;
    known = process.listeners("exit");
  });
  afterEach(async () => {
    await recorder.end();
    // Each gate made one, and the last of them all would decide how this process ends.
    for (const listener of process.listeners("exit").filter((each) => !known.includes(each)))
      process.removeListener("exit", listener);
    rmSync(folder, { recursive: true });
  });

  const make = async (more: Partial<ReleaseGateArgs> = {}, preview = false) => {
    recorder = await record({ preview });
    const before = process.listeners("exit");
    new ReleaseGate("gate", {
      target: targetIn(projectRoot, join(folder, "evidence")),
      declared: pulumi.output(declared),
      policy: policyWith(),
      checks: checksThat({}, (id) => void probed.push(id)),
      signOff: { kind: "free" },
      now: () => new Date(),
      record: async ({ verdict }) => void recorded.push(verdict.outcome),
      voidedBy: async () => undefined,
      onEnd: (end) => void ends.push(end),
      ...more,
    });
    exit = process.listeners("exit").find((listener) => !before.includes(listener)) as typeof exit;
  };
  /** Waits until the gate has said how it ended; the test's own bound is the limit. */
  const ended = async () => {
    while (!recorder.logs.some(({ text }) => /release gate is|^Rehearsed/.test(text)))
      await new Promise((next) => setImmediate(next));
  };
  /** The exit code of a program that would end with `code`. */
  const exitCode = (code: number) => {
    const before = process.exitCode;
    try {
      process.exitCode = code;
      exit?.(code);
      return process.exitCode;
    } finally {
      process.exitCode = before;
    }
  };
  const tree = () => recorder.registered.map(({ type, name, parent, inputs }) => ({ type, name, parent, inputs }));

  it("registers every check as a node in a preview, runs none, and says what would run", async () => {
    await make({}, true);
    await recorder.end();
    assert.deepEqual(
      recorder.registered.filter(({ type }) => type === "phillbot:gate:Check").map(({ name, parent }) => [name, parent]),
      requiredChecks.map((id) => [id, "gate"]),
    );
    assert.deepEqual([probed, ends, exit], [[], [], undefined]);
    assert.match(recorder.logs[0]?.text ?? "", /^`up` would run 10 checks: open-items, telegram, /);
  });

  it("registers the same nodes in an update, with nothing in them that varies", async () => {
    await make({}, true);
    await recorder.end();
    const [inPreview, outputs] = [tree(), [...recorder.outputs]];
    await make({ checks: checksThat({ memory: "fail" }) });
    await ended();
    await recorder.end();
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    assert.deepEqual(tree().toSorted(byName), inPreview.toSorted(byName));
    assert.deepEqual(new Map(recorder.outputs), new Map(outputs));
    for (const { inputs } of tree()) assert.deepEqual(inputs, {});
    for (const [, each] of outputs) assert.deepEqual(each, {});
  });

  it("opens only after all checks have passed, and then leaves the program's exit alone", async () => {
    await make();
    await ended();
    assert.deepEqual([...probed].sort(), [...requiredChecks].sort());
    assert.deepEqual(
      ends.map(({ code, summary }) => [code, summary]),
      [[0, "The release gate is open."]],
    );
    assert.equal(ends[0]?.evidence.startsWith(join(folder, "evidence")), true);
    assert.deepEqual([exitCode(0), exitCode(7)], [0, 7]);
    assert.ok(!recorder.logs.some(({ level }) => level === "error"));
  });

  it("says of a rehearsal that it was one, whether it would be open or is blocked", async () => {
    const target = targetIn(projectRoot, join(folder, "evidence"));
    const rehearsed = { ...target, settings: { ...target.settings, rehearsal: true } };
    for (const checks of [checksThat(), checksThat({ memory: "fail" })]) {
      await make({ target: rehearsed, checks });
      await ended();
      const said = [
        ends.at(-1)?.summary ?? "",
        ...recorder.logs.filter(({ resource }) => resource === "gate").map(({ text }) => text),
      ];
      assert.equal(said.length, 2);
      for (const text of said) {
        assert.match(text, /^Rehearsed/);
        assert.doesNotMatch(text, /gate is open/);
      }
      await recorder.end();
    }
  });

  for (const [status, code] of [
    ["fail", 1],
    ["inconclusive", 3],
    ["error", 3],
  ] as const) {
    it(`is blocked where one check is ${status}: an error on the gate names it, with its remedy and the evidence`, async () => {
      await make({ checks: checksThat({ memory: status }) });
      await ended();
      const errors = recorder.logs.filter(({ level }) => level === "error");
      assert.equal(errors.length, 1);
      const { text, resource } = errors[0] ?? { text: "", resource: "" };
      assert.equal(resource, "gate");
      assert.match(text, /blocked by memory; this is not released\.\n {2}memory: .*\n {4}mend memory\nEvidence: /);
      assert.deepEqual(
        ends.map((end) => end.code),
        [code],
      );
      assert.deepEqual([exitCode(0), exitCode(1)], [32, 32]);
    });
  }

  it("puts every verdict on record, and is not open where that cannot be done", async () => {
    await make({ checks: checksThat({ memory: "fail" }) });
    await ended();
    assert.deepEqual(recorded, ["blocked"]);
    await recorder.end();
    ends = [];
    const unwritten = async () => {
      throw new Error("The host does not take it.");
    };
    await make({ record: unwritten });
    while (!recorder.logs.some(({ level }) => level === "error")) await new Promise((next) => setImmediate(next));
    assert.deepEqual(
      ends.map(({ code }) => code),
      [3],
    );
    assert.match(ends[0]?.summary ?? "", /could not be put on the stack's record, so nothing is released/);
    assert.equal(exitCode(0), 32);
    assert.ok(!recorder.logs.some(({ text }) => text.includes("is open")));
  });

  for (const [when, sentences, written] of [
    ["before its verdict is recorded", ["The lease is gone."], []],
    ["while its verdict is recorded", [undefined, "The lease is gone."], ["open"]],
  ] as const) {
    it(`is not open where what voids it came ${when}`, async () => {
      const left = [...sentences];
      await make({ voidedBy: async () => left.shift() });
      while (!recorder.logs.some(({ level }) => level === "error")) await new Promise((next) => setImmediate(next));
      assert.deepEqual(
        ends.map(({ code, summary }) => [code, summary]),
        [[3, "The lease is gone. Nothing is released."]],
      );
      assert.deepEqual([recorded, left, exitCode(0)], [written, [], 32]);
      assert.ok(!recorder.logs.some(({ text }) => text.includes("is open")));
    });
  }

  it("is not open where what the checks were run on is not what was signed", async () => {
    const release = { releaseId: "1.0.0", commit: "a".repeat(40), digest: "b".repeat(64) };
    await make({ signOff: { kind: "signed", release, signer: "bo" } });
    await ended();
    assert.deepEqual(
      ends.map(({ code, summary }) => [code, summary]),
      [[3, "The release gate is open; not released: whether this is signed could not be told."]],
    );
    assert.equal(exitCode(0), 32);
  });

  it("is blocked where a required check is not among those that run", async () => {
    await make({ checks: checksThat().filter(({ id }) => id !== "exposure") });
    await ended();
    assert.match(ends[0]?.summary ?? "", /blocked by exposure/);
    assert.notEqual(ends[0]?.code, 0);
    assert.equal(exitCode(0), 32);
  });

  it("logs each check's line with its status and time on the check's own node, and never as an error", async () => {
    await make({ checks: checksThat({ memory: "fail", telegram: "error" }) });
    await ended();
    for (const id of requiredChecks) {
      const lines = recorder.logs.filter(({ resource, ephemeral }) => resource === id && !ephemeral);
      assert.equal(lines.length, 1, id);
      const status = id === "memory" ? "fail" : id === "telegram" ? "error" : "pass";
      assert.match(lines[0]?.text ?? "", new RegExp(`^${status} in \\d+\\.\\d s: ${id} is ${status}\\.$`));
      assert.equal(lines[0]?.level, status === "pass" ? "info" : "warn");
    }
  });

  it("shows a check's progress as a line that does not stay", async () => {
    const [first, ...others] = checksThat();
    assert.ok(first);
    const probe: typeof first.probe = async (target, context) => {
      context.progress("Half of it is done.");
      return first.probe(target, context);
    };
    await make({ checks: [{ ...first, probe }, ...others] });
    await ended();
    const line = recorder.logs.find(({ text }) => text === "Half of it is done.");
    assert.deepEqual([line?.ephemeral, line?.resource], [true, "open-items"]);
  });

  it("runs no check before what it judges is there", async () => {
    let arrive: (value: typeof declared) => void = () => {};
    const arrived = new Promise<typeof declared>((resolve) => {
      arrive = resolve;
    });
    await make({ declared: pulumi.output(arrived) });
    for (let turn = 0; turn < 20; turn += 1) await new Promise((next) => setImmediate(next));
    assert.deepEqual(probed, []);
    arrive(declared);
    await ended();
    assert.equal(probed.length, requiredChecks.length);
  });

  it("fails a program that ends before there is a verdict, and leaves a worse ending as it is", async () => {
    await make({ declared: pulumi.output(new Promise<never>(() => {})) });
    const write = process.stderr.write;
    let said = "";
    process.stderr.write = ((text: string) => {
      said += text;
      return true;
    }) as typeof write;
    try {
      assert.equal(exitCode(0), 1);
    } finally {
      process.stderr.write = write;
    }
    assert.match(said, /did not run in this update, so nothing is released/);
    assert.equal(exitCode(255), 255);
    assert.deepEqual(ends, []);
  });

  it("writes its evidence whether it opens or not", async () => {
    await make({ checks: checksThat({ memory: "fail" }) });
    await ended();
    const [run] = readdirSync(join(folder, "evidence")).filter((name) => name !== "latest");
    assert.ok(readdirSync(join(folder, "evidence", run ?? "")).includes("index.html"));
  });
});

describe("a program that ends with a release gate", () => {
  const run = (ending: string) => {
    const program = join(import.meta.dirname, "gateProgram.ts");
    return spawnSync(process.execPath, [program, ending], { encoding: "utf8", cwd: projectRoot, timeout: 60_000 });
  };

  for (const [ending, code, what] of [
    ["open", 0, "the gate is open"],
    ["blocked", 32, "it is blocked, which is what tells Pulumi's host that the reason was logged"],
    ["unknown", 1, "an update of some resources alone left what it declares unknown"],
  ] as const) {
    it(`exits with ${code} where ${what}`, () => assert.equal(run(ending).status, code));
  }

  for (const [ending, what] of [
    ["rejected", "a resource failed"],
    ["no-evidence", "the evidence cannot be written"],
  ] as const) {
    it(`does not exit with 0 where ${what}`, () => {
      const { status } = run(ending);
      assert.notEqual(status, 0);
      assert.notEqual(status, null);
    });
  }
}).timeout(60_000);
