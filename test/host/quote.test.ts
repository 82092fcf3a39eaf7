import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { quote, shellLine } from "../../host/quote.ts";

/** Any text that can be an argument. */
const word = fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.replaceAll("\0", "").toWellFormed());
const nasty = fc.constantFrom(
  "",
  "'",
  '"',
  "$(id)",
  "$HOME",
  "&",
  "|",
  "`id`",
  "a b",
  "\n",
  "\\",
  "\\'",
  "!",
  "~",
  "*",
  "-n",
  "é",
  "a=b",
  "#",
  "; rm x",
  "\t",
);

describe("quote", () => {
  it("leaves a plain word as it is and quotes the rest", () => {
    assert.equal(quote("/home/claw/a-b_c.1"), "/home/claw/a-b_c.1");
    assert.equal(quote("it's"), `'it'\\''s'`);
    assert.equal(quote(""), "''");
    assert.equal(quote("~"), "'~'");
    assert.equal(quote("A=b"), "'A=b'");
  });

  it("refuses a NUL", () => {
    assert.throws(() => quote("a\0b"), /holds a NUL/);
  });
});

describe("shellLine", () => {
  it("refuses an empty argv", () => {
    assert.throws(() => shellLine([]), /at least one word/);
  });

  it("is read back by a real shell as exactly the words it was made of", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(word, nasty), { minLength: 1, maxLength: 8 }), (words) => {
        const line = shellLine(["printf", "%s\\0", ...words]);
        const printed = execFileSync("sh", ["-c", line], { encoding: "utf8" });
        assert.deepEqual(printed.split("\0").slice(0, -1), words);
      }),
      { numRuns: 150 },
    );
  });

  it("survives being quoted twice, as a line within a line", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(word, nasty), { minLength: 1, maxLength: 4 }), (words) => {
        const line = shellLine(["sh", "-c", shellLine(["printf", "%s\\0", ...words])]);
        const printed = execFileSync("sh", ["-c", line], { encoding: "utf8" });
        assert.deepEqual(printed.split("\0").slice(0, -1), words);
      }),
      { numRuns: 50 },
    );
  });
});
