/** The gateway's state is lost, damaged and exchanged on a real stack, and comes back as it was. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { gunzipSync } from "node:zlib";
import { devFolders } from "../../deck/devStack.ts";
import { layoutOf } from "../../model/layout.ts";
import { channelReady } from "./gatewayFaults.ts";
import { docker } from "./gatewayStack.ts";
import { type Ended, makeProject, type TestProject } from "./project.ts";
import { pair, savedState } from "./savedState.ts";

interface Listed {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

describe("The gateway's state", function () {
  this.timeout(900_000);
  let project: TestProject;
  let first: Listed;
  const gateway = () => `${project.name}-openclaw-gateway-1`;
  const base = () => devFolders(project.root, project.stack).baseFolder;
  const layout = () => layoutOf({ baseFolder: base(), contextFolder: "docs/phillbot-context" });
  const told = ({ stdout, stderr }: Ended) => `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`;
  const run = async (...words: readonly string[]) => {
    const ended = await project.deck(...words);
    assert.equal(ended.code, 0, `${words.join(" ")}: ${told(ended)}`);
    return ended.stdout;
  };
  const list = async () => (JSON.parse(await run("backup", "list", "--json")) as { backups: readonly Listed[] }).backups;
  const container = () => docker("inspect", "--format", "{{.Id}}", gateway());
  const restore = (...words: readonly string[]) => project.deck("backup", "restore", ...words, "--yes");

  before(async () => {
    project = await makeProject();
  });
  after(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  it("comes up, with nothing to keep before it", async () => {
    await run("up", "--yes");
    assert.deepEqual(await list(), []);
  });

  it("is kept while the gateway runs, closed to others, with its digest on record and no secret of the stack in it", async () => {
    await channelReady(project);
    await pair(gateway(), "4242");
    const since = await container();
    await run("backup", "create");
    const [made, ...others] = await list();
    assert.ok(made !== undefined && others.length === 0);
    first = made;
    const file = join(layout().backups, first.name);
    const bytes = await readFile(file);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), first.sha256);
    assert.deepEqual([(await stat(file)).mode & 0o777, (await stat(layout().backups)).mode & 0o777], [0o600, 0o700]);
    const content = gunzipSync(bytes);
    const found = [...project.secrets].filter(([, value]) => content.includes(value)).map(([name]) => name);
    assert.deepEqual(found, []);
    assert.ok(content.includes("4242"));
    assert.equal(await container(), since);
    await run("backup", "verify");
    assert.match(await run("history"), new RegExp(`backup .*by hand: ${first.name}`));
  });

  it("comes back when it was lost: sessions, who was paired, and the place in the channel", async () => {
    const before = savedState(layout().state);
    assert.deepEqual(before.paired, ["4242"]);
    assert.ok(before.sessions.length > 0 && before.lastUpdateId > 0, JSON.stringify(before));
    await docker("stop", gateway());
    await rm(layout().state, { recursive: true });
    const ended = await restore(first.name);
    assert.equal(ended.code, 0, told(ended));
    const after = savedState(layout().state);
    assert.deepEqual(
      { ...after, lastUpdateId: 0 },
      { ...before, lastUpdateId: 0 },
      "what was in the archive is what the gateway has",
    );
    assert.ok(after.lastUpdateId >= before.lastUpdateId);
    assert.equal((await stat(layout().envFile)).mode & 0o777, 0o600);
    await run("gate");
  });

  it("that a restore replaced is kept, without its secrets, and can be taken back", async () => {
    await pair(gateway(), "4343");
    assert.equal((await restore(first.name)).code, 0);
    assert.deepEqual(savedState(layout().state).paired, ["4242"]);
    const aside = await readdir(join(layout().restore, "previous"));
    assert.ok(aside.includes("state") && !aside.includes(".env"), aside.join());
    const back = await restore("--previous");
    assert.equal(back.code, 0, told(back));
    assert.deepEqual(savedState(layout().state).paired, ["4242", "4343"]);
  });

  it("is kept before its container is replaced, and only then", async () => {
    const known = (await list()).length;
    await project.pulumi("config", "set", "--path", "phillbot:gateway.memoryMb", "2304");
    await run("up", "--yes");
    const kept = await list();
    assert.equal(kept.length, known + 1);
    assert.match(
      await run("backup", "list"),
      /^\S+ {2}\d+ \S ago {2}\S+ \SB {2}The state was backed up before the gateway's container was made anew$/m,
    );
    await run("up", "--yes");
    assert.equal((await list()).length, known + 1);
    assert.deepEqual(savedState(layout().state).paired, ["4242", "4343"]);
  });

  it("that cannot be kept lets nothing be replaced: exit 3, and the same container", async () => {
    const since = await container();
    const database = join(layout().state, "state", "openclaw.sqlite");
    await docker("stop", gateway());
    await writeFile(database, "no database");
    await docker("start", gateway());
    await project.pulumi("config", "set", "--path", "phillbot:gateway.memoryMb", "2048");
    const ended = await project.deck("up", "--yes");
    assert.equal(ended.code, 3, told(ended));
    assert.match(ended.stdout, /The gateway's state could not be backed up, so its container was not replaced\./);
    assert.match(ended.stderr, /npx deck backup restore --stack \S+ --empty/);
    assert.equal(await container(), since);
    const [newest] = await list();
    const back = await restore(newest?.name ?? "");
    assert.match(back.stdout, new RegExp(`The state of ${newest?.name} is in place`), told(back));
    await run("up", "--yes");
    assert.deepEqual(savedState(layout().state).paired, ["4242", "4343"]);
  });

  it("is not replaced by an archive that was cut, changed or is not on record", async () => {
    const before = await docker("inspect", "--format", "{{.State.StartedAt}}", gateway());
    const file = join(layout().backups, first.name);
    await copyFile(file, `${file}.kept`);
    const whole = await readFile(file);
    const damages = [
      () => truncate(file, first.bytes - 100),
      () => writeFile(file, Buffer.from(whole).fill(0, 2000, 2001)),
      () => rm(file),
    ];
    for (const damage of damages) {
      await damage();
      const [verified, restored] = [await project.deck("backup", "verify", first.name), await restore(first.name)];
      assert.deepEqual([verified.code, restored.code], [1, 1], `${told(verified)}\n${told(restored)}`);
      assert.match(restored.stderr, /Nothing was changed\./);
      await writeFile(file, whole);
    }
    await rename(`${file}.kept`, file);
    const foreign = "2026-01-01T00-00-00Z-00000000.tar.gz";
    await copyFile(file, join(layout().backups, foreign));
    const refused = await restore(foreign);
    assert.deepEqual(
      [refused.code, /not on record with its digest is never restored/.test(refused.stderr)],
      [2, true],
      told(refused),
    );
    assert.equal(await docker("inspect", "--format", "{{.State.StartedAt}}", gateway()), before);
  });

  it("is not replaced by the state of another bot: exit 4", async () => {
    const { secretsFile } = devFolders(project.root, project.stack);
    const text = await readFile(secretsFile, "utf8");
    await writeFile(
      secretsFile,
      text.replace(/^(TELEGRAM_BOT_TOKEN=['"]?)\d+/m, (_, before: string) => `${before}987654321`),
    );
    const refused = await restore(first.name);
    await writeFile(secretsFile, text);
    assert.equal(refused.code, 4, told(refused));
    assert.match(refused.stderr, /is of another bot/);
  });

  it("is in its place again after an exchange that was killed, by the next update", async () => {
    const { paired } = savedState(layout().state);
    await docker("stop", gateway());
    await rename(layout().state, layout().stateAside);
    const undone = await project.deck("up", "--yes");
    assert.equal(undone.code, 0, told(undone));
    assert.match(undone.stderr, /had been interrupted; the state is what it was before/);
    assert.deepEqual(savedState(layout().state).paired, paired);
    await docker("stop", gateway());
    await mkdir(layout().stateAside, { mode: 0o700 });
    await writeFile(join(layout().stateAside, ".env"), "OLD=1\n");
    const finished = await project.deck("up", "--yes");
    assert.equal(finished.code, 0, told(finished));
    assert.deepEqual(await readdir(join(layout().restore, "previous")), []);
    assert.deepEqual(savedState(layout().state).paired, paired);
  });

  it("is whole, and its gateway up, after a restore that was killed at any of its steps and is run again", async () => {
    for (const step of [/^Making the state of/, /^Stopping the gateway/, /^Waiting for the gateway to boot/]) {
      await killedAt(project, ["backup", "restore", first.name, "--yes"], step);
      assert.ok((await stat(layout().envFile)).isFile());
    }
    const ended = await restore(first.name);
    assert.equal(ended.code, 0, told(ended));
    assert.deepEqual(savedState(layout().state).paired, ["4242"]);
  });

  it("can be begun anew where nothing else is left", async () => {
    const ended = await restore("--empty");
    assert.equal(ended.code, 0, told(ended));
    assert.deepEqual(savedState(layout().state).paired, []);
    assert.ok((await readdir(join(layout().restore, "previous"))).includes("state"));
  });
});

/** Runs a verb and kills it, with all that it started here, as soon as it says so. */
async function killedAt(project: TestProject, words: readonly string[], step: RegExp): Promise<void> {
  const running = spawn(process.execPath, [join(project.root, "deck/main.ts"), ...words], {
    cwd: project.root,
    env: { ...process.env, PHILLBOT_STACK: project.stack, NO_COLOR: "1" },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const ended = once(running, "exit");
  let said = "";
  for await (const line of createInterface({ input: running.stderr })) {
    said += `${line}\n`;
    if (step.test(line)) process.kill(-(running.pid ?? assert.fail()), "SIGKILL");
  }
  assert.deepEqual(await ended, [null, "SIGKILL"], said);
}
