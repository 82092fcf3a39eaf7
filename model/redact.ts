/** Removes secrets from text: the values in use, in every form they travel in, and whatever has the shape of a secret. */

import { type ExposurePattern, exposurePatterns, redactionPatterns } from "./exposurePatterns.ts";
import type { Secret } from "./secret.ts";
import { formsOf } from "./secretForms.ts";
import { decodedViewsOf, type View, viewsOf } from "./textViews.ts";

/** A stretch of text, by its offsets, and what it holds. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
}

const maximumPasses = 4;

/** Where the values in use stand in a text, in whatever form; `kind` is the secret's name. */
export function findValuesInUse(text: string, secrets: ReadonlyMap<string, Secret>): Stretch[] {
  if (secrets.size === 0) return [];
  const { decoded, joined } = viewsOf(text);
  const whole: View = { text, source: (start, end) => ({ start, end }) };
  const places = [whole, ...decoded, ...joined].map((view) => ({ view, words: longWords(view.text) }));
  return [...secrets].flatMap(([kind, secret]) =>
    formsOf(secret).flatMap((form) => {
      const isWord = onlyWord.test(form);
      return places
        .filter(({ words }) => !isWord || words.includes(form))
        .flatMap(({ view }) => occurrences(view.text, form, kind).map((found) => at(view, found)));
    }),
  );
}

const shortestWord = 20;
const onlyWord = new RegExp(`^[A-Za-z0-9+/_-]{${shortestWord},}$`);
const isOfWord = Uint8Array.from({ length: 128 }, (_, code) => Number(/[A-Za-z0-9+/_-]/.test(String.fromCharCode(code))));

/**
 * A form that is one long word, as most are, can stand in these alone, and they are searched many times faster than all of
 * the text. Every 20th character is looked at, since a long word has one of them: a pattern would look at each.
 */
function longWords(text: string): string {
  const words: string[] = [];
  for (let index = shortestWord - 1; index < text.length; index += shortestWord) {
    if (isOfWord[text.charCodeAt(index)] !== 1) continue;
    let [start, end] = [index, index + 1];
    while (isOfWord[text.charCodeAt(start - 1)] === 1) start -= 1;
    while (isOfWord[text.charCodeAt(end)] === 1) end += 1;
    if (end - start >= shortestWord) words.push(text.slice(start, end));
    index = end;
  }
  return words.join("\n");
}

/** A stretch of a view as one of the text itself. */
function at(view: View, { start, end, kind }: Stretch): Stretch {
  return { ...view.source(start, end), kind };
}

function occurrences(text: string, form: string, kind: string): Stretch[] {
  const found: Stretch[] = [];
  for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + form.length)) {
    found.push({ start, end: start + form.length, kind });
  }
  return found;
}

function shapesIn(text: string, patterns: readonly ExposurePattern[]): Stretch[] {
  return patterns.flatMap(({ kind, pattern }) =>
    [...text.matchAll(pattern)].map((match) => ({ start: match.index, end: match.index + match[0].length, kind })),
  );
}

/** A stretch, and the value that its text stands for. */
export interface DecodedStretch extends Stretch {
  readonly value: string;
}

/** Secrets of a known shape that show only when escapes are undone or 16-bit characters are halved. */
export function findDecodedShapes(text: string): DecodedStretch[] {
  return decodedViewsOf(text).flatMap((view) =>
    shapesIn(view.text, exposurePatterns).map((found) => ({
      ...at(view, found),
      value: view.text.slice(found.start, found.end),
    })),
  );
}

/** Joins what overlaps, so that no rest of a secret is left between two marks; the first to start names it. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const each of stretches.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1);
    if (last !== undefined && each.start < last.end) result[result.length - 1] = { ...last, end: Math.max(last.end, each.end) };
    else result.push(each);
  }
  return result;
}

function replaced(text: string, stretches: readonly Stretch[]): string {
  let result = "";
  let from = 0;
  for (const { start, end, kind } of stretches) {
    result += `${text.slice(from, start)}[redacted ${kind}]`;
    from = end;
  }
  return result + text.slice(from);
}

/**
 * The text with `[redacted <kind>]` in place of every value in use and of everything that has the shape of a secret.
 * What an output shows, what evidence keeps and what an error says passes through here.
 */
export function redact(text: string, secrets: ReadonlyMap<string, Secret>): string {
  let result = text;
  // A mark can end what kept two halves from having a shape: look again, until there is nothing left to remove.
  for (let pass = 0; pass < maximumPasses; pass += 1) {
    const stretches = joined([
      ...findValuesInUse(result, secrets),
      ...shapesIn(result, [...exposurePatterns, ...redactionPatterns]),
      ...findDecodedShapes(result),
    ]);
    if (stretches.length === 0) break;
    result = replaced(result, stretches);
  }
  return result;
}
