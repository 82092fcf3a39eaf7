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

describe("An exchange of the gateway's state", () => {
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
  const run = (ready?: string, path = process.env.PATH) =>
    spawnSync("sh", ["-c", scriptText("exchange-state"), "exchange-state", base, ...(ready === undefined ? [] : [ready])], {
      encoding: "utf8",
      env: { ...process.env, PATH: path },
    });

  /** Stands in for what the script starts, and kills it before, or after, the one of that number. */
  function killAt(number: number, when: "before" | "after"): string {
    const counter = join(stubs, "count");
    writeFileSync(counter, "");
    for (const command of commands) {
      const real = spawnSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" }).stdout.trim();
      const kill = `[ "$(wc -c <'${counter}')" -ne ${number} ] || kill -9 $PPID`;
      const [first, then] = when === "before" ? [kill, `"${real}" "$@"`] : [`"${real}" "$@"`, kill];
      writeFileSync(join(stubs, command), `#!/bin/sh\nprintf x >>'${counter}'\n${first}\n${then}\n`);
      chmodSync(join(stubs, command), 0o755);
    }
    return `${stubs}${delimiter}${process.env.PATH}`;
  }

  for (const ready of ["restore/incoming-1/state", "restore/previous"]) {
    it(`with ${ready} is finished or undone by the next run, wherever it was killed`, () => {
      const ends = new Set<string>();
      for (const when of ["before", "after"] as const) {
        for (let number = 1; ; number += 1) {
          for (const name of readdirSync(base)) rmSync(join(base, name), { recursive: true });
          put("state", "old");
          put("restore/previous", "older");
          put(ready, "new");
          const { signal } = run(ready, killAt(number, when));
          const { status, stderr } = run();
          assert.equal(status, 0, stderr);
          const found = [at("state"), at("restore/previous")];
          const place = `${when} command ${number}: ${found}`;
          assert.ok(!existsSync(join(base, "state.aside")), place);
          if (found[0] === "new") assert.deepEqual(found, ["new", "old"], place);
          else assert.deepEqual([found[0], at(ready)], ["old", "new"], place);
          ends.add(String(found[0]));
          if (signal === null) break;
        }
      }
      // A killed run that never got anywhere, or always to its end, would prove nothing.
      assert.deepEqual([...ends].toSorted(), ["new", "old"]);
    });
  }

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
