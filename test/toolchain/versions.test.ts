/** Proves that an installed tool counts exactly from the pinned version on. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { isAtLeast, versionIn } from "../../toolchain/versions.ts";

describe("versionIn", () => {
  for (const [text, version] of [
    ["go version go1.26.8 linux/amd64", "1.26.8"],
    ["v3.258.0", "3.258.0"],
    ["v3.260.0-alpha.x4b2", "3.260.0"],
    ["Docker version 20.10.24+dfsg1, build 5d6db84", "20.10.24"],
    ["no number here", undefined],
    ["", undefined],
  ] as const) {
    it(`reads ${version ?? "nothing"} in "${text}"`, () => assert.equal(versionIn(text), version));
  }
});

describe("isAtLeast", () => {
  for (const [version, wanted, answer] of [
    ["3.258.0", "3.258.0", true],
    ["3.258.1", "3.258.0", true],
    ["3.257.9", "3.258.0", false],
    ["3.99.0", "3.258.0", false],
    ["4.0.0", "3.258.0", true],
    ["1.26", "1.26.0", true],
    ["1.9", "1.26", false],
    [undefined, "1.26", false],
    ["devel", "1.26", false],
  ] as const) {
    it(`says ${answer} for ${version ?? "an unreadable version"} against ${wanted}`, () =>
      assert.equal(isAtLeast(version, wanted), answer));
  }

  it("orders like the numbers, whatever their width", () => {
    const version = fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999));
    fc.assert(
      fc.property(version, version, (a, b) => {
        const larger = [0, 1, 2].map((part) => (a[part] ?? 0) - (b[part] ?? 0)).find((difference) => difference !== 0) ?? 0;
        assert.equal(isAtLeast(a.join("."), b.join(".")), larger >= 0);
      }),
    );
  });
});
