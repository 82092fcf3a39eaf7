import assert from "node:assert/strict";
import { foreignOwner, parseVolume } from "../../model/volumeOwner.ts";

describe("foreignOwner", () => {
  for (const [made, isKnown, isThere, owner] of [
    ["/work/bot", true, true, undefined],
    ["/work/bot", false, true, undefined],
    [undefined, true, true, undefined],
    [undefined, false, true, "nobody known"],
    ["/work/other", false, true, "/work/other"],
    ["/work/other", true, true, "/work/other"],
    ["/work/other", false, false, "/work/other"],
    // This clone itself, before it was moved.
    ["/work/other", true, false, undefined],
  ] as const) {
    const which = made === undefined ? "without a label" : `made by ${made}${isThere ? "" : ", which is gone"}`;
    it(`says ${owner ?? "this clone's own"} of a volume ${which}, which this clone's state ${isKnown ? "knows" : "does not know"}`, () => {
      assert.equal(
        foreignOwner({ createdAt: "", folder: made }, { folder: "/work/bot", isKnown, isThere: () => isThere }),
        owner,
      );
    });
  }
});

describe("parseVolume", () => {
  for (const [labels, folder] of [
    [{ "phillbot.folder": "/a,b=c" }, "/a,b=c"],
    [{ other: "x" }, undefined],
    [{}, undefined],
    [null, undefined],
  ] as const) {
    it(`reads ${folder ?? "no folder"} from ${JSON.stringify(labels)}`, () => {
      assert.equal(parseVolume(JSON.stringify([{ Name: "v", CreatedAt: "today", Labels: labels }])).folder, folder);
    });
  }

  it("refuses what names no volume", () => assert.throws(() => parseVolume("[]")));
});
