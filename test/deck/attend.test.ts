import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const room = join(import.meta.dirname, "../../deck");

/** Stands for Pulumi: counts its interrupts until its caller has heeded its own, then ends with what its log shall hold. */
const engine = `#!/bin/sh
trap 'echo INT >>"$HERE/signals"' INT
: >"$HERE/started"
while [ ! -e "$HERE/heeded" ]; do sleep 0.02; done
echo "printed by the engine"
exit 7
`;

/** Stands for the command line: its listener comes behind that of \`attend\`, which has passed on by then what it passes on. */
const caller = (log: boolean) => `
import { writeFileSync } from "node:fs";
import { attend } from "${room}/attend.ts";
import { interruption } from "${room}/interrupt.ts";
const here = process.env.HERE;
const signal = interruption();
const ended = attend({ pulumi: here + "/engine", args: [], root: here, environment: process.env, signal${log ? ', log: here + "/log"' : ""} });
signal.addEventListener("abort", () => setImmediate(() => writeFileSync(here + "/heeded", "")));
writeFileSync(here + "/ended", String(await ended));
`;

describe("what Pulumi is told of an interrupt", () => {
  let folder: string;
  const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : undefined);
  const until = async (name: string) => {
    while (read(name) === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-attend-"));
    writeFileSync(join(folder, "engine"), engine);
    chmodSync(join(folder, "engine"), 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const start = (command: string, ...args: string[]) =>
    spawn(command, args, { env: { ...process.env, HERE: folder }, stdio: ["pipe", "pipe", "pipe"] });
  const node = (log: boolean) => {
    writeFileSync(join(folder, "caller.mjs"), caller(log));
    return [process.execPath, join(folder, "caller.mjs")] as const;
  };

  it("is one SIGINT where Ctrl-C was typed on a terminal, which reaches its caller alone", async () => {
    const terminal = start("script", "--quiet", "--command", ["exec", ...node(true)].join(" "), "/dev/null");
    const ended = once(terminal, "exit");
    await until("started");
    terminal.stdin.write("\u0003");
    await ended;
    assert.deepEqual([read("signals"), read("ended")], ["INT\n", "7"]);
  });

  it("is one SIGINT where only its caller was told to end", async () => {
    const process = start(...node(true));
    const ended = once(process, "exit");
    await until("started");
    process.kill("SIGTERM");
    await ended;
    assert.deepEqual([read("signals"), read("ended")], ["INT\n", "7"]);
  });

  it("is another one where its caller is told to end a second time, which it does at once", async () => {
    writeFileSync(join(folder, "caller.mjs"), caller(true).replace(/^signal\.addEventListener.*$/m, ""));
    const process = start(globalThis.process.execPath, join(folder, "caller.mjs"));
    const ended = once(process, "exit");
    await until("started");
    process.kill("SIGINT");
    await until("signals");
    process.kill("SIGINT");
    assert.deepEqual(await ended, [null, "SIGINT"]);
    while (read("signals") !== "INT\nINT\n") await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(join(folder, "heeded"), "");
    // It has outlived its caller, and looks for that in a folder which goes with the test.
    while (read("log") === "") await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(read("ended"), undefined);
  });

  it("is printed to the log alone, where there is one, and to standard error otherwise", async () => {
    for (const log of [true, false]) {
      writeFileSync(join(folder, "heeded"), "");
      const process = start(...node(log));
      const printed: string[] = [];
      process.stderr.on("data", (chunk) => void printed.push(String(chunk)));
      await once(process, "close");
      const line = "printed by the engine\n";
      assert.deepEqual([printed.join(""), read("log")], log ? ["", line] : [line, line]);
    }
  });
});
