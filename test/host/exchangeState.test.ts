/** Proves on real folders that an exchange of states, killed at any command of its, leaves one whole state in place and loses none. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { scriptText } from "../../host/script.ts";

const commands = ["flock", "mv", "rm", "rmdir", "sync"];

describe("An exchange of the gateway's state", function () {
  // Some fifty runs of the script.
  this.timeout(120_000);
  let base = "";
  let stubs = "";
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "phillbot-exchange-"));
    stubs = mkdtempSync(join(tmpdir(), "phillbot-stubs-"));
    mkdirSync(join(base, "restore"));
  });
  afterEach(() => {
    for (const folder of [base, stubs]) rmSync(folder, { recursive: true, force: true });
  });

  const put = (path: string, text: string) => {
    mkdirSync(join(base, path), { recursive: true });
    writeFileSync(join(base, path, "who"), text);
    writeFileSync(join(base, path, ".env"), "SECRET=1\n");
  };
  const at = (path: string) => (existsSync(join(base, path, "who")) ? readFileSync(join(base, path, "who"), "utf8") : undefined);
  const run = (ready?: string, path = process.env.PATH, ...more: readonly string[]) =>
    spawnSync(
      "sh",
      ["-c", scriptText("exchange-state"), "exchange-state", base, "/shown", ...(ready === undefined ? [] : [ready, ...more])],
      {
        encoding: "utf8",
        env: { ...process.env, PATH: path },
      },
    );

  /** Stands in for what the script starts, and kills it before or after the one of that number, or lets that one fail. */
  function disturb(number: number, how: "before" | "after" | "fails"): string {
    const counter = join(stubs, "count");
    writeFileSync(counter, "");
    for (const command of commands) {
      const real = spawnSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" }).stdout.trim();
      const isTurn = `[ "$(wc -c <'${counter}')" -eq ${number} ]`;
      const lines = {
        before: [`! ${isTurn} || kill -9 $PPID`, `"${real}" "$@"`],
        after: [`"${real}" "$@"`, `! ${isTurn} || kill -9 $PPID`],
        fails: [`! ${isTurn} || exit 1`, `"${real}" "$@"`],
      };
      writeFileSync(join(stubs, command), ["#!/bin/sh", `printf x >>'${counter}'`, ...lines[how], ""].join("\n"));
      chmodSync(join(stubs, command), 0o755);
    }
    return `${stubs}${delimiter}${process.env.PATH}`;
  }

  for (const ready of ["restore/incoming-1/state", "restore/previous"]) {
    it(`with ${ready} is finished or undone by the next run, wherever it was killed or failed`, () => {
      const ends = new Set<string>();
      for (const how of ["before", "after", "fails"] as const) {
        for (let number = 1; ; number += 1) {
          for (const name of readdirSync(base)) rmSync(join(base, name), { recursive: true });
          put("state", "old");
          put("restore/previous", "older");
          put(ready, "new");
          const { signal, status: first } = run(ready, disturb(number, how));
          const { status, stderr } = run();
          const found = [at("state"), at("restore/previous")];
          const place = `${how} command ${number}: ${found}`;
          assert.equal(status, 0, `${place} ${stderr}`);
          assert.deepEqual([existsSync(join(base, "state.aside")), existsSync(join(base, "state.next"))], [false, false], place);
          // Nothing that it left is in the way of the next one.
          put("restore/incoming-2/state", "next");
          const { status: then, stderr: why } = run("restore/incoming-2/state");
          assert.deepEqual([then, at("state")], [0, "next"], `${place} ${why}`);
          // Of an archive that was unpacked, the archive is left.
          if (found[0] === "new") assert.deepEqual(found, ["new", "old"], place);
          else assert.deepEqual(found, ["old", ready === "restore/previous" ? "new" : "older"], place);
          ends.add(String(found[0]));
          if (signal === null && first === 0) break;
        }
      }
      // A killed run that never got anywhere, or always to its end, would prove nothing.
      assert.deepEqual([...ends].toSorted(), ["new", "old"]);
    });
  }

  it("says that it failed where what was interrupted can neither be finished nor undone", () => {
    for (const left of [["state.aside"], ["state.aside", "state"], ["state.next"]]) {
      for (const name of readdirSync(base)) rmSync(join(base, name), { recursive: true });
      mkdirSync(join(base, "restore"));
      for (const name of left) put(name, name);
      const path = disturb(2, "fails");
      const { status, stdout } = run(undefined, path);
      assert.deepEqual([status === 0, stdout], [false, ""], left.join());
      assert.equal(run().status, 0);
      assert.notEqual(at("state"), undefined, left.join());
    }
  });

  it("is undone where somebody made an empty state meanwhile, and left to a person where that one is filled", () => {
    put("state.aside", "old");
    put("state.next", "new");
    mkdirSync(join(base, "state"));
    writeFileSync(join(base, "state", ".env"), "SECRET=1\n");
    assert.equal(run().stdout, "undone\n");
    assert.equal(at("state"), "old");
    for (const name of ["state.aside", "state.next"]) put(name, name);
    const { status, stderr } = run();
    assert.deepEqual([status, at("state"), at("state.aside")], [1, "old", "state.aside"]);
    assert.match(stderr, /\/shown\/state\.aside are both there, and only a person can tell/);
  });

  it("is only looked at where that is asked for", () => {
    put("state", "old");
    put("restore/incoming-1/state", "new");
    assert.equal(run("restore/incoming-1/state", process.env.PATH, "check").status, 0);
    assert.deepEqual([at("state"), at("restore/incoming-1/state")], ["old", "new"]);
    assert.notEqual(run("restore/incoming-2/state", process.env.PATH, "check").status, 0);
  });

  it("takes the place of a state that is lost, and then puts nothing aside", () => {
    put("restore/incoming-1/state", "new");
    put("restore/previous", "older");
    assert.equal(run("restore/incoming-1/state").status, 0);
    assert.deepEqual([at("state"), at("restore/previous")], ["new", "older"]);
  });

  it("leaves no secrets in what it puts aside", () => {
    put("state", "old");
    put("restore/incoming-1/state", "new");
    assert.equal(run("restore/incoming-1/state").status, 0);
    assert.deepEqual([existsSync(join(base, "restore/previous/.env")), existsSync(join(base, "state/.env"))], [false, true]);
  });

  it("changes nothing where one of the folders is a link, or the new one is not there", () => {
    put("state", "old");
    assert.match(run("restore/incoming-1/state").stderr, /is no folder; nothing was changed/);
    put("restore/incoming-1/state", "new");
    symlinkSync(tmpdir(), join(base, "restore/previous"));
    assert.match(run("restore/incoming-1/state").stderr, /is a link; nothing was changed/);
    assert.deepEqual([at("state"), at("restore/incoming-1/state")], ["old", "new"]);
  });

  it("does nothing where there was never one", () => {
    rmSync(join(base, "restore"), { recursive: true });
    put("state", "old");
    const { status, stdout } = run();
    assert.deepEqual([status, stdout, at("state")], [0, "", "old"]);
  });
});
