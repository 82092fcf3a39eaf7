import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createOutput } from "../../deck/output.ts";
import { Secret } from "../../model/secret.ts";

describe("createOutput", () => {
  it("redacts a value on both streams once it is known, and what looks like a secret from the start", () => {
    const written = { out: "", error: "" };
    const output = createOutput({
      stdout: (text) => {
        written.out += text;
      },
      stderr: (text) => {
        written.error += text;
      },
    });
    const value = `word${randomBytes(9).toString("hex")}`;
    const shaped = `sb_${"secret"}_${randomBytes(15).toString("hex")}`;
    output.data(`${shaped}\n`);
    output.hide(new Map([["PASSWORD", new Secret(value)]]));
    output.data(`{"line":"x ${value} y"}\n`);
    output.progress(`reading ${value}`);
    assert.ok(!`${written.out}${written.error}`.includes(value));
    assert.ok(!written.out.includes(shaped));
    assert.match(written.out, /\{"line":"x \[redacted PASSWORD\] y"\}\n$/);
    assert.equal(written.error, "reading [redacted PASSWORD]\n");
  });

  it("redraws one line below the others on a terminal, cut to its width, and takes it away", () => {
    const screen: string[] = [];
    const output = createOutput({ stdout: () => {}, stderr: (text) => void screen.push(text), columns: () => 30 });
    output.status?.(`one\n${"x".repeat(50)}`);
    output.progress("A line.");
    output.status?.("");
    const line = `… one ${"x".repeat(23)}`;
    assert.equal(screen.join(""), `${line}\r\u001b[2KA line.\n${line}\r\u001b[2K`);
  });

  it("has no such line without a terminal", () => {
    assert.equal(createOutput({ stdout: () => {}, stderr: () => {} }).status, undefined);
  });
});
