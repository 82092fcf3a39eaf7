import assert from "node:assert/strict";
import { inLine, legible } from "../../model/legible.ts";

describe("legible", () => {
  it("takes the effect of what others wrote, and leaves lines, tabs and colours", () => {
    for (const [text, shown] of [
      ["a\u001b[2A\u001b[Jb", "a\ufffd[2A\ufffd[Jb"],
      ["a\u001b]0;title\u0007b", "a\ufffd]0;title\ufffdb"],
      ["a\rb\u0008\u009b2J\u007f", "a\ufffdb\ufffd\ufffd2J\ufffd"],
      ["a\u202eb\u2028c", "a\ufffdb\ufffdc"],
      ["\u001b[32m✓ pass\u001b[39m\n\tä 日本 👍🏽\r\n", "\u001b[32m✓ pass\u001b[39m\n\tä 日本 👍🏽\r\n"],
      ["a\u001b\u001b[32mb", "a\ufffd\u001b[32mb"],
    ] as const)
      assert.equal(legible(text), shown);
  });

  it("takes everything of the kind from words within a line", () => {
    assert.equal(inLine("a\u001b[8mb\nc\td"), "a\ufffd[8mb\ufffdc\ufffdd");
  });
});
