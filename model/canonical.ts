/** JSON with sorted keys, so that equal values have equal bytes and equal digests. */

/** Sorts the keys of every object, at every depth; arrays keep their order. Undefined members are left out, as JSON does. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, member]) => [key, sortKeys(member)]));
}

/** @param indent spaces per level; 0 writes one line. */
export function canonicalJson(value: unknown, indent = 0): string {
  return JSON.stringify(sortKeys(value), null, indent);
}
