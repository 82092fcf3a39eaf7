import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { LocalHost } from "../../host/local.ts";
import { clockSkewMs } from "../../host/open.ts";

const host = new LocalHost();

describe("LocalHost.run", () => {
  it("gives a non-zero code back as data", async () => {
    assert.deepEqual(await host.run(["sh", "-c", "echo out; echo err >&2; exit 7"]), {
      code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  it("hands on nothing of the caller's environment but PATH and HOME", async () => {
    process.env.PHILLBOT_TEST_PASSPHRASE = "planted";
    try {
      const { stdout } = await host.run(["env"]);
      const names = stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("=", 1)[0]);
      assert.deepEqual(names.sort(), ["HOME", "LANG", "PATH"]);
    } finally {
      delete process.env.PHILLBOT_TEST_PASSPHRASE;
    }
  });

  it("ends with 127 for a program that is not installed, and with 126 for one that cannot be started", async () => {
    assert.equal((await host.run(["phillbot-no-such-program"])).code, 127);
    assert.equal((await host.run(["/etc/passwd"])).code, 126);
  });

  it("ends a command at its bound, without a code and with the bound named", async () => {
    const result = await host.run(["sleep", "60"], { timeoutMs: 100 });
    assert.equal(result.code, null);
    assert.match(result.stderr, /`sleep` was ended after 100 ms/);
  });

  it("ends a command on request, without a code", async () => {
    const result = await host.run(["sleep", "60"], { signal: AbortSignal.timeout(100) });
    assert.equal(result.code, null);
  });

  it("has no code for a command that a signal ended", async () => {
    assert.equal((await host.run(["sh", "-c", "kill -9 $$"])).code, null);
  });

  it("survives a command that does not read its input", async () => {
    assert.equal((await host.run(["true"], { stdin: "x".repeat(1_000_000) })).code, 0);
  });

  it("gives a command without input an end of input, not the caller's terminal", async () => {
    assert.deepEqual(await host.run(["cat"]), { code: 0, stdout: "", stderr: "" });
  });

  it("keeps bytes in and text out as they are", async () => {
    assert.equal((await host.run(["sha256sum"], { stdin: new Uint8Array([0, 255, 10]) })).stdout.slice(0, 8), "712450d3");
    assert.equal((await host.run(["printf", "%s", "a\n\n"])).stdout, "a\n\n");
  });
});

describe("LocalHost.line", () => {
  it("is one literal line", () => {
    assert.equal(host.line(["echo", "it's"]), `env -i "PATH=$PATH" "HOME=$HOME" LANG=C.UTF-8 echo 'it'\\''s'`);
  });

  it("hands on nothing of the shell's environment but PATH and HOME", () => {
    const environment = { PATH: process.env.PATH, HOME: "/h", PULUMI_CONFIG_PASSPHRASE: "planted" };
    const printed = execFileSync("sh", ["-c", host.line(["env"])], { encoding: "utf8", env: environment });
    assert.deepEqual(printed.split("\n").filter(Boolean).sort(), ["HOME=/h", "LANG=C.UTF-8", `PATH=${process.env.PATH}`]);
  });
});

describe("clockSkewMs", () => {
  it("is near zero between this machine and itself", async () => {
    assert.ok(Math.abs(await clockSkewMs(host, () => new Date())) < 1000);
  });

  for (const ahead of [-40_000, 40_000]) {
    it(`tells a host that is ${ahead} ms ahead`, async () => {
      const skew = await clockSkewMs(host, () => new Date(Date.now() - ahead));
      assert.ok(Math.abs(skew - ahead) < 1000, `${skew}`);
    });
  }

  it("fails where the host's clock cannot be read", async () => {
    const silent = Object.assign(new LocalHost(), { run: async () => ({ code: 0, stdout: "", stderr: "" }) });
    await assert.rejects(
      clockSkewMs(silent, () => new Date()),
      /clock of this machine could not be read/,
    );
  });
});
