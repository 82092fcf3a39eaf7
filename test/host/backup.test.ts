/** Proves in what container a state is worked on, and what is made of how its work ended. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import {
  BackupUnusable,
  backupPlace,
  createBackup,
  listBackups,
  prepareState,
  settleState,
  verifyBackup,
} from "../../host/backup.ts";
import { foreignContainer, readerImage, type SeenContainer } from "../../host/gateway.ts";
import type { RunResult } from "../../host/host.ts";
import { LocalHost } from "../../host/local.ts";
import { backupName } from "../../model/backup.ts";

/** Its engine ends as the test wants. */
class EngineHost extends LocalHost {
  readonly asked: (readonly string[])[] = [];
  ends: RunResult = { code: 0, stdout: "", stderr: "" };
  /** Stands for a host that did not answer in time. */
  isSilent = false;

  override async run(argv: readonly string[], options = {}): Promise<RunResult> {
    if (this.isSilent) return { code: null, stdout: "", stderr: "" };
    if (argv[0] !== "docker") return super.run(argv, options);
    this.asked.push(argv);
    return this.ends;
  }
}

const name = backupName(new Date("2026-03-10T12:00:00Z"), "0a1b2c3d");
const digest = "d".repeat(64);

describe("Work on the gateway's state", () => {
  let folder = "";
  let host: EngineHost;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-state-"));
    host = new EngineHost();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const place = () => {
    const gateway = { ...userInfo(), memoryMb: 2048, pids: 512, image: "gateway:1", port: 1, configuration: {} };
    const settings = { name: "bot", baseFolder: folder, contextFolder: "docs", gateway };
    return backupPlace(settings, { host, via: { kind: "direct" }, image: `sha256:${"1".repeat(64)}` });
  };

  it("is done without network, secrets and rights, by the gateway's user, alone, and within the gateway's limits", async () => {
    host.ends = { code: 0, stdout: `${digest} 6 -\n`, stderr: "" };
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state", ".env"), "SECRET=1\n");
    assert.deepEqual(await createBackup(place(), name), { sha256: digest, bytes: 6, bot: undefined });
    const [removed = [], run = []] = host.asked;
    assert.deepEqual(removed, ["docker", "rm", "--force", "bot-state"]);
    const line = run.join(" ");
    const wanted = [
      ...["--network none", "--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", "--pull never"],
      ...["--name bot-state", "--memory 2048m", "--pids-limit 512", `--user ${userInfo().uid}:${userInfo().gid}`],
      `type=bind,"source=/dev/null",target=/home/node/.openclaw/.env`,
    ];
    for (const words of wanted) assert.ok(line.includes(words), words);
    rmSync(join(folder, "state", ".env"));
    await createBackup(place(), name);
    // The engine would make the file to mount over.
    assert.ok(!host.asked.at(-1)?.join(" ").includes("source=/dev/null"));
  });

  it("is refused under a name that is none", async () => {
    await assert.rejects(createBackup(place(), "../x.tar.gz"), /no backup's name/);
    assert.deepEqual(host.asked, []);
  });

  it("tells an archive that is gone, another or not accepted from one that could not be looked at", async () => {
    const ends = async (code: number | null) => {
      host.ends = { code, stdout: "", stderr: "said" };
      return verifyBackup(place(), { name, sha256: digest });
    };
    assert.equal(await ends(0), undefined);
    assert.match((await ends(66)) ?? "", /is not there/);
    assert.match((await ends(65)) ?? "", /its digest is another/);
    assert.match((await ends(1)) ?? "", /does not accept .*said\n {2}df -h /);
    for (const code of [125, 127, null]) await assert.rejects(ends(code), /could not be looked at/);
    host.ends = { code: 65, stdout: "", stderr: "" };
    const backup = { name, sha256: digest, bytes: 6, bot: digest, image: place().image };
    await assert.rejects(prepareState(place(), { kind: "backup", backup }, "0a1b2c3d"), BackupUnusable);
  });

  it("says that there is no room where the disk is full, which is no fault of the archive", async () => {
    for (const said of [
      "tar: write error: No space left on device",
      "SQLite snapshots require 2 MiB of extraction space, but only 0 MiB is available near /restore/incoming",
      "openclaw.sqlite. database or disk is full | ERR_SQLITE_ERROR",
    ]) {
      host.ends = { code: 1, stdout: "", stderr: said };
      const backup = { name, sha256: digest, bytes: 6, bot: digest, image: place().image };
      const noRoom = (error: Error) => !(error instanceof BackupUnusable) && /no room for .*\n {2}df -h /s.test(error.message);
      await assert.rejects(prepareState(place(), { kind: "backup", backup }, "0a1b2c3d"), noRoom);
      await assert.rejects(verifyBackup(place(), backup), noRoom);
    }
  });

  it("takes no silent host for one without archives or without an exchange", async () => {
    assert.deepEqual(await listBackups(place()), new Map());
    assert.equal(await settleState(place()), undefined);
    host.isSilent = true;
    await assert.rejects(listBackups(place()), /could not be looked at/);
    await assert.rejects(settleState(place()), /could not be looked at/);
  });

  it("brings an interrupted exchange to its end, and finds no archive in what is called otherwise", async () => {
    for (const each of ["state.aside", "restore", "backups"]) mkdirSync(join(folder, each));
    writeFileSync(join(folder, "state.aside", "who"), "old");
    for (const each of [name, "notes.txt", "x.tar.gz"]) writeFileSync(join(folder, "backups", each), "123");
    assert.equal(await settleState(place()), "undone");
    assert.deepEqual(await listBackups(place()), new Map([[name, 3]]));
  });
});

describe("The gateway's container", () => {
  const seen: SeenContainer = { image: "sha256:1", isRunning: true, spec: "s", state: "/base/state" };

  it("is another stack's where its state lies elsewhere", () => {
    assert.equal(foreignContainer("bot", undefined, "/base/state"), undefined);
    assert.equal(foreignContainer("bot", seen, "/base/state"), undefined);
    assert.match(foreignContainer("bot", seen, "/other/state") ?? "", /it is another's.*\n {2}Give this stack another/);
    assert.match(foreignContainer("bot", { ...seen, state: undefined }, "/base/state") ?? "", /has no folder for its state/);
  });

  it("has its state read by its own image, and by the declared one where that is gone", async () => {
    const host = new EngineHost();
    assert.equal(await readerImage(host, seen, "gateway:2"), "sha256:1");
    host.ends = { code: 1, stdout: "", stderr: "No such image" };
    assert.equal(await readerImage(host, seen, "gateway:2"), "gateway:2");
    assert.equal(await readerImage(host, undefined, "gateway:2"), "gateway:2");
  });
});
