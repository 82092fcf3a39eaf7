import assert from "node:assert/strict";
import type { Declared } from "../../model/declared.ts";
import { type EnvFileReading, judgeEnvFile } from "../../model/envFileState.ts";

const declared = {
  gateway: { name: "bot" },
  envFile: { path: "/base/state/.env", uid: 1000, gid: 1001 },
} as Declared;
const written = Date.parse("2026-11-22T09:00:00Z");
const file = { mode: 0o600, uid: 1000, gid: 1001, changedMs: written, isAsDeclared: true };
const page = { names: ["BOT"], clockSkew: 30 };
const good: EnvFileReading = { file, startedAt: "2026-11-22T09:00:01.5Z", hostNowMs: Date.parse("2026-11-22T09:10:00Z") };

describe("judgeEnvFile", () => {
  it("passes what is private, owned, as declared and read", () => {
    assert.equal(judgeEnvFile(declared, good, page).status, "pass");
  });

  for (const [title, reading, words] of [
    ["another uid", { ...good, file: { ...file, uid: 0 } }, /belongs to 0:1001; 1000:1001 is wanted/],
    ["another gid", { ...good, file: { ...file, gid: 0 } }, /belongs to 1000:0; 1000:1001 is wanted/],
    ["a setuid bit", { ...good, file: { ...file, mode: 0o4600 } }, /has mode 4600; 600 is wanted/],
    [
      "a start that is no time",
      { ...good, startedAt: "soon" },
      /start at soon, so that the gateway holds the declared values is not proven/,
    ],
    ["a start that is not known", { ...good, startedAt: undefined }, /read by nobody/],
  ] as const) {
    it(`fails ${title}`, () => {
      const { status, summary } = judgeEnvFile(declared, reading, page);
      assert.equal(status, "fail");
      assert.match(summary, words);
    });
  }

  for (const [title, startedAt, status] of [
    ["a start that the clocks' difference explains", "2026-11-22T09:10:30Z", "pass"],
    ["a start by a clock that was set back since then", "2026-11-22T09:10:30.5Z", "inconclusive"],
    ["a start an hour ahead", "2026-11-22T10:10:00Z", "inconclusive"],
  ] as const) {
    it(`is ${status} about ${title}`, () => {
      const finding = judgeEnvFile(declared, { ...good, startedAt }, page);
      assert.equal(finding.status, status);
      if (status === "inconclusive") {
        assert.match(finding.summary, /in the future by the host's clock; 30 s are allowed/);
        assert.equal(finding.remedy, "npx deck up");
      }
      assert.equal(judgeEnvFile(declared, { ...good, startedAt, file: { ...file, mode: 0o644 } }, page).status, "fail");
    });
  }

  it("tells nothing where the host's clock is no time", () => {
    assert.equal(judgeEnvFile(declared, { ...good, hostNowMs: Number.NaN }, page).status, "inconclusive");
  });

  it("claims of a change after the start no more than that: a new mode moves that time as new values do", () => {
    const startedAt = new Date(written - 1000).toISOString();
    const { status, summary } = judgeEnvFile(declared, { ...good, startedAt, file: { ...file, mode: 0o644 } }, page);
    assert.equal(status, "fail");
    assert.match(summary, /has mode 644.*was changed \(its content, mode or place\) at 2026-11-22T09:00:00\.000Z.*is not proven/);
    assert.doesNotMatch(summary, /older values|was written/);
  });

  it("names every fault in one sentence", () => {
    const { summary } = judgeEnvFile(
      declared,
      { ...good, file: { ...file, mode: 0o644, isAsDeclared: false }, startedAt: undefined },
      page,
    );
    for (const part of [/mode 644/, /other content/, /read by nobody/]) assert.match(summary, part);
  });
});
