/** Cuts SQL into words, signs and quoted texts, as far as needed to see what a statement may do: comments say nothing. */

export interface Token {
  readonly kind: "word" | "sign" | "text";
  /** A word without its quotes, and in small letters where it has none; a text without its own. */
  readonly value: string;
  /** True of a word in quotes, which is a name whatever it says. */
  readonly isName?: true;
}

/** By what they begin with: comments, texts, names, and whatever else, sign by sign. */
const patterns = [
  /--[^\n]*/y,
  /\s+/y,
  /[eE]'(?:[^'\\]|\\[\s\S]|'')*'?/y,
  /(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'?/y,
  /\$((?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$/y,
  /(?:[uU]&)?"(?:[^"]|"")*"?/y,
  /[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*/y,
  /[\s\S]/y,
] as const;

export function tokensOf(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    if (sql.startsWith("/*", at)) {
      at = afterComment(sql, at);
      continue;
    }
    const index = patterns.findIndex((pattern) => {
      pattern.lastIndex = at;
      return pattern.test(sql);
    });
    const end = patterns[index]?.lastIndex ?? at + 1;
    const part = sql.slice(at, end);
    if (index === 4) {
      const close = sql.indexOf(part, end);
      tokens.push({ kind: "text", value: sql.slice(end, close < 0 ? undefined : close) });
      at = close < 0 ? sql.length : close + part.length;
      continue;
    }
    if (index === 2 || index === 3) tokens.push({ kind: "text", value: unescaped(part, unquoted(part, "'")) });
    if (index === 5) tokens.push({ kind: "word", value: unescaped(part, unquoted(part, '"')), isName: true });
    if (index === 6) tokens.push({ kind: "word", value: part.toLowerCase() });
    if (index === 7) tokens.push({ kind: "sign", value: part });
    at = end;
  }
  return tokens;
}

/** They lie in one another. */
function afterComment(sql: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let depth = 0, found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}

function unquoted(part: string, quote: string): string {
  const inner = part.slice(part.indexOf(quote) + 1, part.endsWith(quote) ? -1 : undefined);
  return inner.replaceAll(quote + quote, quote);
}

/** With what the backslashes of `e'…'` and `u&'…'` stand for; elsewhere they stand for themselves. */
function unescaped(part: string, inner: string): string {
  if (/^[uU]&/.test(part))
    return inner.replace(/\\(?:\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4})|\\)/g, (_, six, four) => sign(six ?? four ?? "5c", 16));
  if (!/^[eE]'/.test(part)) return inner;
  return inner.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (_, byte, four, eight, octal, other) =>
      other === undefined ? sign(byte ?? four ?? eight ?? octal, octal === undefined ? 16 : 8) : (blank.get(other) ?? other),
  );
}

const blank: ReadonlyMap<string, string> = new Map([..."bfnrt"].map((letter) => [letter, " "]));

function sign(digits: string, base: 8 | 16): string {
  const code = Number.parseInt(digits, base);
  return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
}

/** The statements of a file; one whose body is written without quotes is not cut within it. */
export function statementsOf(sql: string): readonly (readonly Token[])[] {
  const tokens = tokensOf(sql);
  const { statements, isWhole } = cut(tokens, true);
  // Where a body seems to have no end, what stands behind it would not be seen.
  return (isWhole ? statements : cut(tokens, false).statements).filter((each) => each.length > 0);
}

function cut(tokens: readonly Token[], keepsBodies: boolean): { readonly statements: Token[][]; readonly isWhole: boolean } {
  const statements: Token[][] = [[]];
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    const { kind, value, isName } = token;
    // Behind a dot or `as` any word is a name.
    const isWord = kind === "word" && !isName && ![".", "as"].includes(tokens[index - 1]?.value ?? "");
    const opens = depth > 0 ? value === "case" : value === "begin" && tokens[index + 1]?.value === "atomic";
    if (isWord && keepsBodies && opens) depth += 1;
    if (isWord && value === "end" && depth > 0) depth -= 1;
    if (kind === "sign" && value === ";" && depth === 0) statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return { statements, isWhole: depth === 0 };
}
