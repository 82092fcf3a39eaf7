import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeWorkFolder } from "../../deck/workFolder.ts";

describe("the folder of a run", () => {
  let parent: string;
  const ended = spawnSync("true").pid;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "phillbot-folders-"));
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  it("lets nobody else in, and goes at its end", async () => {
    {
      await using folder = await makeWorkFolder(parent);
      assert.equal(statSync(folder.path).mode & 0o777, 0o700);
    }
    assert.deepEqual(readdirSync(parent), []);
  });

  it("sweeps those of processes that have ended, and nothing else", async () => {
    const names = [`phillbot-update-${process.pid}-alive`, "phillbot-update-unknown", "other"];
    for (const name of [...names, `phillbot-update-${ended}-dead`]) mkdirSync(join(parent, name));
    writeFileSync(join(parent, `phillbot-update-${ended}-dead`, "printed"), "");
    mkdirSync(join(parent, "other", "kept"));
    symlinkSync(join(parent, "other"), join(parent, `phillbot-update-${ended}-link`));
    await using folder = await makeWorkFolder(parent);
    assert.ok(existsSync(folder.path));
    assert.equal(existsSync(join(parent, `phillbot-update-${ended}-dead`)), false);
    for (const name of [...names, `phillbot-update-${ended}-link`, "other/kept"]) assert.ok(existsSync(join(parent, name)), name);
  });
});
