import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { ensureFolder } from "../../host/ensure.ts";
import { LocalHost } from "../../host/local.ts";
import { scriptText } from "../../host/script.ts";
import { readSource } from "../../host/source.ts";
import { digestFolder, readFolder, rsyncCommand, type SyncSpec, syncFolder, syncLine } from "../../host/sync.ts";
import { compareManifests, parseManifest, renderManifest } from "../../model/manifest.ts";

const host = new LocalHost();
const via = { kind: "direct" } as const;
let folder = "";
let spec: SyncSpec = { from: "", to: "", below: "", ...userInfo(), via };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "phillbot-sync-"));
  const { uid, gid } = userInfo();
  spec = { from: join(folder, "from"), to: join(folder, "to"), below: folder, uid, gid, via };
  mkdirSync(join(spec.from, "deep"), { recursive: true });
  writeFileSync(join(spec.from, "a.md"), "a", { mode: 0o600 });
  writeFileSync(join(spec.from, "deep", "é ü.md"), "b");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("rsyncCommand", () => {
  const example: SyncSpec = { from: "/s", to: "/b/docs", below: "/b", uid: 1000, gid: 1000, via };

  it("is one literal line to a folder of this machine", () => {
    assert.equal(
      rsyncCommand({}, example).join(" "),
      "rsync --recursive --copy-links --checksum --delete --perms --chmod=D755,F644 --timeout=300 --owner --group --chown=1000:1000 -- /s/ /b/docs/",
    );
  });

  it("goes over the host's own ssh, and leaves the owner alone where a container sets owners", () => {
    const ssh = { options: ["-o", 'UserKnownHostsFile="/a b/k"', "-p", "22"], destination: "claw@phill" };
    assert.deepEqual(rsyncCommand({ ssh }, { ...example, via: { kind: "container", image: "i" } }).slice(8), [
      "-s",
      "-e",
      `ssh -o 'UserKnownHostsFile="/a b/k"' -p 22`,
      "--",
      "/s/",
      "claw@phill:/b/docs/",
    ]);
  });
});

describe("syncLine", () => {
  it("is one literal line that refuses an empty source first", () => {
    assert.equal(
      syncLine(host, { ...spec, from: "/s s", to: "/b/docs", below: "/b", uid: 1000, gid: 1000 }),
      `[ -n "$(ls -A '/s s')" ] && ${host.line(["sh", "-c", scriptText("refuse-link"), "refuse-link", "/b", "/b/docs"])} && env -i "PATH=$PATH" "HOME=$HOME" LANG=C.UTF-8 rsync --recursive --copy-links --checksum --delete --perms ` +
        `'--chmod=D755,F644' '--timeout=300' --owner --group '--chown=1000:1000' -- '/s s/' /b/docs/`,
    );
  });

  it("syncs, and empties nothing where the source is empty", () => {
    execFileSync("sh", ["-c", syncLine(host, spec)]);
    assert.deepEqual(readdirSync(spec.to).sort(), ["a.md", "deep"]);
    rmSync(spec.from, { recursive: true });
    mkdirSync(spec.from);
    assert.throws(() => execFileSync("sh", ["-c", syncLine(host, spec)]));
    assert.deepEqual(readdirSync(spec.to).sort(), ["a.md", "deep"]);
  });
});

