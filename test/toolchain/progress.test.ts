/** Proves that a terminal gets a live line and a log file gets plain ones. */

import assert from "node:assert/strict";
import { createProgress, duration, type Terminal } from "../../toolchain/progress.ts";

function terminal(isTTY: boolean, columns = 80): Terminal & { text: string } {
  const screen = {
    isTTY,
    columns,
    text: "",
    write(text: string) {
      screen.text += text;
    },
  };
  return screen;
}

describe("duration", () => {
  for (const [milliseconds, words] of [
    [40, "0.0 s"],
    [440, "0.4 s"],
    [9_949, "9.9 s"],
    [9_950, "10 s"],
    [59_400, "59 s"],
    [187_000, "3 min 07 s"],
  ] as const) {
    it(`says ${words} for ${milliseconds} ms`, () => assert.equal(duration(milliseconds), words));
  }
});

describe("createProgress", () => {
  it("writes only whole plain lines where there is no terminal", () => {
    const log = terminal(false);
    let clock = 0;
    const progress = createProgress({ terminal: log, now: () => clock });
    const end = progress.begin("Build");
    clock = 12_000;
    end("done");
    progress.close();
    assert.equal(log.text, "… Build\n✓ Build (12 s)\n");
  });

  it("names every running step in the live line, and takes it away at the end", () => {
    const screen = terminal(true);
    const progress = createProgress({ terminal: screen, now: () => 0 });
    const ends = ["Build", "Pull"].map((title) => progress.begin(title));
    assert.ok(screen.text.endsWith("\r\u001b[2K… Build (0.0 s) · Pull (0.0 s)"), JSON.stringify(screen.text));
    ends[0]?.("done");
    ends[1]?.("failed");
    assert.ok(screen.text.includes("✓ Build (0.0 s)\n"));
    assert.ok(screen.text.endsWith("✗ Pull (0.0 s)\n\r\u001b[2K"), JSON.stringify(screen.text));
  });

  it("keeps the live line within the terminal's width, so that it can be erased", () => {
    const screen = terminal(true, 20);
    const progress = createProgress({ terminal: screen, now: () => 0 });
    const end = progress.begin("A title much longer than the terminal is wide");
    const line = screen.text.split("\r\u001b[2K").at(-1) ?? "";
    assert.equal(line.length, 19);
    end("done");
  });
});
