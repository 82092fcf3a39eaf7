import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  framed,
  hmacFile,
  makeFolder,
  ownershipRoute,
  parseFileState,
  parseHmac,
  type Route,
  readFileState,
  writeFile,
} from "../../host/files.ts";
import type { Host } from "../../host/host.ts";
import { clockSkewMs, openHost } from "../../host/open.ts";
import { readSource } from "../../host/source.ts";
import { readFolder, syncFolder, syncLine } from "../../host/sync.ts";
import { type Phill, startPhill } from "./phill.ts";

const run = promisify(execFile);
const image = "phillbot/base:bookworm";
const owner = { uid: 1000, gid: 1000 };

describe("A host reached by ssh", function () {
  this.timeout(180_000);
  let root = "";
  let base = "";
  let phill: Phill;
  let host: Host;
  let via: Route;

  before(async () => {
    root = mkdtempSync(join(tmpdir(), "phillbot-host-"));
    base = join(root, "base");
    mkdirSync(join(base, "small"), { recursive: true });
    phill = await startPhill({ baseFolder: base, tmpfs: { path: join(base, "small"), size: "64k" } });
    host = await openHost(phill.settings, { controlFolder: join(root, "control") });
    via = await ownershipRoute(host, owner, image);
  });
  after(async () => {
    await host?.close();
    await phill?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  /** What a file is, as root sees it. */
  const state = async (path: string) => parseFileState((await host.run(readFileState({ path, via }))).stdout);
  describe("run", () => {
    it("runs as the host's user and gives back output and exit code, 255 too", async () => {
      assert.deepEqual(await host.run(["sh", "-c", "id -un; echo err >&2; exit 7"]), {
        code: 7,
        stdout: "claw\n",
        stderr: "err\n",
      });
      assert.equal((await host.run(["sh", "-c", "exit 255"])).code, 255);
      assert.equal((await host.run(["no-such-program"])).code, 127);
    });

    it("hands words over as they are, and standard input byte for byte", async () => {
      const words = ["it's", "$HOME", "a\nb", "", "*", "\\", "-n"];
      assert.deepEqual((await host.run(["printf", "%s\\0", ...words])).stdout.split("\0").slice(0, -1), words);
      const bytes = randomBytes(200_000);
      const { stdout } = await host.run(["sha256sum"], { stdin: bytes });
      assert.equal(stdout, `${createHash("sha256").update(bytes).digest("hex")}  -\n`);
    });

    it("gives the command PATH, HOME and LANG, and nothing of sshd's or ours", async () => {
      const names = (await host.run(["env"])).stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("=", 1)[0]);
      assert.deepEqual(names.sort(), ["HOME", "LANG", "PATH"]);
    });

    it("ends at its bound, here at once and on the host soon after", async () => {
      const started = Date.now();
      const result = await host.run(["sleep", "4321"], { timeoutMs: 500 });
      assert.ok(Date.now() - started < 60_000, `${Date.now() - started} ms`);
      assert.equal(result.code, null);
      assert.match(result.stderr, /ended after 500 ms/);
      const left = () =>
        host.run([
          "sh",
          "-c",
          "for p in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$p; echo; done 2>/dev/null | grep -c '^sleep 4321'",
        ]);
      while ((await left()).stdout.trim() !== "0") assert.ok(Date.now() - started < 90_000, "it still runs on the host");
    });

    it("ends on request, at once", async () => {
      const started = Date.now();
      const result = await host.run(["sleep", "600"], { signal: AbortSignal.timeout(300), timeoutMs: 300_000 });
      assert.equal(result.code, null);
      assert.ok(Date.now() - started < 60_000, `${Date.now() - started} ms`);
    });

    it("shares one connection: ten commands log in no more", async () => {
      const logins = async () => (await run("docker", ["logs", phill.container])).stderr.split("Accepted publickey").length - 1;
      await host.run(["true"]);
      const before = await logins();
      for (let i = 0; i < 10; i++) await host.run(["true"]);
      assert.ok(before > 0);
      assert.equal(await logins(), before);
    });
  });

  describe("line, forward and clock", () => {
    it("runs by its shell line as `@pulumi/command` runs one, which ends although the shared connection stays", async () => {
      const fresh = await openHost(phill.settings, { controlFolder: join(root, "fresh") });
      await fresh.close();
      const line = fresh.line(["sh", "-c", "id -un; env | cut -d= -f1 | sort | xargs"]);
      const { stdout } = await run("/bin/sh", ["-c", line], {
        timeout: 10_000,
        env: { PATH: process.env.PATH, PULUMI_CONFIG_PASSPHRASE: "planted" },
      });
      assert.equal(stdout, "claw\nHOME LANG PATH PWD\n");
      await fresh.close();
    });

    it("has a clock near ours", async () => {
      assert.ok(Math.abs(await clockSkewMs(host, () => new Date())) < 2000);
    });

    it("makes a port of the host's loopback reachable, and unreachable again", async () => {
      const forward = await host.forward(22);
      assert.match(await greet(forward.port), /^SSH-2\.0-/);
      await forward[Symbol.asyncDispose]();
      await assert.rejects(greet(forward.port));
    });
  });

  describe("files", () => {
    it("takes the container's route to another uid", () => {
      assert.deepEqual(via, { kind: "container", image });
    });

    it("makes a folder and a file of mode 600 for that uid, and replaces it", async () => {
      const path = join(base, "state", ".env");
      const made = await host.run(makeFolder({ path: join(base, "state"), mode: 0o700, ...owner, via }));
      assert.deepEqual([made.code, made.stderr], [0, ""]);
      for (const content of ["NAME=first\n", "NAME=second\n"]) {
        const written = await host.run(writeFile({ path, mode: 0o600, ...owner, via }), { stdin: framed(content) });
        assert.deepEqual([written.code, written.stderr], [0, ""]);
      }
      const found = await state(path);
      assert.ok(found.kind === "file");
      assert.deepEqual([found.mode, found.uid, found.gid, found.size], [0o600, 1000, 1000, 12]);
      assert.equal((await host.run(["cat", path])).code, 1, "the host's own user cannot read it");
    });

    it("computes the HMAC that node computes, without the content leaving the host", async () => {
      const content = Buffer.concat([randomBytes(5000), Buffer.from("\0%\\")]);
      const key = randomBytes(32);
      const path = join(base, "blob");
      assert.equal((await host.run(writeFile({ path, mode: 0o600, ...owner, via }), { stdin: framed(content) })).code, 0);
      const { stdout } = await host.run(hmacFile({ path, via }), { stdin: `${key.toString("hex")}\n` });
      assert.equal(parseHmac(stdout), createHmac("sha256", key).update(content).digest("hex"));
    });

    it("keeps the old file on a full disk, leaves nothing beside it, and says so", async () => {
      const path = join(base, "small", "env");
      const write = (content: string) => host.run(writeFile({ path, mode: 0o600, ...owner, via }), { stdin: framed(content) });
      assert.equal((await write("old\n")).code, 0);
      const before = await state(path);
      const failed = await write("x".repeat(200_000));
      assert.equal(failed.code, 1);
      assert.match(
        failed.stderr,
        new RegExp(`${path} was not written and is as it was: [0-9]+ of 200000 bytes fitted; see: df -h ${base}/small`),
      );
      assert.deepEqual(await state(path), before);
      assert.deepEqual((await host.run(["ls", "-A", join(base, "small")])).stdout, "env\n");
    });

    it("fails where the image is not on the host, rather than fetch it", async () => {
      const other: Route = { kind: "container", image: "phillbot/none:none" };
      const result = await host.run(writeFile({ path: join(base, "never"), mode: 0o600, ...owner, via: other }), {
        stdin: framed("x"),
      });
      assert.notEqual(result.code, 0);
      assert.equal((await state(join(base, "never"))).kind, "absent");
    });
  });

  describe("sync", () => {
    const spec = () => ({ from: join(root, "docs"), to: join(base, "docs", "context"), below: base, ...owner, via });

    before(async () => {
      mkdirSync(join(root, "docs", "deep er"), { recursive: true });
      writeFileSync(join(root, "docs", "a.md"), "a", { mode: 0o600 });
      writeFileSync(join(root, "docs", "deep er", "é.md"), "b");
      assert.equal((await host.run(makeFolder({ path: join(base, "docs"), mode: 0o755, ...owner, via }))).code, 0);
    });

    it("makes the folder hold exactly the source, readable by the gateway's uid", async () => {
      assert.deepEqual(await syncFolder(host, spec()), { changed: true });
      const manifest = await readSource(spec().from);
      assert.deepEqual(await readFolder(host, { folder: spec().to, via: { kind: "direct" } }), manifest);
      const mount = `type=bind,source=${spec().to},target=/docs`;
      const { stdout } = await run("docker", [
        "run",
        "--rm",
        "--user",
        "1000:1000",
        "--mount",
        mount,
        image,
        "cat",
        "/docs/a.md",
        "/docs/deep er/é.md",
      ]);
      assert.equal(stdout, "ab");
    });

    it("deletes what root or the gateway put there, also by its shell line", async () => {
      const mount = `type=bind,source=${spec().to},target=/docs`;
      const script =
        "mkdir -m 700 /docs/rogue && echo x > /docs/rogue/file && echo changed > /docs/a.md && chown -R 1000:1000 /docs/rogue";
      await run("docker", ["run", "--rm", "--mount", mount, image, "sh", "-c", script]);
      await run("/bin/sh", ["-c", syncLine(host, spec())], { timeout: 60_000 });
      assert.deepEqual(await readFolder(host, { folder: spec().to, via: { kind: "direct" } }), await readSource(spec().from));
      assert.deepEqual(await syncFolder(host, spec()), { changed: false });
      assert.equal((await host.run(["ls", "-A", spec().to])).stdout, "a.md\ndeep er\n");
    });

    it("fails, rather than list a part, where the caller may not enter a folder", async () => {
      const closed = { path: join(base, "closed"), mode: 0o755, ...owner, via };
      assert.equal((await host.run(makeFolder(closed))).code, 0);
      assert.equal((await host.run(makeFolder({ ...closed, path: join(closed.path, "inner"), mode: 0o700 }))).code, 0);
      await assert.rejects(readFolder(host, { folder: closed.path, via: { kind: "direct" } }), /could not be read/);
      assert.equal((await readFolder(host, { folder: closed.path, via })).size, 0);
    });
  });
});

/** The first bytes that a port of our loopback says. */
async function greet(port: number): Promise<string> {
  const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; head -c 8 <&3`;
  return (await run("bash", ["-c", script], { timeout: 5000 })).stdout;
}
