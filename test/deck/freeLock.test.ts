import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { devFolders } from "../../deck/devStack.ts";
import { freeLock } from "../../deck/freeLock.ts";

describe("the lock that an update finds", () => {
  let root: string;
  let locks: string;
  let said: string[];
  const ended = { pid: spawnSync("true").pid, hostname: hostname() };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "phillbot-lock-"));
    said = [];
    locks = join(devFolders(root, "dev").state, ".pulumi/locks/organization/phillbot/dev");
    mkdirSync(locks, { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const lock = (name: string, content: unknown) => writeFileSync(join(locks, `${name}.json`), JSON.stringify(content));
  const free = (backend = `file://${devFolders(root, "dev").state}`) =>
    freeLock({ root, stack: "dev", environment: { PULUMI_BACKEND_URL: backend } }, { progress: (line) => void said.push(line) });

  it("goes where its process has ended on this machine, and that is said", async () => {
    lock("a", ended);
    await free();
    assert.deepEqual(readdirSync(locks), []);
    assert.deepEqual(said, ["An earlier update was killed; its lock is taken away."]);
  });

  it("is looked at after the state itself was made readable again, in whatever folder that is", async () => {
    for (const state of [devFolders(root, "dev").state, join(root, "elsewhere")]) {
      const stacks = join(state, ".pulumi/stacks/phillbot");
      mkdirSync(stacks, { recursive: true });
      writeFileSync(join(stacks, "dev.json.attrs"), "");
      await free(`file://${state}`);
      assert.deepEqual(readdirSync(stacks), []);
    }
  });

  describe("of a process that runs here", () => {
    let other: ChildProcess;
    before(() => {
      other = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
    });
    after(() => void other.kill());
    const held = (timestamp?: string) => ({ pid: other.pid, hostname: hostname(), timestamp });
    const later = (ms: number) => new Date(Date.now() + ms).toISOString();

    for (const [since, timestamp] of [
      ["the process wrote", () => later(0)],
      ["was written a while after it began", () => later(3_600_000)],
      ["has no moment", () => undefined],
      ["has a moment that cannot be read", () => "yesterday"],
    ] as const) {
      it(`stays where it ${since}, whatever the process is called`, async () => {
        lock("a", held(timestamp()));
        await assert.rejects(free(), (error: { code: number; message: string }) => {
          assert.equal(error.code, 3);
          assert.ok(error.message.includes(`process ${other.pid} holds its lock`));
          return true;
        });
        assert.deepEqual(readdirSync(locks), ["a.json"]);
      });
    }

    it("goes where it was written before that process began: the pid has passed on", async () => {
      lock("a", held(later(-3_600_000)));
      await free();
      assert.deepEqual(readdirSync(locks), []);
    });
  });

  it("is nothing to speak of where there is none", async () => {
    await free();
    assert.deepEqual(said, []);
  });

  for (const [whose, content, message, remedy] of [
    ["of another machine", { pid: 7, hostname: "elsewhere" }, /process 7 on `elsewhere` holds its lock/, /pulumi cancel dev/],
    ["that cannot be read", "{", /somebody holds its lock/, /pulumi cancel dev/],
  ] as const) {
    it(`stays where it is one ${whose}, with the command that takes it away`, async () => {
      lock("a", content);
      lock("b", ended);
      await assert.rejects(free(), (error: { code: number; message: string; remedy: string }) => {
        assert.equal(error.code, 3);
        assert.match(error.message, message);
        assert.match(error.remedy, remedy);
        return true;
      });
      assert.deepEqual(readdirSync(locks), ["a.json"]);
    });
  }

  it("is Pulumi's own affair where the state is elsewhere", async () => {
    lock("a", { pid: 7, hostname: "elsewhere" });
    lock("b", ended);
    await free("s3://bucket");
    assert.equal(readdirSync(locks).length, 2);
  });
});
