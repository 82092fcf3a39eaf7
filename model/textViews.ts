/** Text as those take it who read it on: escapes undone, what shows nothing left out, 16-bit characters halved, wrapped lines joined; each with its way back. */

/** What one reader takes the text for. */
export interface View {
  readonly text: string;
  /** The stretch of the first text that a stretch of this one was made of. */
  source(start: number, end: number): { readonly start: number; readonly end: number };
}

export interface Views {
  /** Escapes undone, those for a terminal left out, 16-bit characters halved: what a parser hands on. */
  readonly decoded: readonly View[];
  /** Lines joined that an encoder may have wrapped: a value found in it is one, but a shape may be an accident. */
  readonly joined: readonly View[];
}

/** All views of a text but the text itself. Only those are made in which something differs. */
export function viewsOf(text: string): Views {
  const plain: View = { text, source: (start, end) => ({ start, end }) };
  const decoded = decodedViewsOf(text);
  const tagless = replaced(plain, markup, () => "");
  const shown = [...tagless, ...tagless.flatMap((view) => replaced(view, escaped, unescaped))];
  const readings = [plain, ...decoded, ...shown];
  const printable = replaced(plain, quotedPrintable, (_, byte) =>
    byte === undefined ? "" : unescaped("", undefined, undefined, byte),
  );
  const joined = [wrap, looseWrap].flatMap((pattern) => readings.flatMap((view) => replaced(view, pattern, () => "")));
  const dumps = [spacedHex, dumpedHex].flatMap((pattern) => replaced(plain, pattern, () => ""));
  const lists = byteList.test(text) ? replaced(plain, listedByte, hexOfByte) : [];
  const patches = isPatch.test(text) ? replaced(plain, patchWrap, () => "") : [];
  return { decoded, joined: [...printable, ...shown, ...joined, ...dumps, ...lists, ...patches] };
}

/** Those views alone in which a shape is no accident. */
export function decodedViewsOf(text: string): readonly View[] {
  const plain: View = { text, source: (start, end) => ({ start, end }) };
  const runs = text.includes("\0") ? halved(text) : [];
  return [...runs, ...[plain, ...runs].flatMap((view) => replaced(view, escaped, unescaped))];
}

const shortestRun = 8;

/** Stretches in which every second character is NUL: ASCII in UTF-16 of either order, read as bytes. */
function halved(text: string): View[] {
  const views: View[] = [];
  for (let nul = text.indexOf("\0"); nul >= 0; nul = text.indexOf("\0", nul + 1)) {
    const from = nul;
    while (text.charCodeAt(nul) === 0 && nul + 1 < text.length && text.charCodeAt(nul + 1) !== 0) nul += 2;
    if ((nul - from) / 2 + 1 < shortestRun) continue;
    // The character before the first NUL is the first one in the order of most machines, and does no harm in the other.
    const first = from === 0 ? 1 : from - 1;
    const run = text.slice(first, nul).replaceAll("\0", "");
    views.push({ text: run, source: (start, end) => ({ start: first + 2 * start, end: first + 2 * end - 1 }) });
  }
  return views;
}

const hex = "[0-9A-Fa-f]";
/** What a reader does not see: soft hyphens, characters without width, marks of direction, variation selectors, the byte order mark. */
const invisible = "\\u00ad\\u034f\\u061c\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufe00-\\ufe0f\\ufeff";
const isInvisible = new RegExp(`^[${invisible}]$`);
/** All that Markdown lets a backslash stand before, but for what begins an escape itself. */
const punctuation = "[!-$'-/:-@[\\]^-`{-~]";
/** What sets a terminal's colour or makes a link there: as it is, escaped in some way, or as `cat -v` shows it. */
const terminal =
  "(?:\\x1b|\\\\{1,8}(?:[uU]001[bB]|x1[bB]|0?33|e)|%1[bB]|\\^\\[)(?:\\[[0-?]{0,40}[@-Z^-~]|\\([0B]|\\]8;[^\\x07\\x1b\\\\\\n]{0,400}(?:\\x07|\\x1b\\\\))";
/** Of JSON, JavaScript and C (within another such text as well), of Markdown, of URLs, of HTML, of terminals. Bounded, so that no text takes long. */
const escaped = new RegExp(
  `${terminal}|\\\\{1,8}(?:u\\{0{0,4}(${hex}{1,6})\\}|u(${hex}{4})|x(${hex}{2})|([01][0-7]{2})|(${punctuation}))|%(?:25){0,4}([0-7]${hex})|&(?:amp;){0,4}(?:#[xX]0{0,4}(${hex}{1,6})|#0{0,4}([0-9]{1,7})|(quot|apos|amp|lt|gt|shy|zwj|zwnj|lrm|rlm|ZeroWidthSpace|NoBreak));|[${invisible}]+`,
  "g",
);
const entities: Readonly<Record<string, string>> = { quot: '"', apos: "'", amp: "&", lt: "<", gt: ">" };

function unescaped(
  ...[all, wide, unit, byte, octal, quoted, percent, hexEntity, entity, name]: readonly (string | undefined)[]
): string {
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  if (quoted !== undefined) return quoted;
  if (name !== undefined) return entities[name] ?? "";
  const digits = wide ?? unit ?? byte ?? percent ?? hexEntity;
  // What is invisible, or for a terminal alone, has none of the groups.
  if (digits === undefined && entity === undefined) return "";
  const code = entity === undefined ? Number.parseInt(digits ?? "", 16) : Number(entity);
  if (code > 0x10ffff) return all ?? "";
  // Half of a pair stands for itself, and makes a character with the other half.
  const made = code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code);
  return isInvisible.test(made) ? "" : made;
}

