import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { compareManifests, isSame, parseManifest, refuseName, renderManifest } from "../../model/manifest.ts";

const digest = fc.stringMatching(/^[0-9a-f]{64}$/);
const path = fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).filter((name) => refuseName(name) === undefined);
const manifest = fc.array(fc.tuple(path, digest), { maxLength: 20 }).map((entries) => new Map(entries));
const a = "a".repeat(64);
const b = "b".repeat(64);

describe("renderManifest", () => {
  it("is read back as what it was made of", () => {
    fc.assert(fc.property(manifest, (files) => assert.deepEqual(parseManifest(renderManifest(files)), files)));
  });

  it("is in the order of `LC_ALL=C sort`, beyond the basic plane too", () => {
    const files = new Map(["\u{1f600}", "\uffee", "z", "Z", "é", "a/b", "a.b"].map((name) => [name, a]));
    const names = renderManifest(files)
      .split("\n")
      .slice(0, -1)
      .map((line) => line.slice(66));
    const sorted = execFileSync("sort", { input: `${names.toReversed().join("\n")}\n`, env: { LC_ALL: "C" }, encoding: "utf8" });
    assert.deepEqual(names, sorted.split("\n").slice(0, -1));
  });

  it("refuses a name that the list cannot carry", () => {
    assert.throws(() => renderManifest(new Map([["a\nb", a]])), /"a\\nb" holds a backslash or a control character/);
  });
});

describe("parseManifest", () => {
  it("reads what sha256sum writes, also of a name with newline and backslash", () => {
    const folder = mkdtempSync(join(tmpdir(), "manifest-"));
    try {
      const names = ["plain", "two words", "new\nline", "back\\slash"];
      for (const name of names) writeFileSync(join(folder, name), name);
      const text = execFileSync("sh", ["-c", 'sha256sum "$@"', "sh", ...names], { cwd: folder, encoding: "utf8" });
      const expected = names.map((name) => [name, createHash("sha256").update(name).digest("hex")] as const);
      assert.deepEqual(parseManifest(text), new Map(expected));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const [title, text, message] of [
    ["a line of another form", `${a}  ok\nnonsense\n`, /Line 2 of the list/],
    ["a list that is cut off", `${a}  ok\n${b}  par`, /cut off/],
    ["a path named twice", `${a}  ok\n${b}  ok\n`, /"ok" a second time/],
    ["a short digest", "abc  ok\n", /Line 1/],
  ] as const) {
    it(`refuses ${title}`, () => {
      assert.throws(() => parseManifest(text), message);
    });
  }
});

describe("compareManifests", () => {
  it("names what is missing, added and changed", () => {
    const expected = new Map([
      ["gone", a],
      ["kept", a],
      ["edited", a],
    ]);
    const actual = new Map([
      ["kept", a],
      ["edited", b],
      ["rogue", a],
    ]);
    const difference = compareManifests(expected, actual);
    assert.deepEqual(difference, { missing: ["gone"], added: ["rogue"], changed: ["edited"] });
    assert.equal(isSame(difference), false);
  });

  it("finds a folder the same as itself, and mirrors when its sides are swapped", () => {
    fc.assert(
      fc.property(manifest, manifest, (left, right) => {
        assert.ok(isSame(compareManifests(left, left)));
        const one = compareManifests(left, right);
        const other = compareManifests(right, left);
        assert.deepEqual([one.missing, one.added, one.changed], [other.added, other.missing, other.changed]);
      }),
    );
  });

  it("says the same only where both lists are equal", () => {
    fc.assert(
      fc.property(manifest, manifest, (left, right) => {
        assert.equal(isSame(compareManifests(left, right)), renderManifest(left) === renderManifest(right));
      }),
    );
  });
});

describe("refuseName", () => {
  for (const [name, ok] of [
    ["a b/é.md", true],
    ["a\nb", false],
    ["a\\b", false],
    ["\u007f", false],
    ["-", false],
    ["-x", true],
    ["a\ufffd", false],
  ] as const) {
    it(`${ok ? "takes" : "refuses"} ${JSON.stringify(name)}`, () => {
      assert.equal(refuseName(name) === undefined, ok);
    });
  }
});
