import assert from "node:assert/strict";
import { chmodSync, copyFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { setImmediate as tick } from "node:timers/promises";
import type { Target } from "../../checks/check.ts";
import { secretsCheck } from "../../checks/secrets.ts";
import { context, declaredStack } from "./gatewayHost.ts";

const declaredContent = "BOT='value of BOT'\nOTHER='value of OTHER'\n";

describe("secretsCheck", () => {
  let stack: ReturnType<typeof declaredStack>;
  let path: string;
  const probe = (target: Target = stack.target) => secretsCheck.probe(target, context());
  const write = (content: string, mode = 0o600) => {
    writeFileSync(path, content);
    chmodSync(path, mode);
  };

  beforeEach(() => {
    stack = declaredStack();
    path = stack.target.declared.envFile.path;
    write(declaredContent);
  });
  afterEach(() => stack.remove());

  it("passes a file of mode 600 with the declared content that is older than the gateway's start", async () => {
    const { status, measured } = await probe();
    assert.equal(status, "pass");
    assert.deepEqual(measured.names, ["BOT", "OTHER"]);
  });

  for (const mode of [0o644, 0o640, 0o400, 0o700, 0o601]) {
    it(`fails mode ${mode.toString(8)}, because exactly 600 is wanted`, async () => {
      write(declaredContent, mode);
      const { status, summary, remedy } = await probe();
      assert.equal(status, "fail");
      assert.match(summary, new RegExp(`has mode ${mode.toString(8)}; 600 is wanted`));
      assert.equal(remedy, "npx deck up");
    });
  }

  for (const [title, content] of [
    ["one byte changed", declaredContent.replace("BOT='value", "BOT='Value")],
    ["one byte more", `${declaredContent}\n`],
    ["one line less", declaredContent.slice(0, declaredContent.indexOf("\n") + 1)],
    ["nothing in it", ""],
  ] as const) {
    it(`fails a file with ${title}`, async () => {
      write(content);
      const { status, summary } = await probe();
      assert.equal(status, "fail");
      assert.match(summary, /has other content than declared/);
    });
  }

  it("fails a file that is not there", async () => {
    rmSync(path);
    const { status, summary } = await probe();
    assert.equal(status, "fail");
    assert.match(summary, /no env file/);
  });

  for (const [title, milliseconds, status] of [
    ["1 ms before the gateway's start", -1, "pass"],
    ["at the very moment of the gateway's start", 0, "fail"],
    ["1 s after the gateway's start", 1000, "fail"],
  ] as const) {
    it(`says ${status} of a file written ${title}`, async () => {
      // Changed last, by whatever means: nobody can set that time, so the start is set to it.
      const changedMs = Math.floor(statSync(path).ctimeMs);
      stack.container.State.StartedAt = new Date(changedMs - milliseconds).toISOString();
      assert.equal((await probe()).status, status);
    });
  }

  it("fails a file that was moved into place after the start with an older time", async () => {
    const moved = `${path}.moved`;
    stack.container.State.StartedAt = new Date(Math.floor(statSync(path).ctimeMs) + 1).toISOString();
    assert.equal((await probe()).status, "pass");
    copyFileSync(path, moved);
    chmodSync(moved, 0o600);
    utimesSync(moved, 0, 0);
    // The engine's start and the file system's clock count in milliseconds here.
    while (Date.now() <= Date.parse(stack.container.State.StartedAt)) await tick();
    renameSync(moved, path);
    const { status, summary } = await probe();
    assert.equal(status, "fail");
    assert.match(summary, /was changed \(its content, mode or place\) at/);
  });

  it("fails where no container has read it: none there, or none that has started", async () => {
    stack.container.State.StartedAt = "0001-01-01T00:00:00Z";
    assert.match((await probe()).summary, /read by nobody/);
    stack.host.containers = [];
    assert.equal((await probe()).status, "fail");
  });

  it("is inconclusive where the gateway's start is in the future, because the clock was set back since then", async () => {
    stack.container.State.StartedAt = new Date(Date.now() + 3_600_000).toISOString();
    const { status, summary } = await probe();
    assert.equal(status, "inconclusive");
    assert.match(summary, /in the future by the host's clock/);
  });

  it("throws, never passes, where the engine does not answer", async () => {
    stack.host.containers = undefined;
    await assert.rejects(probe(), /did not answer/);
  });

  it("puts no value into an argument, a finding or the standard input, and a new nonce into each run", async () => {
    const findings = [await probe(), await probe()];
    const { argv, stdin } = stack.host.calls;
    assert.doesNotMatch(JSON.stringify([argv, stdin, findings]), /value of/);
    assert.equal(stdin.length, 2);
    assert.equal(new Set(stdin).size, 2);
    for (const nonce of stdin) assert.ok(!JSON.stringify(argv).includes(nonce.trim()));
  });
});