const word = "[A-Za-z0-9+/_=-]";
/** A line's end within what may be base64: after a word of some length, and before one. Escaped ones count as well. */
const wrap = new RegExp(`(\\\\?\\r?\\n|\\\\{1,8}(?:r\\\\{1,8})?n)(?<=${word}{16}\\1)[ \\t>#*]{0,80}(?=${word})`, "g");

const lineEnd = "(?:\\\\?\\r?\\n|\\\\{1,8}(?:r\\\\{1,8})?n)";
/** Where a program puts together what it writes in pieces: a quotation that ends, and the next one. */
const pieces = `["'\`][ \\t]{0,8}(?:${lineEnd}[ \\t]{0,80})?(?:[+.&~]|\\|\\|)?[ \\t]{0,8}(?:${lineEnd}[ \\t]{0,80})?["'\`]`;
/**
 * A line's end within anything else, with the blanks and the marks of emphasis, quotation and heading around it; and between
 * pieces. A run of blanks is tried once, or many would take long; what it can begin with stands first, to be quick.
 */
const looseWrap = new RegExp(
  `(?=[ \\t*\`"'\\\\\\r\\n])(?:${pieces}|(?:(?<![ \\t*\`])[ \\t*\`]{1,80})?${lineEnd}[ \\t>#*\`]{0,80})`,
  "g",
);

/** In a patch, each line begins with a mark of its own. */
const isPatch = /^[ \t>]{0,8}@@ -[0-9]/m;
const patchWrap = /\r?\n[ \t>]{0,8}[+ -][ \t]{0,80}/g;

/** As mail has it: a soft end of a line, or a byte. A view of its own, because `=41` is mostly something else. */
const quotedPrintable = /=(?:[ \t]{0,80}\r?\n|([0-7][0-9A-F]))/g;

/** Tags and comments of HTML, which part what is shown as one word. A comment ends at the next one's beginning, or many would take long. */
const markup = /<!--(?:[^-<]|-(?!->)|<(?!!--)){0,4000}-->|<[/!?]?[A-Za-z[][^<>]{0,400}>/g;

const group = `(?:${hex}${hex}){1,8}`;
const afterGroup = `(?<=(?<![0-9A-Za-z])(?:0[xX])?${group})`;
const beforeGroup = `(?=${group}(?![0-9A-Za-z]))`;
/** What stands between the bytes of hex that is written in groups, over several lines as well. */
const spacedHex = new RegExp(
  `(?=[ \\t:,;\\r\\n-])${afterGroup}[ \\t]{0,4}[:,;-]?[ \\t]{0,4}(?:\\r?\\n[ \\t>]{0,20})?(?:0[xX])?${beforeGroup}`,
  "g",
);
/** The same in a dump, where the characters stand behind each line and an offset stands before it. */
const dumpedHex = new RegExp(
  `(?=[ \\t\\r\\n])${afterGroup}(?:[ \\t]{1,4}|[ \\t]{0,60}(?:[ \\t]{2}[^\\n]{0,40})?\\r?\\n[ \\t>]{0,20}(?:${hex}{4,16}:|${hex}{6,16})[ \\t]{1,4})${beforeGroup}`,
  "g",
);

const between = "(?:[ \\t]{0,4},[ \\t]{0,4}(?:\\r?\\n[ \\t]{0,80})?|[ \\t]{1,4})";
/** A list of bytes in decimal: a `Buffer` or a `Uint8Array` in JSON or in what a program prints. */
const byteList = new RegExp(`(?<![\\w.])(?:[0-9]{1,3}${between}){7}[0-9]{1,3}(?![\\w.])`);
/** One of them, and what stands before the next. */
const listedByte = new RegExp(`(?<![\\w.])(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[0-9]{1,2})(?![\\w.])(?:${between}(?=[0-9]))?`, "g");

/** In hex, in which all bytes of a value have one form, those of characters that are not ASCII as well. */
function hexOfByte(found = ""): string {
  return Number.parseInt(found, 10).toString(16).padStart(2, "0");
}

type Replacer = (...found: readonly (string | undefined)[]) => string;

/** The view with each match replaced; none where nothing matches. The way back is worked out where it is needed alone. */
function replaced(view: View, pattern: RegExp, replace: Replacer): View[] {
  let changed = false;
  const text = view.text.replace(pattern, (...found) => {
    changed = true;
    return replace(...found);
  });
  if (!changed) return [];
  let edits: readonly Edit[] | undefined;
  const source = (start: number, end: number) => {
    edits ??= editsOf(view.text, pattern, replace);
    return view.source(placeOf(edits, start).start, placeOf(edits, end - 1).end);
  };
  return [{ text, source }];
}

interface Edit {
  readonly start: number;
  readonly end: number;
  /** The same in the changed text. */
  readonly newStart: number;
  readonly newEnd: number;
}

function editsOf(text: string, pattern: RegExp, replace: Replacer): Edit[] {
  const edits: Edit[] = [];
  let shift = 0;
  for (const found of text.matchAll(pattern)) {
    const [start, end] = [found.index, found.index + found[0].length];
    const newStart = start + shift;
    const newEnd = newStart + replace(...found).length;
    edits.push({ start, end, newStart, newEnd });
    shift = newEnd - end;
  }
  return edits;
}

/** Where one character of the changed text stood. */
function placeOf(edits: readonly Edit[], offset: number): { start: number; end: number } {
  let [low, high] = [0, edits.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edits[middle]?.newStart ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const last = edits[low - 1];
  if (last === undefined) return { start: offset, end: offset + 1 };
  if (offset < last.newEnd) return last;
  const start = last.end + offset - last.newEnd;
  return { start, end: start + 1 };
}
