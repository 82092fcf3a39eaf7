/** Comparison of dotted versions, as tools print them. */

/** The first dotted number in a tool's words: `go version go1.26.8 linux/amd64` gives `1.26.8`. */
export function versionIn(text: string): string | undefined {
  return /\d+(?:\.\d+)+/.exec(text)?.[0];
}

/** True if `version` is `wanted` or newer. Missing parts count as zero; a version that cannot be read is not enough. */
export function isAtLeast(version: string | undefined, wanted: string): boolean {
  if (version === undefined) return false;
  const have = parts(version);
  const want = parts(wanted);
  for (let index = 0; index < Math.max(have.length, want.length); index += 1) {
    const difference = (have[index] ?? 0) - (want[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return have.length > 0;
}

function parts(version: string): number[] {
  return (versionIn(version) ?? "").split(".").filter(Boolean).map(Number);
}
