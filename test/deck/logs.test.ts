import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logLine, logsVerb, readLog } from "../../deck/logs.ts";
import { createOutput } from "../../deck/output.ts";
import { type Call, DeckError, type World } from "../../deck/verb.ts";
import { LocalHost } from "../../host/local.ts";
import { Secret } from "../../model/secret.ts";

describe("deck logs", () => {
  const call: Call = {
    verb: "logs",
    stack: "no-such-stack",
    json: false,
    yes: false,
    dryRun: false,
    args: [],
    options: { since: "10m" },
  };

  for (const [asked, line] of [
    [{ sinceSeconds: 120, follow: false }, "docker logs --since 120s bot"],
    [{ sinceSeconds: 600, follow: true }, "docker logs --since 600s --follow bot"],
  ] as const) {
    it(`asks for \`${line}\`, with nothing of the caller's environment`, () => {
      assert.equal(logLine(new LocalHost(), "bot", asked), `env -i "PATH=$PATH" "HOME=$HOME" LANG=C.UTF-8 ${line}`);
    });
  }

  it("asks the engine that the host names, where it is not the default", () => {
    assert.match(
      logLine(new LocalHost("unix:///run/x.sock"), "bot", { sinceSeconds: 1, follow: false }),
      /docker --host unix:\/\/\/run\/x\.sock logs/,
    );
  });

  for (const [title, change, message] of [
    ["a duration that is none", { options: { since: "soon" } }, /`--since` is "soon"/],
    ["`--follow` with `--json`", { json: true, options: { since: "1m", follow: true } }, /one object/],
  ] as const) {
    it(`refuses ${title} before anything is read`, async () => {
      await assert.rejects(
        logsVerb.run({ ...call, ...change }, {} as World),
        (error) => error instanceof DeckError && error.code === 2 && message.test(error.message),
      );
    });
  }

  describe("redacts what goes over several lines", () => {
    let folder: string;
    let key: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "phillbot-logs-"));
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")]);
      key = readFileSync(join(folder, "key"), "utf8").trim();
    });
    after(() => rmSync(folder, { recursive: true }));

    const value = `Q9${randomBytes(24).toString("base64url")}x7`;
    const secrets = new Map([["BOT_TOKEN", new Secret(value)]]);
    const read = async (log: string, follow: boolean) => {
      const path = join(folder, "log");
      writeFileSync(path, log);
      const shown: string[] = [];
      const output = createOutput({ stdout: (text) => void shown.push(text), stderr: () => undefined });
      output.hide(secrets);
      const { code, lines } = await readLog(
        `cat ${path}`,
        { asked: { follow }, secrets },
        { output, signal: new AbortController().signal },
      );
      assert.equal(code, 0);
      return follow ? shown.join("") : `${JSON.stringify(lines)}\n`;
    };
    const body = () => key.split("\n").slice(1, -1);

    for (const [way, follow] of [
      ["`--json`", false],
      ["`--follow`", true],
    ] as const) {
      it(`a private key, in ${way}`, async () => {
        const shown = await read(`first\n${key}\nlast\n`, follow);
        for (const line of body()) assert.ok(!shown.includes(line), shown);
        assert.match(shown, /first.*\[redacted private-key\].*last/s);
      });

      it(`a value in use that a line's end parts, in ${way}`, async () => {
        for (const at of [3, 8, value.length - 3]) {
          const [head, tail] = [value.slice(0, at), value.slice(at)];
          const shown = await read(`first\nis ${head}\n  ${tail} so\nlast\n`, follow);
          assert.ok(!shown.includes(tail), shown);
          if (at > 3) assert.ok(!shown.includes(head), shown);
          assert.match(shown, /first.*\[redacted BOT_TOKEN\] so.*last/s);
        }
      });
    }

    it("a private key that other lines tear, or that does not end, in `--follow`", async () => {
      for (const log of [
        `first\n${key.split("\n").join("\n[gateway] well: yes\n")}\nlast\n`,
        `first\n${key.split("\n").slice(0, -1).join("\n")}\n`,
      ]) {
        const shown = await read(log, true);
        for (const line of body()) assert.ok(!shown.includes(line), shown);
        assert.match(shown, /^first\n\[redacted private-key\]\n/);
      }
    });
  });
});
