/** Proves that exactly those keys are taken that ssh-keygen reads. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPublicKey } from "../../model/publicKey.ts";

const isReadBySsh = (text: string) => spawnSync("ssh-keygen", ["-l", "-f", "-"], { input: `${text}\n` }).status === 0;

/** A key of a token: the same with what it is for. */
function onToken(text: string): string {
  const [type = "", base64 = ""] = text.split(" ");
  const named = `sk-${type}@openssh.com`;
  const field = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const rest = Buffer.from(base64, "base64").subarray(4 + type.length);
  return `${named} ${Buffer.concat([field(Buffer.from(named)), rest, field(Buffer.from("ssh:"))]).toString("base64")}`;
}

describe("a public key", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-keys-"));
  });
  after(() => rmSync(folder, { recursive: true }));
  const made = (type: string, bits: string) => {
    const file = join(folder, `${type}${bits}`);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-b", bits, "-N", "", "-C", "", "-f", file]);
    return readFileSync(`${file}.pub`, "utf8").trim();
  };

  for (const [type, bits, isOnTokens] of [
    ["ed25519", "256", true],
    ["ecdsa", "256", true],
    ["ecdsa", "384", false],
    ["ecdsa", "521", false],
  ] as const) {
    it(`of ${type}, ${bits} bits, is one whole, and none where a character is lost or another`, () => {
      const key = made(type, bits);
      for (const each of isOnTokens ? [key, onToken(key)] : [key]) {
        assert.deepEqual([isPublicKey(each), isReadBySsh(each)], [true, true], each);
        for (const cut of [1, 4, 6, 20]) assert.equal(isPublicKey(each.slice(0, -cut)), false, `${each} cut by ${cut}`);
        assert.equal(isPublicKey(`${each} comment`), false);
        assert.equal(isPublicKey(each.replace(/ .*/, " AAAA")), false);
      }
      const blob = Buffer.from(key.split(" ")[1] ?? "", "base64");
      blob.writeUInt8(blob.readUInt8(blob.length - 1) ^ 1, blob.length - 1);
      const other = `${key.split(" ")[0]} ${blob.toString("base64")}`;
      assert.equal(isPublicKey(other), isReadBySsh(other), other);
    });
  }

  it("of one type is none of another", () => {
    const key = made("ed25519", "255");
    assert.equal(isPublicKey(key.replace("ssh-ed25519", "ecdsa-sha2-nistp256")), false);
  });
});
