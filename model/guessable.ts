/** Tells values that nobody could guess from those that somebody might: only of the former may a digest be published. */

import { holdsKnownSecret } from "./exposurePatterns.ts";

const shortest = 20;
const fewestDistinct = 10;
/** Of a random value more than half of all neighbours differ in class; of words and years, a quarter. */
const leastChanges = 0.3;
const leastBits = 80;

/**
 * True unless the value has the shape of a token of a known kind, or holds a piece that only chance can have made. A random
 * value may be taken for a guessable one, such as one of small letters only; the other way about takes a contrived word.
 */
export function isGuessable(value: string): boolean {
  return !holdsKnownSecret(value) && !value.split(/[^A-Za-z0-9+/_-]+/).some(isRandom);
}

function isRandom(whole: string): boolean {
  // What parts words would count as a change of class.
  const piece = whole.replace(/[+/_-]/g, "");
  if (piece.length < shortest || new Set(piece.toLowerCase()).size < fewestDistinct) return false;
  return changes(piece) / (piece.length - 1) >= leastChanges && piece.length * Math.log2(alphabet(piece)) >= leastBits;
}

/** How often a digit, a small letter or a capital is followed by one of another class. */
function changes(piece: string): number {
  const classes = [...piece].map((character) => (/[0-9]/.test(character) ? 0 : /[a-z]/.test(character) ? 1 : 2));
  return classes.filter((each, index) => index > 0 && each !== classes[index - 1]).length;
}

/** The size of the smallest common alphabet that holds the piece. */
function alphabet(piece: string): number {
  if (/^[0-9]*$/.test(piece)) return 10;
  if (/^(?:[0-9a-f]*|[0-9A-F]*)$/.test(piece)) return 16;
  return /^(?:[0-9a-z]*|[0-9A-Z]*)$/.test(piece) ? 36 : 62;
}
