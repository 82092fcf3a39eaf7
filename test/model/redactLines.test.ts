import assert from "node:assert/strict";
import { FollowedLines, redactLines } from "../../model/redactLines.ts";
import { Secret } from "../../model/secret.ts";

const begin = ["-----BEGIN OPENSSH PRIVATE", "KEY-----"].join(" ");
const secrets = new Map([["ONE", new Secret("Zk3-forty-two-winters")]]);

describe("FollowedLines", () => {
  it("hands each ordinary line on at once", () => {
    const followed = new FollowedLines(secrets);
    for (const line of ["one", "", "Zk", "ends with Zk3"]) assert.deepEqual(followed.push(line), [line]);
    assert.deepEqual(followed.end(), []);
  });

  it("holds a line back that ends with the beginning of a value, and gives it once the next tells", () => {
    const followed = new FollowedLines(secrets);
    assert.deepEqual(followed.push("is Zk3-forty"), []);
    assert.deepEqual(followed.push("years"), ["is Zk3-forty", "years"]);
  });

  it("removes a value over three lines", () => {
    const followed = new FollowedLines(secrets);
    const shown = ["a Zk3-f", "orty-two", "-winters b", "c"].flatMap((line) => followed.push(line));
    assert.deepEqual(shown, ["a [redacted ONE] b", "c"]);
  });

  it("holds a key that does not end for a bounded number of lines, and shows none of them", () => {
    const followed = new FollowedLines(secrets);
    const shown = [begin, ...Array.from({ length: 500 }, (_, n) => `line ${n}`)].map((line) => followed.push(line));
    const first = shown.findIndex((lines) => lines.length > 0);
    assert.equal(first, 399);
    assert.deepEqual(shown[first], ["[redacted private-key]"]);
    assert.deepEqual(shown[400], ["line 399"]);
  });

  it("shows at the end what it held", () => {
    const followed = new FollowedLines(secrets);
    assert.deepEqual(followed.push("is Zk3-forty"), []);
    assert.deepEqual(followed.end(), ["is Zk3-forty"]);
    assert.deepEqual(followed.push(`x ${begin}`), []);
    assert.deepEqual(followed.end(), ["x [redacted private-key]"]);
  });
});

describe("redactLines", () => {
  it("finds a value that the end of a line parts", () => {
    assert.deepEqual(redactLines(["a Zk3-forty-", "two-winters b", "c"], secrets), ["a [redacted ONE] b", "c"]);
    assert.deepEqual(redactLines([], secrets), []);
  });
});
