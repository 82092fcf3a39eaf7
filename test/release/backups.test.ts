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
  readonly #backups: string;

  constructor(backups: string) {
    super();
    this.#backups = backups;
  }

  override async run(argv: readonly string[], options = {}): Promise<RunResult> {
    if (argv[0] !== "docker") return super.run(argv, options);
    if (this.ends !== undefined) return this.ends;
    const name = argv[argv.indexOf("create-backup") + 1] ?? "";
    writeFileSync(join(this.#backups, name), "backup");
    const digest = createHash("sha256").update("backup").digest("hex");
    return { code: 0, stdout: `${digest} 6\n`, stderr: "" };
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
    return {
      place: { host, layout, uid, gid, via: { kind: "direct" } as const, image: "sha256:1" },
      history: { host, path: layout.history, folder: join(folder, "here") },
    };
  };
  const bot = botOf(new Secret(`42:${"x".repeat(35)}`));
  const make = (at: string, retention = { keep: 10, days: 30 }) => {
    const random = createHash("sha256").update(at).digest("hex").slice(0, 8);
    const about = { stack: "dev", who: "ada@example.org" };
    return makeBackup({ ...parts(), about, bot, why: "by hand", at: new Date(at), random, retention });
  };
  const there = () => readdirSync(join(folder, "backups")).toSorted();

  it("hold name, digest, size and bot of each, newest first, and what is gone", async () => {
    const one = await make("2026-03-10T12:00:00Z");
    const two = await make("2026-03-10T13:00:00Z");
    assert.ok(one !== undefined && two !== undefined);
    rmSync(join(folder, "backups", one.name));
    const known = await readBackups(parts().place, parts().history);
    assert.deepEqual(
      known.map(({ backup, bytes }) => [backup, bytes]),
      [
        [two, 6],
        [one, undefined],
      ],
    );
    assert.equal(one.bot, bot);
  });

  it("are those of one bot, whose token may be replaced, and not of another", () => {
    assert.equal(botOf(new Secret(`42:${"y".repeat(35)}`)), bot);
    assert.notEqual(botOf(new Secret(`43:${"x".repeat(35)}`)), bot);
  });

  it("lose what the retention lets go, and nothing that is not on record", async () => {
    const stranger = "2020-01-01T00-00-00Z-00000000.tar.gz";
    await make("2026-03-10T12:00:00Z");
    writeFileSync(join(folder, "backups", stranger), "somebody's");
    writeFileSync(join(folder, "backups", "notes.txt"), "somebody's");
    await make("2026-03-10T13:00:00Z");
    const newest = await make("2026-03-10T14:00:00Z", { keep: 1, days: 30 });
    assert.deepEqual(there(), [stranger, newest?.name, "notes.txt"]);
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
