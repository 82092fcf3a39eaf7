/** Proves that a `.mailmap` is read as git reads it, beside git itself. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mappedEmail, parseMailmap } from "../../model/mailmap.ts";

const text = `# Ada <never@example.org> <zoe@example.org>
Ada Lovelace <ada@example.org>
<cy@example.org> <CY@old.example>
Dee  <dee@example.org> <dee@old.example> # a word
Bo <bo@example.org> Bo B <shared@example.org>
Eve <eve@example.org>   eve   <shared@example.org>
<one@example.org> <twice@example.org>
<two@example.org> <twice@example.org>
Somebody <open@example.org
<> <empty@example.org>
<nobody@example.org> <>
no address at all
<late@example.org> <ada@example.org>
`;

const people = [
  ["Zoe", "zoe@example.org"],
  ["A", "Ada@Example.org"],
  ["Cy", "cy@OLD.example"],
  ["Dee", "dee@old.example"],
  ["Bo B", "shared@example.org"],
  ["BO b", "shared@example.org"],
  ["Eve", "shared@example.org"],
  ["Other", "shared@example.org"],
  ["X", "twice@example.org"],
  ["X", "open@example.org"],
  ["X", "empty@example.org"],
  ["X", "never@example.org"],
] as const;

describe("a mailmap", () => {
  it("gives the addresses that git gives", () => {
    const folder = mkdtempSync(join(tmpdir(), "phillbot-mailmap-"));
    try {
      execFileSync("git", ["init", "--quiet"], { cwd: folder });
      writeFileSync(join(folder, ".mailmap"), text);
      const asked = people.map(([name, email]) => `${name} <${email}>`);
      const said = execFileSync("git", ["check-mailmap", ...asked], { cwd: folder, encoding: "utf8" });
      const mailmap = parseMailmap(text);
      assert.deepEqual(
        people.map(([name, email]) => mappedEmail(mailmap, { name, email })),
        said
          .trim()
          .split("\n")
          .map((line) => /<(.*)>$/.exec(line)?.[1]),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
