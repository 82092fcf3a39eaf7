/** Tells contents that are compressed, and so hide what they hold from whoever looks for text; pictures are not meant. */

const beginnings: readonly (readonly [kind: string, bytes: readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["compress", [0x1f, 0x9d]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
  ["zip", [0x50, 0x4b, 0x07, 0x08]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["lz4", [0x04, 0x22, 0x4d, 0x18]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["7z", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ["rar", [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
];

/** A zip is read from its end, whatever stands before it: this record, and a comment of at most 65535 bytes. */
const zipEnd = Buffer.from([0x50, 0x4b, 0x05, 0x06]);
const longestZipEnd = 22 + 65_535;

/** What it is compressed with; undefined where nothing says so. Office documents are zips. */
export function compressionOf(bytes: Uint8Array): string | undefined {
  const known = beginnings.find(([, wanted]) => wanted.every((byte, index) => bytes[index] === byte));
  // The three letters alone begin ordinary words; a digit and the mark of a block, or of an empty file, follow them.
  if (known?.[0] === "bzip2") return isBzip2(bytes) ? "bzip2" : undefined;
  if (known !== undefined) return known[0];
  return Buffer.from(bytes.subarray(-longestZipEnd)).includes(zipEnd) ? "zip" : undefined;
}

function isBzip2(bytes: Uint8Array): boolean {
  const block = Buffer.from(bytes.subarray(4, 10)).toString("hex");
  return block === "314159265359" || block === "177245385090";
}