describe("syncFolder", () => {
  it("makes the folder hold exactly the source, readable by everybody", async () => {
    await syncFolder(host, spec);
    const manifest = await readSource(spec.from);
    assert.deepEqual(await readFolder(host, { folder: spec.to, via }), manifest);
    assert.deepEqual([...manifest.keys()].sort(), ["a.md", "deep/é ü.md"]);
    assert.equal(statSync(join(spec.to, "a.md")).mode & 0o777, 0o644);
    assert.equal(statSync(join(spec.to, "deep")).mode & 0o777, 0o755);
  });

  it("mends what was edited with the same size and time, added, removed or closed on the host", async () => {
    await syncFolder(host, spec);
    const manifest = await readSource(spec.from);
    const { atime, mtime } = statSync(join(spec.to, "a.md"));
    writeFileSync(join(spec.to, "a.md"), "X");
    utimesSync(join(spec.to, "a.md"), atime, mtime);
    utimesSync(join(spec.from, "a.md"), atime, mtime);
    writeFileSync(join(spec.to, "rogue"), "");
    symlinkSync("/etc/passwd", join(spec.to, "deep", "link"));
    rmSync(join(spec.to, "deep", "é ü.md"));
    const difference = compareManifests(manifest, await readFolder(host, { folder: spec.to, via }));
    assert.deepEqual(difference, { missing: ["deep/é ü.md"], added: ["deep/link", "rogue"], changed: ["a.md"] });
    chmodSync(join(spec.to, "deep"), 0o700);
    await syncFolder(host, spec);
    assert.deepEqual(await readFolder(host, { folder: spec.to, via }), manifest);
    assert.equal(statSync(join(spec.to, "deep")).mode & 0o777, 0o755);
  });

  it("touches nothing where nothing differs, although a fresh clone has other times", async () => {
    assert.deepEqual(await syncFolder(host, spec), { changed: true });
    const before = statSync(join(spec.to, "a.md"));
    utimesSync(join(spec.from, "a.md"), 1, 1);
    assert.deepEqual(await syncFolder(host, spec), { changed: false });
    const after = statSync(join(spec.to, "a.md"));
    assert.deepEqual([after.ino, after.mtimeMs, after.ctimeMs], [before.ino, before.mtimeMs, before.ctimeMs]);
  });

  it("makes files of links inside the source", async () => {
    symlinkSync("../a.md", join(spec.from, "deep", "link.md"));
    symlinkSync("deep", join(spec.from, "also"));
    await syncFolder(host, spec);
    const manifest = await readSource(spec.from);
    assert.deepEqual([...manifest.keys()].sort(), ["a.md", "also/link.md", "also/é ü.md", "deep/link.md", "deep/é ü.md"]);
    assert.deepEqual(await readFolder(host, { folder: spec.to, via }), manifest);
    assert.equal(readFileSync(join(spec.to, "also", "link.md"), "utf8"), "a");
  });

  it("says which folder could not be synced where rsync fails", async () => {
    await assert.rejects(
      syncFolder(host, { ...spec, to: "/dev/null/docs", below: "/dev" }),
      /could not be synced to \/dev\/null\/docs on this machine \(exit [0-9]+, wanted 0\)/,
    );
  });
});

describe("a link in the way of a sync", () => {
  for (const [title, to, link] of [
    ["the folder itself", "docs/context", "docs/context"],
    ["a folder above it", "docs/context", "docs"],
    ["the folder right below the base folder", "docs", "docs"],
  ] as const) {
    it(`is refused where it is ${title}, by the sync and by its line, and nothing is deleted where it leads`, async () => {
      const base = join(folder, "base");
      const elsewhere = join(folder, "elsewhere");
      const led = { ...spec, to: join(base, to), below: base };
      mkdirSync(join(base, link), { recursive: true });
      renameSync(join(base, link), elsewhere);
      symlinkSync(elsewhere, join(base, link));
      mkdirSync(led.to, { recursive: true });
      const own = join(led.to, "own.md");
      writeFileSync(own, "somebody's own");
      const refused = (error: Error & { stderr?: Buffer }) => {
        const text = `${error.message}${error.stderr?.toString() ?? ""}`;
        assert.ok(text.includes(`${join(base, link)} is a link`), text);
        return text.includes(`rm ${join(base, link)} && npx deck up`);
      };
      await assert.rejects(syncFolder(host, led), refused);
      assert.throws(() => execFileSync("sh", ["-c", syncLine(host, led)], { stdio: "pipe" }), refused);
      await assert.rejects(ensureFolder(host, led, new Map()), refused);
      assert.equal(readFileSync(own, "utf8"), "somebody's own");
    });
  }

  it("is none of ours where the base folder itself lies behind it", async () => {
    mkdirSync(join(folder, "real"));
    symlinkSync("real", join(folder, "base"));
    const below = join(folder, "base");
    assert.deepEqual(await syncFolder(host, { ...spec, to: join(below, "docs"), below }), { changed: true });
  });

  it("cannot be ruled out of a folder that does not lie below its base", async () => {
    await assert.rejects(syncFolder(host, { ...spec, below: join(folder, "other") }), /does not lie below/);
  });
});

