import assert from "node:assert/strict";
import { backendFolder, refuseOwnState } from "../../deck/backend.ts";
import { DeckError } from "../../deck/verb.ts";

const from = { root: "/work/bot", home: "/home/ann" };

describe("backendFolder", () => {
  for (const [url, folder] of [
    ["file:///work/bot/state", "/work/bot/state"],
    ["file://~", "/home/ann"],
    ["file://~/state", "/home/ann/state"],
    ["file://./state", "/work/bot/state"],
    ["file://../state", "/work/state"],
    ["file:///work/bot/state?no_tmp_dir=true", "/work/bot/state"],
    ["file:///work/b%6ft/state", "/work/bot/state"],
    ["s3://bucket/state", undefined],
    ["postgres://host/state", undefined],
    ["https://api.pulumi.com", undefined],
    ["", undefined],
  ] as const) {
    it(`reads ${url || "nothing"} as ${folder ?? "no folder"}`, () => assert.equal(backendFolder(url, from), folder));
  }
});

describe("refuseOwnState", () => {
  for (const url of [
    "file:///work/bot",
    "file:///work/bot/.phillbot/state",
    "file://./x",
    "file:///work/x/../bot/y",
    "file://..x",
  ]) {
    it(`refuses ${url}, because a second operator would have no state`, () => {
      assert.throws(
        () => refuseOwnState("prod", url, from),
        (error) => error instanceof DeckError && error.code === 2 && /second operator/.test(error.message),
      );
    });
  }

  for (const url of [
    "file:///work/botany",
    "file:///work",
    "file://~/state",
    "file://../bot2",
    "s3://work/bot",
    "postgres://bot/x",
  ]) {
    it(`lets ${url} pass`, () => assert.doesNotThrow(() => refuseOwnState("prod", url, from)));
  }
});
