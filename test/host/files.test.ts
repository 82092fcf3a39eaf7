import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import {
  framed,
  hmacFile,
  makeFolder,
  parseFileState,
  parseHmac,
  type Route,
  readFileState,
  writeFile,
} from "../../host/files.ts";
import { LocalHost } from "../../host/local.ts";
import { scriptText } from "../../host/script.ts";

const host = new LocalHost();
const { uid, gid } = userInfo();
const via: Route = { kind: "direct" };
const container: Route = { kind: "container", image: "gateway:1" };
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "phillbot-files-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const place = (name: string, mode = 0o600) => ({ path: join(folder, name), mode, uid, gid, via });

describe("writeFile", () => {
  it("is one shell with the script, the folder, the name, the path, the mode and the owner", () => {
    const argv = writeFile({ path: "/b/c d", mode: 0o600, uid: 1000, gid: 1001, via });
    assert.deepEqual(argv, ["sh", "-c", scriptText("write-file"), "write-file", "/b", "c d", "/b/c d", "600", "1000:1001"]);
  });

  it("runs in a container as root with three capabilities, without network or log, where the caller may not chown", () => {
    const argv = writeFile({ path: "/b/c", mode: 0o600, uid: 1000, gid: 1000, via: container });
    const line = argv.join(" ").replace(scriptText("write-file"), "SCRIPT");
    assert.equal(
      line,
      "docker run --rm --interactive --pull never --network none --log-driver none --label phillbot.purpose=one-shot --read-only --user 0:0 --cap-drop ALL " +
        "--cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER --security-opt no-new-privileges " +
        "--mount type=bind,source=/b,target=/target --entrypoint sh gateway:1 -c SCRIPT write-file /target c /b/c 600 1000:1000",
    );
  });

  it("names the engine where it is not the default, and quotes a folder with a comma", () => {
    const argv = makeFolder({ path: "/a,b/c", mode: 0o700, uid: 1, gid: 1, via: { ...container, engine: "unix:///e.sock" } });
    assert.deepEqual(argv.slice(0, 4), ["docker", "--host", "unix:///e.sock", "run"]);
    assert.ok(argv.includes('type=bind,"source=/a,b",target=/target'));
  });

  for (const path of ["relative", "/", "/a/", "/a/../b", "/a//b", ""]) {
    it(`refuses the path ${JSON.stringify(path)}`, () => {
      assert.throws(() => writeFile({ path, mode: 0o600, uid, gid, via }), /must be an absolute path/);
    });
  }

  for (const mode of [-1, 0o1000, 1.5, Number.NaN]) {
    it(`refuses the mode ${mode}`, () => {
      assert.throws(() => writeFile({ ...place("f"), mode }), /is not permission bits/);
    });
  }

  it("writes any bytes exactly, with the mode and the owner, and leaves nothing beside", async () => {
    const content = Buffer.concat([Buffer.from("a\0b\n"), randomBytes(100_000)]);
    for (const mode of [0o600, 0o644, 0o400]) {
      const result = await host.run(writeFile(place("f", mode)), { stdin: framed(content) });
      assert.deepEqual([result.code, result.stderr], [0, ""]);
      assert.deepEqual(readFileSync(join(folder, "f")), content);
      const found = statSync(join(folder, "f"));
      assert.deepEqual([found.mode & 0o777, found.uid, found.gid], [mode, uid, gid]);
    }
    assert.deepEqual(readdirSync(folder), ["f"]);
  });

  it("counts bytes, not characters, and writes an empty file", async () => {
    await host.run(writeFile(place("f")), { stdin: framed("é\u{1f600}") });
    assert.equal(readFileSync(join(folder, "f"), "utf8"), "é\u{1f600}");
    await host.run(writeFile(place("f")), { stdin: framed("") });
    assert.equal(statSync(join(folder, "f")).size, 0);
  });

  it("has no moment in which the file, or the one beside it, has another mode", async () => {
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "f"), "old", { mode: 0o600 });
    const child = spawn("sh", writeFile(place("f")).slice(1), { stdio: ["pipe", "ignore", "inherit"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.stdin.write("6\nab");
    // The writer waits for the rest, so what lies here now is what a reader could see half-way.
    let seen: string[] = [];
    while (seen.length < 2) seen = readdirSync(folder);
    assert.deepEqual(
      seen.map((name) => statSync(join(folder, name)).mode & 0o777),
      [0o600, 0o600],
    );
    assert.equal(readFileSync(join(folder, "f"), "utf8"), "old");
    child.stdin.end("cdef");
    assert.equal(await ended, 0);
    assert.equal(readFileSync(join(folder, "f"), "utf8"), "abcdef");
  });

  for (const [title, stdin, message] of [
    ["its input ends early, as when a connection is lost", "10\nabc", /3 of 10 bytes arrived/],
    ["its input is empty", "", /does not begin with its length/],
    ["its input is not framed", "NAME=value\n", /does not begin with its length/],
  ] as const) {
    it(`keeps the old file and leaves nothing beside where ${title}`, async () => {
      writeFileSync(join(folder, "f"), "old");
      const result = await host.run(writeFile(place("f")), { stdin });
      assert.equal(result.code, 1);
      assert.match(result.stderr, message);
      assert.match(result.stderr, /was not written and is as it was/);
      assert.doesNotMatch(result.stderr, /NAME/);
      assert.deepEqual(readdirSync(folder), ["f"]);
      assert.equal(readFileSync(join(folder, "f"), "utf8"), "old");
    });
  }

  it("leaves nothing beside where it is told to end half-way", async () => {
    const child = spawn("sh", writeFile(place("f")).slice(1), { stdio: ["pipe", "ignore", "ignore"], detached: true });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.stdin.on("error", () => {});
    child.stdin.write("6\nab");
    while (readdirSync(folder).length < 1);
    assert.ok(child.pid !== undefined);
    process.kill(-child.pid, "SIGTERM");
    assert.notEqual(await ended, 0);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("removes what a writer that was killed outright left an hour ago, and no younger one", async () => {
    for (const name of [".f.AAAAAAAA.part", ".f.BBBBBBBB.part", ".g.AAAAAAAA.part"]) writeFileSync(join(folder, name), "");
    const old = Date.now() / 1000 - 2 * 3600;
    for (const name of [".f.AAAAAAAA.part", ".g.AAAAAAAA.part"]) utimesSync(join(folder, name), old, old);
    await host.run(writeFile(place("f")), { stdin: framed("x") });
    assert.deepEqual(readdirSync(folder).sort(), [".f.BBBBBBBB.part", ".g.AAAAAAAA.part", "f"]);
  });

  it("replaces a link, not what it leads to, and refuses a folder", async () => {
    writeFileSync(join(folder, "target"), "kept");
    symlinkSync("target", join(folder, "link"));
    mkdirSync(join(folder, "dir"));
    assert.equal((await host.run(writeFile(place("link")), { stdin: framed("new") })).code, 0);
    assert.equal(readFileSync(join(folder, "target"), "utf8"), "kept");
    assert.equal(readFileSync(join(folder, "link"), "utf8"), "new");
    assert.equal((await host.run(writeFile(place("dir")), { stdin: framed("new") })).code, 1);
    assert.deepEqual(readdirSync(folder).sort(), ["dir", "link", "target"]);
  });

  it("fails where the folder is missing", async () => {
    const result = await host.run(writeFile(place("none/f")), { stdin: framed("x") });
    assert.equal(result.code, 1);
    assert.match(result.stderr, /folder cannot be entered/);
  });
});

describe("makeFolder", () => {
  it("makes it with its mode, mends the mode of an existing one, and keeps what lies in it", async () => {
    const path = join(folder, "d");
    assert.equal((await host.run(makeFolder(place("d", 0o750)))).code, 0);
    assert.equal(statSync(path).mode & 0o777, 0o750);
    writeFileSync(join(path, "kept"), "");
    chmodSync(path, 0o777);
    assert.equal((await host.run(makeFolder(place("d", 0o700)))).code, 0);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(path), ["kept"]);
  });

  it("leaves an existing one as it is where told so, and makes a missing one all the same", async () => {
    assert.equal((await host.run(makeFolder({ ...place("d", 0o750), keepExisting: true }))).code, 0);
    assert.equal((await host.run(makeFolder({ ...place("d", 0o700), keepExisting: true }))).code, 0);
    assert.equal(statSync(join(folder, "d")).mode & 0o777, 0o750);
  });

  it("refuses a file and a link in its place, and a missing parent", async () => {
    writeFileSync(join(folder, "f"), "");
    symlinkSync(tmpdir(), join(folder, "l"));
    for (const name of ["f", "l", "none/d"])
      assert.equal((await host.run(makeFolder(place(name, 0o700)))).code !== 0, true, name);
  });
});

describe("readFileState", () => {
  it("tells mode, owner, size, time and digest", async () => {
    writeFileSync(join(folder, "f"), "abc", { mode: 0o640 });
    const { stdout } = await host.run(readFileState(place("f")));
    assert.deepEqual(parseFileState(stdout), {
      kind: "file",
      mode: 0o640,
      uid,
      gid,
      size: 3,
      // The host gives whole milliseconds, cut off; a number of milliseconds with a fraction would have been rounded already.
      changedMs: Number(statSync(join(folder, "f"), { bigint: true }).ctimeNs / 1_000_000n),
      sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    });
  });

  it("leaves the digest out on request", async () => {
    writeFileSync(join(folder, "f"), "abc");
    const state = parseFileState((await host.run(readFileState({ ...place("f"), digest: false }))).stdout);
    assert.equal(state.kind === "file" && state.sha256, null);
  });

  it("tells an absent file, and a link or folder in its place", async () => {
    symlinkSync("nowhere", join(folder, "l"));
    mkdirSync(join(folder, "d"));
    for (const [name, kind] of [
      ["none", "absent"],
      ["l", "other"],
      ["d", "other"],
    ] as const) {
      assert.equal(parseFileState((await host.run(readFileState(place(name)))).stdout).kind, kind, name);
    }
  });

  it("fails, rather than call the file absent, where its folder is missing", async () => {
    assert.notEqual((await host.run(readFileState(place("none/f")))).code, 0);
  });

  it("is refused by the parser where it is cut off or has more in it", () => {
    assert.throws(() => parseFileState('{"kind":"file"}'));
    assert.throws(() => parseFileState(""));
    assert.throws(() => parseFileState('{"kind":"absent","mode":"600"}'));
  });
});

describe("hmacFile", () => {
  it("equals node's HMAC for random keys and contents, NULs and percent signs among them", async () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom("", "\0", "%s%n\\0\0", "\n\n").map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 16, maxLength: 64 }), content, async (key, bytes) => {
        writeFileSync(join(folder, "f"), bytes);
        const { stdout, stderr } = await host.run(hmacFile(place("f")), { stdin: `${Buffer.from(key).toString("hex")}\n` });
        assert.equal(stderr, "");
        assert.equal(parseHmac(stdout), createHmac("sha256", key).update(bytes).digest("hex"));
      }),
      { numRuns: 40 },
    );
  });

  it("holds no key and no path of a key in its argv", () => {
    assert.deepEqual(hmacFile({ path: "/b/c", via }), ["sh", "-c", scriptText("hmac-file"), "hmac-file", "/b", "c", "/b/c"]);
  });

  for (const key of ["", "00", "zz".repeat(16), "0".repeat(33), "0".repeat(130)]) {
    it(`refuses a key of ${key.length} digits such as ${JSON.stringify(key.slice(0, 4))}`, async () => {
      writeFileSync(join(folder, "f"), "x");
      const result = await host.run(hmacFile(place("f")), { stdin: `${key}\n` });
      assert.notEqual(result.code, 0);
      assert.equal(result.stdout, "");
    });
  }

  it("fails on a file that is not there", async () => {
    const result = await host.run(hmacFile(place("f")), { stdin: `${"0".repeat(32)}\n` });
    assert.notEqual(result.code, 0);
    assert.throws(() => parseHmac(result.stdout), /wanted 64 hex digits/);
  });
});
