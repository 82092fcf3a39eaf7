import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compareReleases,
  everyRelease,
  judgeDocuments,
  latestRelease,
  releaseAhead,
  splitFrontMatter,
} from "../../model/documents.ts";
import { readDocument, withStamp } from "../../release/documentStamp.ts";

const body = fc.string({ unit: fc.constantFrom("-", "---", "\n", "a", ":", " ", "#", "\r\n", "é") });
const stamp = { release: "1.0.0", tree: "0123456789abcdef".repeat(4), milestone: false };

describe("splitFrontMatter", () => {
  for (const [title, text, frontMatter, rest] of [
    ["none", "# Title\n", undefined, "# Title\n"],
    ["an empty one", "---\n---\nx", "", "x"],
    ["one without an end", "---\na: 1\n", undefined, "---\na: 1\n"],
    ["one that is not at the top", "\n---\na: 1\n---\n", undefined, "\n---\na: 1\n---\n"],
    ["one at the end of the file", "---\na: 1\n---", "a: 1\n", ""],
    ["one with a rule below it", "---\na: 1\n---\n---\n", "a: 1\n", "---\n"],
    ["one with Windows line ends", "---\r\na: 1\r\n---\r\nx", "a: 1\r\n", "x"],
  ] as const) {
    it(`reads ${title}`, () => assert.deepEqual(splitFrontMatter(text), { frontMatter, body: rest }));
  }
});

describe("withStamp", () => {
  it("gives back the stamp and the same body, whatever the body is", () => {
    fc.assert(
      fc.property(body, (text) => {
        const stamped = withStamp(`---\ntitle: x\n---\n${text}`, stamp);
        assert.equal(splitFrontMatter(stamped).body, text);
        assert.deepEqual(readDocument(stamped), { stamp, faults: [], content: `{"title":"x"}\n${text}` });
      }),
    );
  });

  it("replaces a stamp and keeps the rest, so that stamping twice is stamping once", () => {
    fc.assert(
      fc.property(body, (text) => {
        const once = withStamp(`---\ntitle: x\n---\n${text}`, { ...stamp, release: "0.9.0", milestone: true });
        assert.equal(withStamp(once, stamp), withStamp(withStamp(once, stamp), stamp));
        assert.deepEqual(readDocument(withStamp(once, stamp)).stamp, stamp);
      }),
    );
  });
});

describe("releaseAhead", () => {
  for (const [stamped, last, ahead] of [
    [undefined, undefined, "0.1.0"],
    ["0.1.0", undefined, "0.1.0"],
    ["0.1.0", "0.1.0", "0.2.0"],
    ["0.3.1", "0.3.0", "0.3.1"],
    [undefined, "1.9.3-rc.1", "1.10.0"],
    ["0.9.0", "1.0.0", "1.1.0"],
    ["1.0.0", "1.0.0-rc.1", "1.0.0"],
  ] as const) {
    it(`is ${ahead} after ${last ?? "no release"}, with ${stamped ?? "nothing"} stamped`, () =>
      assert.equal(releaseAhead(stamped, last), ahead));
  }
});

describe("compareReleases", () => {
  const ascending = [
    "0.1.0",
    "0.9.9",
    "0.10.0",
    "1.0.0-0a",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.2",
    "1.0.0-alpha.10",
    "1.0.0-alpha.x",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-rc-1",
    "10.0.0",
  ];
  it("puts every version between those before and those after it", () => {
    for (const [a, one] of ascending.entries()) {
      for (const [b, other] of ascending.entries()) {
        assert.equal(Math.sign(compareReleases(one, other)), Math.sign(a - b), `${one} and ${other}`);
      }
    }
  });

  it("leaves out of the latest what is no version", () => {
    assert.equal(latestRelease(["1.2.0", "next", "1.10.0", "99"]), "1.10.0");
    assert.equal(latestRelease(["next"]), undefined);
  });
});

describe("judgeDocuments by what is published", () => {
  const judged = (release: string, ...published: { id: string; atHead: boolean }[]) =>
    judgeDocuments({
      readings: [{ name: "update_log.md", stamp: { ...stamp, release }, faults: [], content: "new", released: null }],
      tree: stamp.tree,
      lastRelease: undefined,
      published,
      exactTree: true,
    }).faults.map(({ fault }) => fault);
  const elsewhere = (id: string) => ({ id, atHead: false });

  for (const [title, release, published, fault] of [
    ["nothing is published", "0.1.0", [], undefined],
    ["it is later than all", "1.10.0", [elsewhere("1.9.0"), elsewhere("next")], undefined],
    ["it is that of HEAD's own tag", "1.1.0", [elsewhere("1.0.0"), { id: "1.1.0", atHead: true }], undefined],
    [
      "it is published on another commit",
      "1.0.0",
      [elsewhere("1.0.0"), elsewhere("1.1.0")],
      /1\.0\.0, which is released already/,
    ],
    ["it was passed over", "1.0.5", [elsewhere("1.1.0"), elsewhere("0.9.0")], /1\.0\.5, wanted is one later than 1\.1\.0/],
    ["it precedes the release", "1.1.0-rc.2", [elsewhere("1.1.0")], /wanted is one later than 1\.1\.0/],
    ["HEAD is tagged as a later one", "1.0.5", [{ id: "1.1.0", atHead: true }], /wanted is one later than 1\.1\.0/],
  ] as const) {
    it(`${fault === undefined ? "takes" : "refuses"} a stamp where ${title}`, () => {
      const faults = judged(release, ...published);
      assert.equal(faults.length, fault === undefined ? 0 : 1);
      if (fault !== undefined) assert.match(faults[0] ?? "", fault);
    });
  }
});

describe("judgeDocuments by one odd stamp", () => {
  for (const [index, odd] of everyRelease.entries()) {
    it(`blames ${odd}, not the two that agree`, () => {
      const { faults } = judgeDocuments({
        readings: everyRelease.map((name) => ({
          name,
          stamp: { ...stamp, release: name === odd ? "0.9.0" : "1.0.0" },
          faults: [],
          content: "new",
          released: null,
        })),
        tree: stamp.tree,
        lastRelease: undefined,
        published: [],
        exactTree: true,
      });
      const like = everyRelease[index === 0 ? 1 : 0];
      assert.deepEqual(faults, [{ document: odd, fault: `Its stamp says \`release\` 0.9.0, that of \`${like}\` 1.0.0.` }]);
    });
  }
});
