/** Reads JSON that need not be any: what is cut off or foreign is for a schema to refuse, not for a parser to throw at. */

/** The value; undefined, which JSON cannot say, where the text is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
