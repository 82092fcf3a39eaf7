import assert from "node:assert/strict";
import { DocumentsNotStamped, readDocument, withStamp } from "../../release/documentStamp.ts";
import { parseOperatorYaml } from "../../release/operatorFile.ts";
import { parseRoles } from "../../release/roles.ts";

const rows = "abcdefg".split("").map((name, at, all) => {
  const items = Array.from({ length: 10 }, () => (at === 0 ? "1" : `*${all[at - 1]}`));
  return `${name}: &${name} [${items.join(", ")}]`;
});
const bomb = `${rows.join("\n")}\n`;

describe("YAML that parses and is no data", () => {
  for (const [what, text] of [
    ["an alias without an anchor", "version: 1\npeople: *secret-word\n"],
    ["aliases of aliases", bomb],
  ] as const) {
    it(`is a fault of the file, and of a document's front matter: ${what}`, () => {
      for (const parsed of [parseOperatorYaml(text), parseRoles(text)]) {
        assert.equal(parsed.ok, false);
        assert.doesNotMatch(JSON.stringify(parsed), /secret-word/);
        assert.match(JSON.stringify(parsed), /alias/);
      }
      const document = `---\n${text}---\n# A\n`;
      assert.match(String(readDocument(document).faults), /^Its front matter names an alias/);
      const stamp = { release: "1.0.0", tree: "a".repeat(64), milestone: false };
      assert.throws(() => withStamp(document, stamp), DocumentsNotStamped);
    });
  }

  it("is none where aliases stand for something", () => {
    assert.deepEqual(parseOperatorYaml("a: &x [1]\nb: *x\n"), { ok: true, data: { a: [1], b: [1] } });
  });
});
