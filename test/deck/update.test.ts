import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { runUpdate } from "../../deck/update.ts";
import { type FakePulumi, fakePulumi, summary, violation } from "./fakePulumi.ts";

const open = JSON.stringify({ code: 0, summary: "The release gate is open.", evidence: "/evidence/index.html" });
const same = summary({ same: 3 });
const changes = { create: 0, update: 0, replace: 0, delete: 0, same: 3 };
const forecast = (code: number, ...upWouldBeRefused: string[]) => JSON.stringify({ code, upWouldBeRefused });

describe("runUpdate", () => {
  let pulumi: FakePulumi;
  beforeEach(() => {
    pulumi = fakePulumi();
  });
  afterEach(() => pulumi.remove());

  it("is done where Pulumi succeeded and the program wrote that its gate was open", async () => {
    pulumi.set("outcome", open);
    pulumi.set("events", same);
    assert.deepEqual(await runUpdate(pulumi.call()), { ...JSON.parse(open), deleted: 0, changes });
  });

  it("could not tell where Pulumi succeeded and the program wrote nothing", async () => {
    pulumi.set("events", same);
    const { code, summary } = await runUpdate(pulumi.call());
    assert.equal(code, 3);
    assert.match(summary, /reached no verdict, so nothing is released/);
  });

  for (const [what, written] of [
    ["half a document", open.slice(0, 20)],
    ["nothing", ""],
    ["an unknown code", JSON.stringify({ code: 5, summary: "?" })],
    ["no code", JSON.stringify({ summary: "?" })],
    ["an unknown key", JSON.stringify({ code: 0, summary: "?", open: true })],
  ] as const) {
    it(`could not tell where the program wrote ${what}`, async () => {
      pulumi.set("outcome", written);
      pulumi.set("events", same);
      assert.equal((await runUpdate(pulumi.call())).code, 3);
    });
  }

  it("takes no rollback's open gate for a release's, nor a release's or another's for a rollback's", async () => {
    const tree = "a".repeat(40);
    const rollback = { tree, stackFile: "config: {}\n" };
    const rolledBack = (to: string) => JSON.stringify({ code: 0, summary: "Rolled back.", rolledBack: to });
    pulumi.set("events", same);
    const code = async (outcome: string, more: Parameters<FakePulumi["call"]>[0]) => {
      pulumi.set("outcome", outcome);
      return (await runUpdate(pulumi.call(more))).code;
    };
    assert.equal(await code(rolledBack(tree), {}), 3);
    assert.equal(await code(open, { rollback }), 3);
    assert.equal(await code(rolledBack("b".repeat(40)), { rollback }), 3);
    assert.equal(await code(rolledBack(tree), { rollback }), 0);
    assert.match(pulumi.said("argv") ?? "", /--config-file\n.*Pulumi\..*\.yaml/);
  });

  it("could not tell, and is not done, where Pulumi failed after an open gate", async () => {
    pulumi.set("outcome", open);
    pulumi.set("exit", "255");
    const { code, summary } = await runUpdate(pulumi.call());
    assert.equal(code, 3);
    assert.match(summary, /nothing is released/);
  });

  it("could not tell where a signal ended Pulumi after an open gate", async () => {
    pulumi.set("outcome", open);
    pulumi.set("kill");
    assert.equal((await runUpdate(pulumi.call())).code, 3);
  });

  it("names the exit code where Pulumi failed before any verdict", async () => {
    pulumi.set("exit", "17");
    const { code, summary } = await runUpdate(pulumi.call());
    assert.equal(code, 3);
    assert.match(summary, /ended with 17 before its gate/);
  });

  for (const code of [1, 2, 3, 4]) {
    it(`ends with the program's ${code}, whatever Pulumi's own exit code`, async () => {
      pulumi.set("outcome", JSON.stringify({ code, summary: "Blocked." }));
      for (const exit of ["255", "0"]) {
        pulumi.set("exit", exit);
        assert.equal((await runUpdate(pulumi.call())).code, code);
      }
    });
  }

  it("has Pulumi load the project's policy pack, for an update and for a preview", async () => {
    for (const command of ["up", "preview"] as const) {
      const call = pulumi.call({ command });
      await runUpdate(call);
      const argv = pulumi.said("argv")?.split("\n") ?? [];
      assert.equal(argv[argv.indexOf("--policy-pack") + 1], join(call.root, "policy/pack"));
    }
  });

  for (const command of ["up", "preview"] as const) {
    it(`is refused where ${command} breaks a rule of the policy, whatever the program wrote and Pulumi ended with`, async () => {
      const lines: string[] = [];
      pulumi.set("events", `${violation("not-privileged", "Policy `not-privileged` refuses `it`: It is. Leave it out.")}${same}`);
      for (const written of [open, forecast(0), ""]) {
        pulumi.set("outcome", written);
        for (const exit of ["0", "255"]) {
          pulumi.set("exit", exit);
          const output = { progress: (line: string) => void lines.push(stripVTControlCharacters(line)) };
          const { code, summary } = await runUpdate(pulumi.call({ command, output }));
          assert.equal(code, 4);
          assert.match(summary, /^Refused by the stack's policy \(not-privileged\); nothing (?:is released|was changed)/);
        }
      }
      assert.deepEqual([...new Set(lines)], ["✗ Policy `not-privileged` refuses `it`: It is. Leave it out."]);
    });
  }

  it("takes an advice for no refusal", async () => {
    pulumi.set("events", `${violation("anything", "One could.", "advisory")}${same}`);
    pulumi.set("outcome", open);
    assert.equal((await runUpdate(pulumi.call())).code, 0);
  });

  it("is no success where Pulumi cannot be started", async () => {
    assert.equal((await runUpdate(pulumi.call({ pulumi: join(pulumi.folder, "absent") }))).code, 3);
  });

  it("has previewed only where Pulumi succeeded and the program wrote whether `up` would be refused", async () => {
    const preview = () => runUpdate(pulumi.call({ command: "preview" }));
    const { code, upWouldBeRefused } = await preview();
    assert.deepEqual([code, upWouldBeRefused], [3, null]);
    pulumi.set("outcome", forecast(0));
    pulumi.set("events", summary({ create: 2, update: 1, same: 3 }, { isPreview: true }));
    assert.deepEqual(await preview(), {
      code: 0,
      summary: "Previewed; nothing was changed. `up` would not be refused before it begins.",
      upWouldBeRefused: [],
      changes: { create: 2, update: 1, replace: 0, delete: 0, same: 3 },
      deleted: 0,
    });
    pulumi.set("exit", "255");
    assert.equal((await preview()).code, 3);
    pulumi.set("outcome", JSON.stringify({ code: 2, summary: "A setting is wrong." }));
    assert.equal((await preview()).code, 2);
  });

  for (const [written, code] of [
    [forecast(1, "open-items", "documents"), 1],
    [forecast(3, "open-items", "documents"), 3],
    [forecast(0, "open-items", "documents"), 3],
  ] as const) {
    it(`previews with ${code} where the program wrote ${written}`, async () => {
      pulumi.set("outcome", written);
      const end = await runUpdate(pulumi.call({ command: "preview" }));
      assert.deepEqual([end.code, end.upWouldBeRefused, end.changes], [code, ["open-items", "documents"], null]);
      assert.match(end.summary, /nothing was changed. `up` would be refused by open-items, documents/);
    });
  }

  it("does not take a preview's word for an update's", async () => {
    pulumi.set("outcome", forecast(0));
    pulumi.set("events", same);
    assert.equal((await runUpdate(pulumi.call())).code, 3);
  });

  it("leaves no question to Pulumi, and asks a preview nothing", async () => {
    const argv = async (more: Parameters<FakePulumi["call"]>[0]) => {
      await runUpdate(pulumi.call(more));
      return pulumi.said("argv")?.split("\n") ?? [];
    };
    assert.ok((await argv({})).includes("--yes"));
    assert.ok((await argv({ verbose: true })).includes("--yes"));
    assert.ok(!(await argv({ command: "preview" })).includes("--yes"));
  });

  it("hands on the given environment and nothing else of its own process", async () => {
    process.env.PHILLBOT_TEST_PLANTED = "planted";
    try {
      await runUpdate(pulumi.call());
    } finally {
      delete process.env.PHILLBOT_TEST_PLANTED;
    }
    assert.doesNotMatch(pulumi.said("env") ?? "", /planted/);
    assert.match(pulumi.said("env") ?? "", /^PHILLBOT_OUTCOME_FILE=/m);
  });

  it("hands secret variables to the program alone: not in the environment that all else inherits", async () => {
    pulumi.set("ask");
    await runUpdate(pulumi.call({ secretVariables: { A_KEY: "planted" } }));
    assert.deepEqual(JSON.parse(pulumi.said("handed") ?? ""), { A_KEY: "planted" });
    assert.doesNotMatch(`${pulumi.said("env")}${pulumi.said("argv")}`, /planted|A_KEY/);
  });

  it("lets nobody else enter where it hands them over", async () => {
    pulumi.set("wait");
    const interrupted = new AbortController();
    const ended = runUpdate(pulumi.call({ signal: interrupted.signal }));
    while (pulumi.said("started") === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    const socket = /^PHILLBOT_SECRETS_SOCKET=(.*)$/m.exec(pulumi.said("env") ?? "")?.[1] ?? "";
    assert.equal(statSync(dirname(socket)).mode & 0o777, 0o700);
    interrupted.abort();
    await ended;
    assert.equal(existsSync(socket), false);
  });

  for (const [counted, told] of [
    [summary({ create: 3, update: 1, same: 5 }), /Until then: 3 created, 1 updated\./],
    [summary({ same: 5 }), /Nothing was changed until then\./],
    [summary({ create: 3 }, { maybeCorrupt: true }), /What it had done until then could not be counted\./],
    ["", /What it had done until then could not be counted\./],
  ] as const) {
    it(`says what was done until it was interrupted: ${told.source}`, async () => {
      pulumi.set("wait");
      pulumi.set("events", counted);
      const interrupted = new AbortController();
      const ended = runUpdate(pulumi.call({ signal: interrupted.signal }));
      while (pulumi.said("started") === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
      interrupted.abort();
      const { code, summary: said } = await ended;
      assert.equal(code, 3);
      assert.match(said, /^The update was interrupted before its gate reached a verdict; nothing is released\./);
      assert.match(said, told);
    });
  }

  it("leaves no folder behind", async () => {
    await runUpdate(pulumi.call());
    const outcome = /^PHILLBOT_OUTCOME_FILE=(.*)$/m.exec(pulumi.said("env") ?? "")?.[1];
    assert.ok(outcome);
    assert.equal(existsSync(dirname(outcome)), false);
  });
});

describe("the deletions of an update", () => {
  let pulumi: FakePulumi;
  beforeEach(() => {
    pulumi = fakePulumi();
    pulumi.set("outcome", open);
  });
  afterEach(() => pulumi.remove());
  const deleted = async () => (await runUpdate(pulumi.call())).deleted;
  const event = `${JSON.stringify({ sequence: 1, stdoutEvent: { message: "summaryEvent" } })}\n`;

  for (const [what, log, expected] of [
    ["none where nothing was deleted", event + same, 0],
    ["none where the engine did nothing at all", event + summary({}), 0],
    ["each kind of deletion", summary({ same: 1, delete: 1, "delete-replaced": 2, discard: 4, "discard-replaced": 8 }), 15],
    ["those of the update, not of its preview", summary({ delete: 5 }, { isPreview: true }) + summary({ delete: 1 }), 1],
    ["those of a log with blank and malformed lines", `\n{"sequence":\n\n${summary({ delete: 2 })}not JSON\n{"sequ`, 2],
    ["unknown where the log was cut off in its last event", event + summary({ delete: 2 }).slice(0, -10), null],
    ["unknown where there is only a preview's count", summary({ same: 1 }, { isPreview: true }), null],
    ["unknown where the engine itself doubts it", summary({ same: 1 }, { maybeCorrupt: true }), null],
    ["unknown in an empty log", "", null],
    ["unknown in a log of nothing but garbage", "\0\0\n[]\nnull\n", null],
  ] as const) {
    it(`are ${what}`, async () => {
      pulumi.set("events", log);
      assert.equal(await deleted(), expected);
    });
  }

  it("are unknown where there is no log", async () => assert.equal(await deleted(), null));

  it("are unknown where something else has the log's place", async () => {
    pulumi.set("eventsFolder");
    assert.equal(await deleted(), null);
  });
});

describe("what an operator sees of an update", () => {
  let pulumi: FakePulumi;
  let said: string[];
  const output = { progress: (line: string) => void said.push(line) };
  beforeEach(() => {
    pulumi = fakePulumi();
    said = [];
  });
  afterEach(() => pulumi.remove());
  const noise = `${"\n"}@ updating....\n ~  docker:index:Network network refreshing (0s) \n    docker:index:Volume data  \n`;

  it("is nothing of what Pulumi printed where the gate was open", async () => {
    pulumi.set("outcome", open);
    pulumi.set("events", same);
    pulumi.set("prints", "Updating (dev):\n");
    await runUpdate(pulumi.call({ output }));
    assert.deepEqual(said, []);
  });

  it("is nothing of it where the program said why the gate is blocked", async () => {
    pulumi.set("outcome", JSON.stringify({ code: 1, summary: "Blocked." }));
    pulumi.set("exit", "255");
    pulumi.set("prints", "Updating (dev):\n");
    await runUpdate(pulumi.call({ output }));
    assert.deepEqual(said, []);
  });

  for (const [what, exit, outcome] of [
    ["failed before the program said why", "255", undefined],
    ["failed after an open gate", "255", open],
    ["ended well without a verdict", "0", undefined],
  ] as const) {
    it(`is all of it, but its filling, where Pulumi ${what}`, async () => {
      if (outcome !== undefined) pulumi.set("outcome", outcome);
      pulumi.set("exit", exit);
      pulumi.set("prints", `Updating (dev):${noise}error: the stack is locked\n`);
      await runUpdate(pulumi.call({ output }));
      assert.deepEqual(said, ["What Pulumi said:\n  Updating (dev):\n  error: the stack is locked"]);
    });
  }

  it("is asked of Pulumi in its own words with `--verbose`, and of the view otherwise", async () => {
    pulumi.set("outcome", open);
    pulumi.set("events", same);
    const isQuiet = async (verbose: boolean) => {
      await runUpdate(pulumi.call({ output, verbose }));
      return pulumi.said("argv")?.split("\n").includes("--non-interactive");
    };
    assert.deepEqual([await isQuiet(false), await isQuiet(true)], [true, false]);
  });
});

describe("an interrupted update", () => {
  let pulumi: FakePulumi;
  beforeEach(() => {
    pulumi = fakePulumi();
    pulumi.set("wait");
  });
  afterEach(() => pulumi.remove());
  const started = async () => {
    while (pulumi.said("started") === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it("lets Pulumi end what it began: one SIGINT, and its own end is waited for", async () => {
    const interrupted = new AbortController();
    const ended = runUpdate(pulumi.call({ signal: interrupted.signal }));
    await started();
    pulumi.set("exit", "255");
    interrupted.abort();
    const { code, summary } = await ended;
    assert.equal(pulumi.said("signals"), "INT\n");
    assert.equal(code, 3);
    assert.match(summary, /interrupted before its gate reached a verdict; nothing is released/);
  });

  it("is not done even where Pulumi says so, unless the gate was open", async () => {
    const interrupted = new AbortController();
    const ended = runUpdate(pulumi.call({ signal: interrupted.signal }));
    await started();
    interrupted.abort();
    assert.equal((await ended).code, 3);
  });

  it("does not begin once it was interrupted", async () => {
    const signal = AbortSignal.abort(new Error("Ended by the test."));
    await assert.rejects(runUpdate(pulumi.call({ signal })), /Ended by the test/);
    assert.equal(pulumi.said("argv"), undefined);
  });
});
