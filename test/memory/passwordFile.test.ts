import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { DatabaseAccess } from "../../memory/database.ts";
import { writePasswordFile } from "../../memory/passwordFile.ts";
import { Secret } from "../../model/secret.ts";

const module = (path: string) => JSON.stringify(resolve(import.meta.dirname, "../..", path));
const database = {
  address: { host: "db.example", port: 5432, name: "postgres", user: "a:b" },
  password: new Secret("p:w\\d"),
} as unknown as DatabaseAccess;

describe("the file of passwords", () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "phillbot-passwords-"));
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  /** Writes one, says where, and goes on with `rest`. */
  const program = (rest: string) => `
    const { writePasswordFile } = await import(${module("memory/passwordFile.ts")});
    const { Secret } = await import(${module("model/secret.ts")});
    const { interruption } = await import(${module("deck/interrupt.ts")});
    const address = { host: "h", port: 1, name: "n", user: "u" };
    const file = await writePasswordFile([{ address, password: new Secret("p") }], ${JSON.stringify(parent)});
    process.stdout.write(file.path + "\\n");
    ${rest}`;

  it("is its owner's alone, in libpq's format, and goes when it is disposed of, with its handler", async () => {
    const listeners = process.listenerCount("exit");
    {
      using file = await writePasswordFile([database], parent);
      assert.deepEqual(
        [file.path, dirname(file.path)].map((path) => statSync(path).mode & 0o777),
        [0o600, 0o700],
      );
      assert.equal(readFileSync(file.path, "utf8"), "db.example:5432:postgres:a\\:b:p\\:w\\\\d\n");
    }
    assert.deepEqual(readdirSync(parent), []);
    assert.equal(process.listenerCount("exit"), listeners);
  });

  it("goes when the process ends while it is in use", () => {
    const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program("process.exit(3);")], {
      encoding: "utf8",
    });
    assert.equal(status, 3);
    assert.ok(stdout.startsWith(parent));
    assert.deepEqual(readdirSync(parent), []);
  });

  it("goes when the operator ends the process by a second signal", async () => {
    const waiting = "interruption().addEventListener('abort', () => console.log('first')); setInterval(() => undefined, 1000);";
    const child = spawn(process.execPath, ["--input-type=module", "-e", program(`${waiting} console.log("ready");`)]);
    const ended = once(child, "exit");
    let said = "";
    for await (const chunk of child.stdout) {
      const before = said;
      said += chunk;
      for (const word of ["ready", "first"]) if (!before.includes(word) && said.includes(word)) child.kill("SIGINT");
    }
    assert.deepEqual(await ended, [null, "SIGINT"]);
    assert.ok(said.includes("first"));
    assert.deepEqual(readdirSync(parent), []);
  });

  it("is swept where its process was killed, and no other", async () => {
    const killed = spawnSync(process.execPath, ["--input-type=module", "-e", program("process.kill(process.pid, 'SIGKILL');")]);
    assert.equal(killed.signal, "SIGKILL");
    const left = join(parent, readdirSync(parent)[0] ?? "", "pgpass");
    assert.ok(existsSync(left));
    const others = [`phillbot-supabase-${process.pid}-x`, "phillbot-supabase-old", "other"];
    for (const name of others) mkdirSync(join(parent, name));
    using file = await writePasswordFile([database], parent);
    assert.equal(existsSync(left), false);
    for (const path of [file.path, ...others.map((name) => join(parent, name))]) assert.ok(existsSync(path), path);
  });
});
