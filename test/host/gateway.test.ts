/** The script that reads the bot's index, run here as in the gateway's container, on a database as OpenClaw makes it. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { indexStateCommand, isDown, readIndexState } from "../../host/gateway.ts";
import { LocalHost } from "../../host/local.ts";
import { IndexSample } from "./indexSample.ts";

const host = new LocalHost();

describe("indexStateCommand", () => {
  let folder: string;
  let index: IndexSample;
  const place = (name: string) => join(folder, name);

  /** The command, less what brings it into the container, with its places in a folder of this test. */
  const state = async () => {
    const [, , , node = "", ...rest] = indexStateCommand(host, "bot");
    const argv = [node, ...rest.slice(0, -3), place("index.sqlite"), place("workspace"), place("docs")];
    const { code, stdout, stderr } = await host.run(argv);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };

  const add = (path: string, text: string) => {
    writeFileSync(join(place("docs"), path), text);
    index.add(relative(place("workspace"), join(place("docs"), path)), text);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-index-"));
    for (const below of ["docs/sub", "workspace"]) mkdirSync(place(below), { recursive: true });
    index = new IndexSample(place("index.sqlite"));
    add("a.md", "one");
    add("sub/b c.md", "grüße");
    add("empty.md", "");
  });
  afterEach(() => {
    index[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  it("finds an index whole that holds every document, and asks for none of what OpenClaw does not index", async () => {
    writeFileSync(join(place("docs"), "data.yaml"), "a: 1");
    assert.deepEqual(await state(), { documents: 3, stale: [] });
  });

  for (const [what, change, stale] of [
    ["a document that was changed since", () => writeFileSync(join(place("docs"), "a.md"), "ONE"), ["a.md"]],
    ["one that was never indexed", () => writeFileSync(join(place("docs"), "new.md"), "new"), ["new.md"]],
    ["one that is gone", () => rmSync(join(place("docs"), "sub/b c.md")), ["sub/b c.md"]],
    [
      "one of which no piece is left",
      () => index.database.exec("delete from memory_index_chunks where path like '%a.md'"),
      ["a.md"],
    ],
    ["pieces that no search finds", () => index.database.exec("delete from memory_index_chunks_fts"), ["a.md", "sub/b c.md"]],
    ["an index without tables", () => index.database.exec("drop table memory_index_sources"), ["a.md", "empty.md", "sub/b c.md"]],
    [
      "an index that was never searched",
      () => index.database.exec("drop table memory_index_chunks_fts"),
      ["a.md", "empty.md", "sub/b c.md"],
    ],
    ["no index at all", () => rmSync(place("index.sqlite")), ["a.md", "empty.md", "sub/b c.md"]],
  ] as const) {
    it(`names ${what}`, async () => {
      change();
      assert.deepEqual((await state()).stale, stale);
    });
  }
});

describe("readIndexState", () => {
  const answering = (code: number, stdout: string, stderr = "") =>
    Object.assign(new LocalHost(), { run: async () => ({ code, stdout, stderr }) });

  it("says why the container cannot be asked, and throws on an answer of another shape", async () => {
    const stderr = "[eval]:20\n  thing\n\nError: no such table: x\n    at [eval]:20\n\nNode.js v24\n";
    const unread = "exit 1, wanted 0: Error: no such table: x";
    assert.deepEqual(await readIndexState(answering(1, "", stderr), "bot"), { unread });
    for (const text of ["", "{}", '{"documents":1}']) await assert.rejects(readIndexState(answering(0, text), "bot"));
  });
});

describe("isDown", () => {
  for (const [state, code] of [
    ["echo true false 0 healthy", 1],
    ["echo true false 3 healthy", 1],
    ["echo true false 0 starting", 1],
    ["echo true false 0", 1],
    ["echo true false 3 starting", 0],
    ["echo true true 3 unhealthy", 0],
    ["echo false false 0 unhealthy", 0],
    ["exit 1", 1],
  ] as const)
    it(`ends with ${code} where the engine's answer is \`${state}\``, async () => {
      const [sh, flag, script, name, ...inspect] = isDown(host, "bot");
      assert.match(inspect.join(" "), /^docker inspect --format \{\{\.State\.Running\}\} .* bot$/);
      assert.equal((await host.run([sh, flag, script, name, "sh", "-c", state].map((each) => each ?? ""))).code, code);
    });
});
