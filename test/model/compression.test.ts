import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { compressionOf } from "../../model/compression.ts";

const bytes = (hex: string, rest = "") => Buffer.concat([Buffer.from(hex, "hex"), Buffer.from(rest)]);

describe("compressionOf", () => {
  for (const [title, content, kind] of [
    ["a gzip", gzipSync("A=b"), "gzip"],
    ["a zstd", zstdCompressSync("A=b"), "zstd"],
    ["a zip, such as a docx", bytes("504b0304", "word/document.xml"), "zip"],
    ["a zip behind something else", Buffer.concat([Buffer.from("#!/bin/sh\n"), bytes("504b0506", "\0".repeat(18))]), "zip"],
    ["an xz", bytes("fd377a585a00"), "xz"],
    ["a bzip2", bytes("425a6839314159265359"), "bzip2"],
    ["an empty bzip2", bytes("425a6839177245385090"), "bzip2"],
    ["a 7z", bytes("377abcaf271c"), "7z"],
    ["a png", bytes("89504e470d0a1a0a"), undefined],
    ["a text", Buffer.from("BZh is how it begins; PK too"), undefined],
    ["nothing", Buffer.alloc(0), undefined],
  ] as const) {
    it(`takes ${title} for ${kind ?? "nothing compressed"}`, () => assert.equal(compressionOf(content), kind));
  }
});
