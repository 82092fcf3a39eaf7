/** A list of files and their digests, in the format that `sha256sum` writes and checks. */

/** Sha256 (hex) by path relative to the folder, with `/` between parts. */
export type Manifest = ReadonlyMap<string, string>;

/** How a folder differs from what it should hold; each list sorted by path. */
export interface ManifestDifference {
  /** Expected, not there. */
  readonly missing: readonly string[];
  /** There, not expected. */
  readonly added: readonly string[];
  /** There with other content. */
  readonly changed: readonly string[];
}

/** Compares what a folder should hold with what it does hold. */
export function compareManifests(expected: Manifest, actual: Manifest): ManifestDifference {
  const missing = [...expected.keys()].filter((path) => !actual.has(path));
  const added = [...actual.keys()].filter((path) => !expected.has(path));
  const changed = [...expected].filter(([path, digest]) => actual.has(path) && actual.get(path) !== digest).map(([path]) => path);
  return { missing: sorted(missing), added: sorted(added), changed: sorted(changed) };
}

/** True where nothing is missing, added or changed. */
export function isSame(difference: ManifestDifference): boolean {
  return difference.missing.length + difference.added.length + difference.changed.length === 0;
}

/** The kinds of difference in words: as they were found, or as a sync answers them. */
export const differenceWords = {
  found: { missing: "missing", added: "added", changed: "changed" },
  undone: { missing: "added", added: "removed", changed: "changed" },
} as const;

/** How many files there are of each kind that occurs, such as `1 added, 2 changed`. */
export function differenceCounts(
  difference: ManifestDifference,
  words: Readonly<Record<keyof ManifestDifference, string>>,
): string {
  const kinds = ["missing", "added", "changed"] as const;
  return kinds.flatMap((kind) => (difference[kind].length > 0 ? [`${difference[kind].length} ${words[kind]}`] : [])).join(", ");
}

/** The list as text, sorted by the bytes of the path. Throws on a path that `refuseName` refuses. */
export function renderManifest(manifest: Manifest): string {
  const lines = sorted([...manifest.keys()]).map((path) => {
    const fault = refuseName(path);
    if (fault !== undefined) throw new Error(fault);
    return `${manifest.get(path)}  ${path}\n`;
  });
  return lines.join("");
}

const line = /^(\\?)([0-9a-f]{64}) [ *]([^\n]+)$/;

/** Reads such a list, also with the escaped names that a stranger may have left on a host. Throws on anything else, with the line's number. */
export function parseManifest(text: string): Manifest {
  if (text !== "" && !text.endsWith("\n")) throw new Error("The list of files is cut off: its last line has no end.");
  const manifest = new Map<string, string>();
  for (const [index, row] of text.split("\n").slice(0, -1).entries()) {
    const [, mark, digest, name] = line.exec(row) ?? [];
    if (digest === undefined || name === undefined)
      throw new Error(`Line ${index + 1} of the list of files is not in sha256sum's format.`);
    const path = mark === "\\" ? unescaped(name) : name;
    if (manifest.has(path))
      throw new Error(`Line ${index + 1} of the list of files names ${JSON.stringify(path)} a second time.`);
    manifest.set(path, digest);
  }
  return manifest;
}

/** Why a relative path cannot be synced, as a sentence; undefined where it can. */
export function refuseName(path: string): string | undefined {
  const name = JSON.stringify(path);
  if (/[\x00-\x1f\x7f\\]/.test(path)) return `The file name ${name} holds a backslash or a control character; rename it.`;
  if (/[\ud800-\udfff]/u.test(path) || path.includes("\ufffd")) return `The file name ${name} is not UTF-8; rename it.`;
  if (path === "-") return "A file named `-` would be read as standard input; rename it.";
  return undefined;
}

/** sha256sum writes a name with `\`, newline or carriage return in escapes, and marks the line with a leading `\`. */
function unescaped(name: string): string {
  const letters: Record<string, string> = { n: "\n", r: "\r", "\\": "\\" };
  return name.replace(/\\(.)/g, (both, letter: string) => letters[letter] ?? both);
}

/** A sorted copy, by bytes as `LC_ALL=C sort` has it: JavaScript's own order differs beyond the basic plane. */
function sorted(paths: readonly string[]): string[] {
  return paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
