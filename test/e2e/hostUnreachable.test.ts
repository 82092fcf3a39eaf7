import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Host, HostUnreachable } from "../../host/host.ts";
import { openHost } from "../../host/open.ts";
import { syncFolder } from "../../host/sync.ts";
import { type Phill, startPhill } from "./phill.ts";

const run = promisify(execFile);

describe("A host that must not be reached, or cannot be", function () {
  this.timeout(180_000);
  let root = "";
  let base = "";
  let phill: Phill;
  let host: Host;

  before(async () => {
    root = mkdtempSync(join(tmpdir(), "phillbot-host-"));
    base = join(root, "base");
    mkdirSync(base);
    mkdirSync(join(root, "docs"));
    writeFileSync(join(root, "docs", "a.md"), "a");
    phill = await startPhill({ baseFolder: base });
    host = await openHost(phill.settings, { controlFolder: join(root, "control") });
  });
  after(async () => {
    await host?.close();
    await phill?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  const spec = () => ({
    from: join(root, "docs"),
    to: join(base, "docs"),
    below: base,
    uid: 1001,
    gid: 1001,
    via: { kind: "direct" } as const,
  });
  const refused = async (promise: Promise<unknown>, message: RegExp, remedy: RegExp) => {
    const error = await promise.then(
      () => assert.fail("it was not refused"),
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof HostUnreachable, String(error));
    assert.match(error.message, message);
    assert.match(error.remedy, remedy);
  };

  describe("a connection that must not be made", () => {
    const otherKey = async () => {
      const path = join(root, `other-${randomBytes(4).toString("hex")}`);
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
      return path;
    };

    it("is refused for a wrong host key even while the right one's connection is open, and nothing is run", async () => {
      const { stdout } = await run("cut", ["-d ", "-f1,2", `${await otherKey()}.pub`]);
      const wrong = { ...phill.settings, hostKey: stdout.trim() };
      const before = (await run("docker", ["logs", phill.container])).stderr;
      await refused(
        openHost(wrong, { controlFolder: join(root, "control") }),
        /is not the host that is pinned: it shows SHA256:.*Nothing was sent/,
        /ssh-keygen -lf/,
      );
      const log = (await run("docker", ["logs", phill.container])).stderr.slice(before.length);
      assert.doesNotMatch(log, /Accepted publickey/);
    });

    it("is refused where the key may not log in", async () => {
      const stranger = { ...phill.settings, identityFile: await otherKey() };
      await refused(
        openHost(stranger, { controlFolder: join(root, "control") }),
        /shows the pinned key but did not let us in/,
        /ssh-copy-id -i/,
      );
    });

    it("is refused where nothing listens", async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const address = server.address();
      assert.ok(address !== null && typeof address === "object");
      await new Promise((resolve) => server.close(resolve));
      const nobody = { ...phill.settings, port: address.port };
      await refused(
        openHost(nobody, { controlFolder: join(root, "control") }),
        /does not answer: no connection .*\(ECONNREFUSED\)/,
        /ssh -v -p/,
      );
    });

    it("is refused where something else than ssh listens", async () => {
      const server = createServer((_, response) => response.end()).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const address = server.address();
      assert.ok(address !== null && typeof address === "object");
      await refused(
        openHost({ ...phill.settings, port: address.port }, { controlFolder: join(root, "control") }),
        /not as an ssh server should/,
        /ssh -v -p/,
      );
      server.close();
    });

    for (const part of [{ address: "-oProxyCommand=id" }, { user: "-l" }, { address: "a b" }]) {
      it(`is refused as a setting for ${JSON.stringify(part)}`, async () => {
        await assert.rejects(
          openHost({ ...phill.settings, ...part }, { controlFolder: join(root, "control") }),
          /`host\.(address|user)` is/,
        );
      });
    }
  });

  describe("the control folder", () => {
    it("works where its path is too long for a socket, or has a space", async () => {
      // Where the short folder goes instead.
      const temporary = process.env.TMPDIR;
      process.env.TMPDIR = root;
      for (const name of ["x".repeat(100), "a b"]) {
        const long = await openHost(phill.settings, { controlFolder: join(root, name) });
        assert.equal((await long.run(["id", "-un"])).stdout, "claw\n");
        await syncFolder(long, spec());
        await long.close();
      }
      if (temporary === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = temporary;
    });

    it("refuses a control folder that is a file, and closes one that others may enter", async () => {
      writeFileSync(join(root, "file"), "");
      await assert.rejects(openHost(phill.settings, { controlFolder: join(root, "file") }));
      mkdirSync(join(root, "open"));
      chmodSync(join(root, "open"), 0o777);
      await (await openHost(phill.settings, { controlFolder: join(root, "open") })).close();
      assert.ok(readdirSync(join(root, "open")).length > 0);
    });
  });

  describe("a host that goes down", () => {
    it("is unreachable, for a command as for a forward", async () => {
      await host.run(["true"]);
      await phill.kill();
      await refused(host.run(["touch", join(base, "never")]), /does not answer: no connection to 127\.0\.0\.1 port/, /ssh -v/);
      await refused(host.forward(22), /does not answer/, /ssh -v/);
      await assert.rejects(syncFolder(host, spec()), HostUnreachable);
      assert.ok(!readdirSync(base).includes("never"));
    });
  });
});
