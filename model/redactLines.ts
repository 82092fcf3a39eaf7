/** Removes secrets from lines: those at hand all at once, or as they come, where one that goes over several lines is held back until it is whole. */

import { privateKeyEdges } from "./exposurePatterns.ts";
import { redact } from "./redact.ts";
import type { Secret } from "./secret.ts";
import { formsOf } from "./secretForms.ts";

type Secrets = ReadonlyMap<string, Secret>;

/** Redacted together, so that what goes over several lines is found. There may be fewer lines than before. */
export function redactLines(lines: readonly string[], secrets: Secrets): string[] {
  return lines.length === 0 ? [] : redact(lines.join("\n"), secrets).split("\n");
}

/** More lines than any private key has; after as many whatever was held back is shown, redacted as one. */
const longestHeld = 400;
/** A shorter beginning of a value ends a line by chance too often to wait for the next; what follows it is still removed. */
const shortestHead = 4;
/** Of the line before, as much as the beginning of a value in some form may take. */
const contextLength = 4096;

/** Lines as they come. A line is handed on at once, unless a private key or a value in use begins and does not end in it. */
export class FollowedLines {
  readonly #secrets: Secrets;
  readonly #forms: readonly string[];
  #held: string[] = [];
  /** The last line handed on: a value may have begun at its very end. */
  #context = "";

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
    this.#forms = [...secrets.values()].flatMap(formsOf).map(unwrapped);
  }

  /** @returns what can be shown now. */
  push(line: string): string[] {
    this.#held.push(line);
    const text = this.#held.join("\n");
    const isOpen = unclosedKey(text) !== undefined || this.#endsWithHead(`${this.#context}\n${text}`);
    return isOpen && this.#held.length < longestHeld ? [] : this.end();
  }

  /** @returns what was held back. */
  end(): string[] {
    if (this.#held.length === 0) return [];
    const text = this.#held.join("\n");
    const before = redact(this.#context, this.#secrets);
    const both = withoutKeys(redact(`${this.#context}\n${text}`, this.#secrets));
    // A value over both lines has changed the end of the one that is shown already: the rest of it is not shown again.
    const shown = both.startsWith(`${before}\n`) ? both.slice(before.length + 1) : both.slice(commonStart(before, both));
    this.#context = unclosedKey(text) === undefined ? (this.#held.at(-1) ?? "").slice(-contextLength) : "";
    this.#held = [];
    return shown.split("\n");
  }

  #endsWithHead(text: string): boolean {
    const tail = unwrapped(text.slice(-contextLength));
    return this.#forms.some((form) => {
      for (let length = Math.min(form.length - 1, tail.length); length >= shortestHead; length -= 1) {
        if (tail.endsWith(form.slice(0, length))) return true;
      }
      return false;
    });
  }
}

/** Without ends of lines, and the blanks and marks that may stand around them. */
function unwrapped(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/^[ \t>#*`]{0,80}/, "").replace(/(?<![ \t\r*`])[ \t\r*`]{1,80}$/, ""))
    .join("");
}

/** Where a private key begins that does not end in this text. */
function unclosedKey(text: string): number | undefined {
  const begun = [...text.matchAll(privateKeyEdges.begin)].at(-1)?.index;
  return begun !== undefined && text.slice(begun).search(privateKeyEdges.end) < 0 ? begun : undefined;
}

/** Between its edges a key may be torn by other lines, so that it has no key's shape: all from edge to edge goes. */
function withoutKeys(text: string): string {
  let result = text;
  for (let begun = result.search(privateKeyEdges.begin); begun >= 0; begun = result.search(privateKeyEdges.begin)) {
    const rest = result.slice(begun);
    const end = [...rest.matchAll(privateKeyEdges.end)][0];
    const after = end === undefined ? "" : rest.slice(end.index + end[0].length);
    result = `${result.slice(0, begun)}[redacted private-key]${after}`;
  }
  return result;
}

function commonStart(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}
