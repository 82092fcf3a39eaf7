/** Proves what is put on record of a backup, and that the retention removes nothing else. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { RunResult } from "../../host/host.ts";
import { LocalHost } from "../../host/local.ts";
import { layoutOf } from "../../model/layout.ts";
import { Secret } from "../../model/secret.ts";
import { botOf, makeBackup, readBackups } from "../../release/backups.ts";
import { readHistory } from "../../release/history.ts";

/** Its engine makes an archive of six bytes, or says what the test wants. */
class ArchiveHost extends LocalHost {
  ends: RunResult | undefined;
  /** By its own clock, and how far the operator's is ahead of that. */
  time = 0;
  skewMs = 0;
  /** What the state says of whose it is. */
  bot = "-";
  readonly #backups: string;

  constructor(backups: string) {
    super();
    this.#backups = backups;
  }

  override async run(argv: readonly string[], options = {}): Promise<RunResult> {
    if (argv[0] === "date") return { code: 0, stdout: `${this.time / 1000}\n`, stderr: "" };
    if (argv[0] !== "docker" || argv[1] === "rm")
      return argv[0] === "docker" ? { code: 1, stdout: "", stderr: "" } : super.run(argv, options);
    if (this.ends !== undefined) return this.ends;
    const name = argv[argv.indexOf("create-backup") + 1] ?? "";
    writeFileSync(join(this.#backups, name), "backup");
    const digest = createHash("sha256").update("backup").digest("hex");
    return { code: 0, stdout: `${digest} 6 ${this.bot}\n`, stderr: "" };
  }
}

describe("The backups on record", () => {
  let folder = "";
  let host: ArchiveHost;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-backups-"));
    host = new ArchiveHost(join(folder, "backups"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const parts = () => {
    const layout = layoutOf({ baseFolder: folder, contextFolder: "docs" });
    const { uid, gid } = userInfo();
    const image = `sha256:${"0".repeat(64)}`;
    const limits = { memoryMb: 2048, pids: 512 };
    mkdirSync(layout.state, { recursive: true });
    return {
      place: { host, layout, name: "test", uid, gid, limits, via: { kind: "direct" } as const, image },
      history: { host, path: layout.history, folder: join(folder, "here") },
    };
  };
  const bot = botOf(new Secret(`42:${"x".repeat(35)}`));
  const make = (at: string, retention = { keep: 10, days: 30 }) => {
    const random = createHash("sha256").update(at).digest("hex").slice(0, 8);
    const about = { stack: "dev", who: "ada@example.org" };
    host.time = new Date(at).getTime();
    const now = () => new Date(host.time + host.skewMs);
    return makeBackup({ ...parts(), about, bot, why: "by hand", now, random, retention });
  };
  const there = () => readdirSync(join(folder, "backups")).toSorted();

  it("hold name, digest, size and bot of each, newest first, and what is gone", async () => {
    const one = await make("2026-03-10T12:00:00Z");
    const two = await make("2026-03-10T13:00:00Z");
    assert.ok(one !== undefined && two !== undefined);
    rmSync(join(folder, "backups", one.backup.name));
    const known = await readBackups(parts().place, parts().history);
    assert.deepEqual(
      known.map(({ backup, bytes }) => [backup, bytes]),
      [
        [two.backup, 6],
        [one.backup, undefined],
      ],
    );
    assert.equal(one.backup.bot, bot);
  });

  it("are those of one bot, whose token may be replaced, and not of another", () => {
    assert.equal(botOf(new Secret(`42:${"y".repeat(35)}`)), bot);
    assert.notEqual(botOf(new Secret(`43:${"x".repeat(35)}`)), bot);
  });

  it("are of the bot that the state says, whatever token there is today", async () => {
    host.bot = botOf(new Secret(`43:${"x".repeat(35)}`));
    assert.equal((await make("2026-03-10T12:00:00Z"))?.backup.bot, host.bot);
  });

  it("all stay, with a warning, while two clocks differ: by a wrong one each is too old", async () => {
    await make("2026-03-10T12:00:00Z");
    host.skewMs = 3 * 365 * 86_400_000;
    const made = await make("2026-03-10T13:00:00Z", { keep: 1, days: 1 });
    assert.match(made?.warning ?? "", /clocks .* differ by .* no backup was removed/);
    assert.match(made?.backup.name ?? "", /^2026-03-10T13/);
    assert.equal(there().length, 2);
  });

  it("lose what the retention lets go, and nothing that is not on record", async () => {
    const stranger = "2020-01-01T00-00-00Z-00000000.tar.gz";
    await make("2026-03-10T12:00:00Z");
    writeFileSync(join(folder, "backups", stranger), "somebody's");
    writeFileSync(join(folder, "backups", "notes.txt"), "somebody's");
    await make("2026-03-10T13:00:00Z");
    const newest = await make("2026-03-10T14:00:00Z", { keep: 1, days: 30 });
    assert.deepEqual(there(), [stranger, newest?.backup.name, "notes.txt"]);
  });

  it("have no entry where there is no state to keep, or none could be made", async () => {
    host.ends = { code: 66, stdout: "", stderr: "" };
    assert.equal(await make("2026-03-10T12:00:00Z"), undefined);
    host.ends = { code: 1, stdout: "", stderr: "no space left" };
    await assert.rejects(make("2026-03-10T12:00:00Z"), /ended with 1 and no archive: no space left/);
    host.ends = { code: 0, stdout: "nothing of the kind\n", stderr: "" };
    await assert.rejects(make("2026-03-10T12:00:00Z"), /no archive/);
    assert.deepEqual((await readHistory(parts().history)).entries, []);
  });

  it("are none where the record does not take them", async () => {
    mkdirSync(parts().history.path, { recursive: true });
    await assert.rejects(make("2026-03-10T12:00:00Z"));
  });
});
