import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { PassThrough } from "node:stream";
import { parse, stringify } from "yaml";
import { devFolders, ensureDevStack } from "../../deck/devStack.ts";
import type { StackGateEnd } from "../../deck/gate.ts";
import { nextStep, previewVerb, up, upAfterQuestion, upVerb } from "../../deck/up.ts";
import { type Call, DeckError, type World } from "../../deck/verb.ts";
import { type FakePulumi, fakePulumi, summary } from "./fakePulumi.ts";

const call: Call = { verb: "up", stack: "dev", json: false, yes: true, dryRun: false, args: [], options: {} };
const images = { gateway: "test/gateway:1", telegram: "test/telegram:1", rest: "test/rest:1", postgres: "test/postgres:1" };
const open = JSON.stringify({ code: 0, summary: "The release gate is open.", evidence: "/evidence/first.html" });
const path = process.env.PATH;

describe("up", () => {
  let pulumi: FakePulumi;
  let world: World;
  let said: string[];
  let gates: number;

  beforeEach(async () => {
    pulumi = fakePulumi();
    said = [];
    gates = 0;
    const { root } = pulumi.call();
    await ensureDevStack({ projectRoot: root, stack: "dev", images, ownPorts: true });
    // The fake is found as an operator's own Pulumi would be.
    process.env.PATH = `${dirname(pulumi.path)}:${path}`;
    world = {
      root,
      environment: { PATH: process.env.PATH },
      output: { data: () => {}, progress: (line) => void said.push(line), hide: () => {} },
      now: () => new Date(),
      signal: new AbortController().signal,
    };
    pulumi.set("outcome", open);
  });
  afterEach(() => {
    process.env.PATH = path;
    pulumi.remove();
  });

  const gateThatEnds = (code: StackGateEnd["code"]) => async () => {
    gates += 1;
    return { code, summary: `Ended with ${code}.`, page: "/evidence/again.html" } as StackGateEnd;
  };

  it("asks the gate no second time where nothing was deleted", async () => {
    pulumi.set("events", summary({ same: 9, update: 1 }));
    const end = await up(call, world, gateThatEnds(1));
    assert.deepEqual([end.code, end.evidence, gates], [0, "/evidence/first.html", 0]);
  });

  for (const [what, events, line] of [
    ["1 resource was deleted", summary({ same: 9, delete: 1 }), /deleted 1 resource after its gate/],
    ["several were deleted", summary({ delete: 2, "delete-replaced": 1 }), /deleted 3 resources after its gate/],
    ["it cannot be told whether anything was", "{", /may have deleted resources/],
  ] as const) {
    for (const code of [0, 1, 3] as const) {
      it(`lets a second gate decide, here with ${code}, where ${what}`, async () => {
        pulumi.set("events", events);
        const end = await up(call, world, gateThatEnds(code));
        assert.deepEqual([end.code, end.summary, end.evidence], [code, `Ended with ${code}.`, "/evidence/again.html"]);
        assert.equal(gates, 1);
        assert.match(said.join("\n"), line);
      });
    }
  }

  it("fails where the second gate cannot run", async () => {
    pulumi.set("events", summary({ delete: 1 }));
    const gate = async () => {
      throw new DeckError("unknown", "The host does not answer.");
    };
    await assert.rejects(up(call, world, gate), /does not answer/);
  });

  it("does not let a second gate open what the first one blocked", async () => {
    pulumi.set("outcome", JSON.stringify({ code: 1, summary: "Blocked." }));
    pulumi.set("events", summary({ delete: 1 }));
    pulumi.set("exit", "255");
    const end = await up(call, world, gateThatEnds(0));
    assert.deepEqual([end.code, end.deleted, gates], [1, 1, 0]);
  });

  it("runs Pulumi on the stack's own state, with its passphrase named by its file", async () => {
    pulumi.set("events", summary({}));
    await up(call, world, gateThatEnds(0));
    const environment = pulumi.said("env") ?? "";
    assert.match(environment, new RegExp(`^PULUMI_BACKEND_URL=file://${world.root}/.phillbot/state$`, "m"));
    assert.match(environment, new RegExp(`^PULUMI_CONFIG_PASSPHRASE_FILE=${world.root}/.phillbot/passphrase$`, "m"));
    assert.doesNotMatch(environment, /^PULUMI_CONFIG_PASSPHRASE=/m);
  });

  it("keeps a secret that is given by a variable out of Pulumi's environment, and hands it to the program", async () => {
    const { settingsFile } = devFolders(world.root, "dev");
    const file = parse(readFileSync(settingsFile, "utf8"));
    file.config["phillbot:secrets"].MEMORY_BOT_KEY.from = { env: "A_KEY" };
    writeFileSync(settingsFile, stringify(file));
    pulumi.set("ask");
    world = { ...world, environment: { ...world.environment, NODE: process.execPath, A_KEY: "planted" } };
    for (const command of [() => up(call, world, gateThatEnds(0)), () => previewVerb.run(call, world)]) {
      await command();
      assert.doesNotMatch(pulumi.said("env") ?? "", /planted/);
      assert.deepEqual(JSON.parse(pulumi.said("handed") ?? ""), { A_KEY: "planted" });
    }
  });

  describe("after an update that was killed", () => {
    const killedAt = (...types: string[]) =>
      JSON.stringify({ deployment: { pending_operations: types.map((type) => ({ type, resource: { urn: "urn:a" } })) } });
    const refreshed = () =>
      pulumi
        .said("calls")
        ?.split("\n")
        .filter((line) => line.startsWith("refresh "));

    it("tells Pulumi that what that one was making is settled, and has it look at nothing else", async () => {
      pulumi.set("state", killedAt("creating"));
      assert.equal((await up(call, world, gateThatEnds(0))).code, 0);
      const node = "--target urn:pulumi:dev::phillbot::pulumi:pulumi:Stack::phillbot-dev";
      assert.deepEqual(refreshed()?.length, 1);
      assert.match(refreshed()?.[0] ?? "", new RegExp(`--clear-pending-creates ${node} --yes --skip-preview --stack dev`));
    });

    it("says nothing of the kind where it did not come to its end itself", async () => {
      pulumi.set("state", killedAt("creating"));
      pulumi.set("outcome", JSON.stringify({ code: 1, summary: "Blocked.", evidence: "/evidence/page.html" }));
      await up(call, world, gateThatEnds(0));
      assert.deepEqual(refreshed(), []);
    });

    for (const state of [killedAt("deleting"), "{}", "no JSON"])
      it(`asks for nothing more where the state is ${state}`, async () => {
        pulumi.set("state", state);
        assert.equal((await up(call, world, gateThatEnds(0))).code, 0);
        assert.deepEqual(refreshed(), []);
      });
  });

  it("previews with `--dry-run`", async () => {
    pulumi.set("outcome", JSON.stringify({ code: 0, upWouldBeRefused: [] }));
    const { code } = await upVerb.run({ ...call, dryRun: true }, world);
    assert.equal(code, 0);
    assert.equal(pulumi.said("argv")?.split("\n", 1)[0], "preview");
  });

  it("says in `--json` what the preview says in words", async () => {
    pulumi.set("outcome", JSON.stringify({ code: 1, summary: "Blocked.", evidence: "/evidence/page.html" }));
    pulumi.set("exit", "255");
    const { code, text, data } = await previewVerb.run(call, world);
    assert.deepEqual([code, text], [1, "Blocked.\nEvidence: /evidence/page.html"]);
    assert.equal(data.summary, "Blocked.");
  });

  const answer = (text: string) => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    input.end(text);
    const asked: string[] = [];
    const output = new PassThrough().on("data", (chunk) => void asked.push(String(chunk)));
    return { terminal: { input, output }, asked };
  };
  const calls = () =>
    pulumi
      .said("calls")
      ?.split("\n")
      .map((line) => line.split(" ", 1)[0])
      .filter(Boolean);

  for (const text of ["no\n", "", "y\n"]) {
    it(`changes nothing, and is refused by the operator, where the answer is ${JSON.stringify(text)}`, async () => {
      pulumi.set("outcome", JSON.stringify({ code: 0, upWouldBeRefused: [] }));
      pulumi.set("events", summary({ create: 2, same: 3 }, { isPreview: true }));
      const { terminal, asked } = answer(text);
      const end = await upAfterQuestion({ ...call, yes: false }, world, terminal);
      assert.deepEqual([end.code, end.text, calls()], [4, "Nothing was changed.", ["preview"]]);
      assert.match(asked.join(""), /^It would create 2, and leave 3 as they are. Bring stack `dev` up\? Type yes to go on: /);
    });
  }

  it("brings the stack up after a yes", async () => {
    pulumi.set("outcome", JSON.stringify({ code: 0, upWouldBeRefused: [] }));
    // The same file serves the update, which is no success by a preview's word.
    const end = await upAfterQuestion({ ...call, yes: false }, world, answer("yes\n").terminal);
    assert.deepEqual([end.code, calls()], [3, ["preview", "up"]]);
  });

  it("asks nothing where `up` would be refused", async () => {
    pulumi.set("outcome", JSON.stringify({ code: 1, upWouldBeRefused: ["open-items"] }));
    const { terminal, asked } = answer("yes\n");
    const end = await upAfterQuestion({ ...call, yes: false }, world, terminal);
    assert.deepEqual([end.code, asked, calls()], [1, [], ["preview"]]);
  });

  for (const [end, next] of [
    [{ code: 0, evidence: "/page" }, "Look at it: npx deck report --stack prod"],
    [
      { code: 1, evidence: "/page" },
      "What was brought up runs on, unproven; nothing is rolled back. Mend what is named above, then: npx deck up --stack prod",
    ],
    [{ code: 1 }, "Mend what is named above, then: npx deck up --stack prod"],
    [{ code: 3 }, "Mend what is named above, if anything is, then: npx deck up --stack prod"],
  ] as const) {
    it(`names the command to type next after ${JSON.stringify(end)}`, () => assert.equal(nextStep(end, "prod"), next));
  }

  it("touches nothing where a setting is wrong", async () => {
    await assert.rejects(up({ ...call, stack: "absent" }, world, gateThatEnds(0)), (error) => {
      return error instanceof DeckError && error.code === 2;
    });
    assert.equal(pulumi.said("argv"), undefined);
  });
});
