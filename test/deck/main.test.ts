import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const deck = resolve(import.meta.dirname, "../../deck/deck");

describe("deck, as it is typed", () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "phillbot-deck-")));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (command: string, ...args: string[]) => spawnSync(command, args, { cwd: folder, encoding: "utf8" });

  it("prints help with the exit codes on standard output, from any folder and through a link", () => {
    symlinkSync(deck, join(folder, "d"));
    const { status, stdout, stderr } = run(join(folder, "d"), "--help");
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: deck[\s\S]*Exit codes:/);
    assert.equal(stderr, "");
  });

  for (const args of [[], ["nothing"], ["ps", "--nothing"], ["ps", "--stack", "no-such-stack"]]) {
    it(`ends with 2 and no stack trace for \`${args.join(" ")}\`, its words on standard error`, () => {
      const { status, stdout, stderr } = run(deck, ...args);
      assert.equal(status, 2);
      assert.equal(stdout, "");
      assert.notEqual(stderr, "");
      assert.doesNotMatch(stderr, /^\s+at /m);
    });
  }

  for (const [title, command, ...args] of [
    ["a verb", deck, "gate"],
    // It may start and write nothing, so that it cannot begin in earnest.
    ["`npm start`", process.execPath, "--permission", "--allow-fs-read=*", resolve(import.meta.dirname, "../../deck/start.ts")],
  ] as const) {
    it(`refuses ${title} with 2 where Node would take anybody's certificate`, () => {
      const env = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
      const { status, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8", env, timeout: 30_000 });
      assert.equal(status, 2, stderr);
      assert.match(stderr, /NODE_TLS_REJECT_UNAUTHORIZED` is 0, wanted is[^\n]*\n {2}unset NODE_TLS_REJECT_UNAUTHORIZED\n$/);
    });
  }

  it("prints a failure as one object with `--json`", () => {
    const { status, stdout } = run(deck, "ps", "--json", "--stack", "no-such-stack");
    assert.equal(status, 2);
    const { schema, stack, error } = JSON.parse(stdout);
    assert.deepEqual([schema, stack, error.code], ["phillbot/ps/v1", "no-such-stack", 2]);
  });

  for (const args of [
    ["nothing", "--json"],
    ["--json", "nothing"],
    ["ps", "--nothing", "--json"],
    ["--json"],
    ["docs", "--json"],
    ["ps", "--json", "--stack", "../prod"],
  ]) {
    it(`prints one object with an error and code 2 for \`${args.join(" ")}\``, () => {
      const { status, stdout, stderr } = run(deck, ...args);
      const { schema, error } = JSON.parse(stdout);
      assert.deepEqual([status, schema, error.code, error.remedy], [2, "phillbot/deck/v1", 2, error.remedy]);
      assert.ok(stderr.startsWith(error.message), stderr);
    });
  }

  it("takes `--json` behind `--` for no option", () => {
    assert.deepEqual([run(deck, "nothing", "--", "--json").stdout], [""]);
  });

  it("says `npm start` where the project's packages are not installed", () => {
    mkdirSync(join(folder, "deck"));
    copyFileSync(deck, join(folder, "deck/deck"));
    const { status, stderr } = run(join(folder, "deck/deck"), "ps");
    assert.equal(status, 2);
    assert.equal(stderr, `The project's packages are not installed in ${folder}. Run \`npm start\` there first.\n`);
  });
});
