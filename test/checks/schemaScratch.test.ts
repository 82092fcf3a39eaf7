import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { writeScratchPassword } from "../../checks/schemaScratch.ts";

describe("the password of a scratch database", () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "phillbot-scratches-"));
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  it("lies in a file of its owner alone until it is disposed of", async () => {
    {
      await using scratch = await writeScratchPassword(parent);
      assert.equal(readFileSync(scratch.path, "utf8"), scratch.password.reveal());
      assert.deepEqual(
        [scratch.path, dirname(scratch.path)].map((path) => statSync(path).mode & 0o777),
        [0o600, 0o700],
      );
    }
    assert.deepEqual(readdirSync(parent), []);
  });

  it("is swept by the next one where its process was killed", async () => {
    const program = `
      const { writeScratchPassword } = await import(${JSON.stringify(resolve(import.meta.dirname, "../../checks/schemaScratch.ts"))});
      await writeScratchPassword(${JSON.stringify(parent)});
      process.kill(process.pid, "SIGKILL");`;
    assert.equal(spawnSync(process.execPath, ["--input-type=module", "-e", program]).signal, "SIGKILL");
    const left = join(parent, readdirSync(parent)[0] ?? "", "password");
    assert.ok(existsSync(left));
    await using scratch = await writeScratchPassword(parent);
    assert.equal(existsSync(left), false);
    assert.ok(existsSync(scratch.path));
  });
});
