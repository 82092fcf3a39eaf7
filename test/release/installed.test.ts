/** Proves that packages other than those of the lock are told, by their names. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { otherPackages } from "../../release/installed.ts";

const one = { version: "1.0.0", integrity: "sha512-a" };
const lock = { "": { version: "0.1.0" }, "node_modules/a": one, "node_modules/b": { ...one, optional: true } };

describe("the packages that lie here", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-packages-"));
    mkdirSync(join(folder, "node_modules"));
    write("package-lock.json", lock);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (path: string, packages: object) => writeFileSync(join(folder, path), JSON.stringify({ packages }));
  const list = "node_modules/.package-lock.json";

  it("are those of the lock, with what is optional or without", async () => {
    for (const installed of [
      { "node_modules/a": one },
      { "node_modules/a": one, "node_modules/b": { ...one, optional: true } },
    ]) {
      write(list, installed);
      assert.deepEqual(await otherPackages(folder), []);
    }
  });

  for (const [title, installed] of [
    ["of another version", { "node_modules/a": { ...one, version: "1.0.1" } }],
    ["of another content", { "node_modules/a": { ...one, integrity: "sha512-b" } }],
    ["that the lock does not have", { "node_modules/a": one, "node_modules/c": one }],
    ["that are missing", {}],
  ] as const) {
    it(`are told where there are some ${title}`, async () => {
      write(list, installed);
      assert.equal((await otherPackages(folder)).length, 1);
    });
  }

  it("are told where nothing was installed by npm, or the lock cannot be read", async () => {
    assert.equal((await otherPackages(folder)).length, 1);
    rmSync(join(folder, "package-lock.json"));
    assert.deepEqual(await otherPackages(folder), ["`package-lock.json` cannot be read."]);
  });

  it("are told where Node is given code besides them, and not for its other options", async () => {
    write(list, { "node_modules/a": one });
    for (const NODE_OPTIONS of ["--import=/x.mjs", "--enable-source-maps -r /x", '"--require" /x', "--loader /x"])
      assert.match(String(await otherPackages(folder, { NODE_OPTIONS })), /^`NODE_OPTIONS` has `-/, NODE_OPTIONS);
    for (const NODE_OPTIONS of ["", "--max-old-space-size=4096", "--report-on-signal --requires"])
      assert.deepEqual(await otherPackages(folder, { NODE_OPTIONS }), [], NODE_OPTIONS);
  });
});