describe("readSource", () => {
  it("refuses a source without a file, though it has folders", async () => {
    rmSync(spec.from, { recursive: true });
    mkdirSync(join(spec.from, "deep"), { recursive: true });
    await assert.rejects(readSource(spec.from), /holds no file/);
  });

  it("refuses a source that is not there", async () => {
    await assert.rejects(readSource(join(folder, "none")), /ENOENT/);
  });

  it("names every fault at once: links that leave, lead nowhere or lead back, odd names, odd files", async () => {
    symlinkSync("/etc/passwd", join(spec.from, "out"));
    symlinkSync("../../from-other", join(spec.from, "deep", "gone"));
    symlinkSync("..", join(spec.from, "deep", "back"));
    writeFileSync(join(spec.from, "new\nline"), "");
    execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", join(spec.from, "fifo")]);
    await assert.rejects(readSource(spec.from), (error: Error) => {
      for (const part of [
        "The link out leaves the folder.",
        "The link deep/gone leads nowhere.",
        "The link deep/back leads back into its own folder.",
        'The file name "new\\nline" holds',
        "fifo is neither a file nor a folder.",
      ]) {
        assert.ok(error.message.includes(part), `${part} in ${error.message}`);
      }
      return true;
    });
  });

  it("refuses a link to a sibling whose name begins like the source's", async () => {
    mkdirSync(`${spec.from}-other`);
    writeFileSync(join(`${spec.from}-other`, "f"), "");
    symlinkSync("../from-other/f", join(spec.from, "out"));
    await assert.rejects(readSource(spec.from), /The link out leaves the folder/);
  });
});

describe("digestFolder", () => {
  it("is one shell with the script and the folder", () => {
    assert.deepEqual(digestFolder({ folder: "/b/docs", via }), [
      "sh",
      "-c",
      scriptText("digest-folder"),
      "digest-folder",
      "/b/docs",
      "",
    ]);
  });

  it("prints, byte for byte, what the source's manifest is rendered to", async () => {
    await syncFolder(host, spec);
    const { stdout } = await host.run(digestFolder({ folder: spec.to, via }));
    assert.equal(stdout, renderManifest(await readSource(spec.from)));
  });

  it("names strangers with odd names, and a fifo, without waiting on it", async () => {
    mkdirSync(spec.to);
    for (const name of ["new\nline", "back\\slash", "-"]) writeFileSync(join(spec.to, name), "x");
    execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", join(spec.to, "fifo")]);
    const found = await readFolder(host, { folder: spec.to, via });
    assert.deepEqual([...found.keys()].sort(), ["-", "back\\slash", "fifo", "new\nline"]);
    assert.equal(found.get("fifo"), "0".repeat(64));
  });

  it("counts as a stranger what another uid cannot read, on request only", async () => {
    await syncFolder(host, spec);
    chmodSync(join(spec.to, "a.md"), 0o600);
    chmodSync(join(spec.to, "deep"), 0o750);
    const found = await readFolder(host, { folder: spec.to, via, readable: true });
    assert.deepEqual([found.get("a.md"), found.get("deep")], ["0".repeat(64), "0".repeat(64)]);
    assert.deepEqual(await readFolder(host, { folder: spec.to, via }), await readSource(spec.from));
    chmodSync(spec.to, 0o700);
    assert.equal((await readFolder(host, { folder: spec.to, via, readable: true })).get("."), "0".repeat(64));
    await syncFolder(host, spec);
    assert.equal(statSync(spec.to).mode & 0o777, 0o755);
    assert.deepEqual(await readFolder(host, { folder: spec.to, via, readable: true }), await readSource(spec.from));
  });

  it("fails where the folder is missing, and lists an empty one as empty", async () => {
    await assert.rejects(readFolder(host, { folder: join(folder, "none"), via }), /could not be read/);
    mkdirSync(spec.to);
    assert.equal((await readFolder(host, { folder: spec.to, via })).size, 0);
  });

  it("is read as escaped names only where the list says so", () => {
    assert.deepEqual([...parseManifest(`${"a".repeat(64)}  a\\nb\n`).keys()], ["a\\nb"]);
  });
});
