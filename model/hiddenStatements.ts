/** What a migration may do to rows that a copy without rows does not show: behind conditions and loops, and in functions that are called for each row. */

import type { Loss } from "./migrationLosses.ts";
import { statementsOf, type Token, tokensOf } from "./sqlTokens.ts";

/** A function, by the last part of its name. */
export interface Routine {
  readonly name: string;
  readonly body: string;
}

/**
 * What cannot be told, one sentence for each block and for each function that is called. What always runs is judged by its
 * effect; here it is judged by its words, and refused where one of them takes something.
 * @param known all functions that are there before or afterwards.
 */
export function hiddenLosses(sql: string, known: readonly Routine[]): Loss[] {
  const statements = statementsOf(sql);
  const routines = [...known, ...statements.flatMap((each) => routineIn(each) ?? [])];
  const taking = takingRoutines(routines);
  const losses = new Map<string, string>();
  const note = (what: string, word: string) =>
    losses.set(
      `hidden ${what} ${word}`,
      `it cannot be told what ${what} does to rows that the copy lacks (\`${word}\`), so write it as a statement of its own`,
    );
  for (const statement of statements) {
    const isBlock = wordAt(statement, 0) === "do";
    const tokens = isBlock ? opened(statement) : statement;
    const taken =
      isBlock && tokens.some(({ kind, value }) => kind === "word" && branching.has(value)) ? takenBy(tokens) : undefined;
    if (taken !== undefined) note("a `do` block", taken);
    if (isBlock || isRun(statement))
      for (const [name, word] of called(tokens, taking)) note(`the function ${name}, which it calls,`, word);
  }
  return [...losses].map(([id, sentence]) => ({ id, sentence }));
}

const wordAt = (statement: readonly Token[], index: number): string => statement[index]?.value ?? "";

/** What makes it possible that not all of a block runs, or not as it is written. */
const branching: ReadonlySet<string> = new Set(
  "if case loop while for foreach exception when return exit continue execute perform".split(" "),
);

/** Statements that define, grant or name something: what a body in them says is not run. */
const defining =
  /^(?:create (?:or replace )?(?:constraint )?(?:function|procedure|trigger|policy|rule|event trigger|aggregate|view|recursive view|temp view|temporary view|operator|cast) |(?:grant|revoke|comment|drop) |alter (?:function|procedure|routine|default|policy|aggregate) )/;

function isRun(statement: readonly Token[]): boolean {
  return !defining.test(
    `${statement
      .slice(0, 5)
      .map(({ value }) => value)
      .join(" ")} `,
  );
}

function routineIn(statement: readonly Token[]): Routine | undefined {
  const start = statement.findIndex(({ kind, value }) => kind === "word" && (value === "function" || value === "procedure"));
  if (wordAt(statement, 0) !== "create" || start < 0 || start > 3) return undefined;
  const open = statement.findIndex(({ kind, value }, index) => index > start && kind === "sign" && value === "(");
  const name = statement[open - 1]?.value;
  if (name === undefined) return undefined;
  const rest = statement.slice(open);
  // A body without quotes is written as it will run.
  const texts = rest.filter(({ kind }) => kind === "text").map(({ value }) => value);
  const words = rest.filter(({ kind }) => kind !== "text").map(({ value }) => value);
  return { name, body: [...texts, ...words].join(" \n") };
}

/** Those that take something, or call one that does, with the word that says so. */
function takingRoutines(routines: readonly Routine[]): ReadonlyMap<string, string> {
  const bodies = routines.map(({ name, body }) => ({ name, tokens: opened(tokensOf(body)) }));
  const taking = new Map<string, string>();
  for (let size = -1; size !== taking.size; ) {
    size = taking.size;
    for (const { name, tokens } of bodies) {
      if (taking.has(name)) continue;
      const word = takenBy(tokens) ?? called(tokens, taking)[0]?.[1];
      if (word !== undefined) taking.set(name, word);
    }
  }
  return taking;
}

/** Those of the functions that are called by their name. */
function called(tokens: readonly Token[], taking: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return tokens.flatMap(({ kind, value }, index) => {
    const word = kind === "word" && tokens[index + 1]?.value === "(" ? taking.get(value) : undefined;
    const before = tokens[index - (tokens[index - 1]?.value === "." ? 3 : 1)]?.value ?? "";
    // A table of that name takes rows, and a function is named as one.
    const isNamed = before === "into" || ["function", "procedure"].includes(tokens[index - 1]?.value ?? "");
    return word === undefined || isNamed ? [] : [[value, word] as const];
  });
}

const quote: Token = { kind: "sign", value: "'" };

/** With the words of every text in it, between quotes: it may be run as a statement, where it is not only told. */
function opened(tokens: readonly Token[]): readonly Token[] {
  return tokens.flatMap((token, index) => {
    if (token.kind !== "text") return [token];
    return isTold(tokens, index) ? [quote, quote] : [quote, ...opened(tokensOf(token.value)), quote];
  });
}

const levels: ReadonlySet<string> = new Set("debug log info notice warning exception".split(" "));

/** What `raise` says, and what a comment `is`. */
function isTold(tokens: readonly Token[], index: number): boolean {
  const [before, first] = [tokens[index - 1]?.value ?? "", tokens[index - 2]?.value];
  return before === "is" || before === "raise" || (first === "raise" && levels.has(before));
}

/** The first word that takes rows, or something of the schema; undefined where none does. */
function takenBy(tokens: readonly Token[]): string | undefined {
  const isMadeUp = tokens.some(({ value }, index) => value === "execute" && isExecuted(tokens, index));
  const found = tokens.flatMap((token, index) => (token.kind === "word" && takes(tokens, index, isMadeUp) ? [token.value] : []));
  // That a text is run says less than what it says.
  return found.find((word) => word !== "execute") ?? found[0];
}

/** As a right, an event or a lock the same words take nothing. */
const notBefore: ReadonlySet<string> = new Set("for key on or before after of grant .".split(" "));
const notAfter: ReadonlySet<string> = new Set(["on", "or", "of", ",", "("]);

function takes(tokens: readonly Token[], index: number, isMadeUp: boolean): boolean {
  const [before, word, after] = [index - 1, index, index + 1].map((at) => tokens[at]?.value ?? "");
  if (tokens[index]?.isName) return false;
  const isAlone = before === "'" && after === "'" && !isMadeUp;
  switch (word) {
    case "update":
    case "delete":
    case "truncate":
      return !isAlone && !notBefore.has(before ?? "") && !notAfter.has(after ?? "");
    case "merge":
      return after === "into" || (isMadeUp && after === "'");
    case "drop":
      return before !== "commit" && !isAlone;
    case "revoke":
    case "rename":
    case "disable":
      return !isAlone;
    case "column":
      return before === "alter";
    case "type":
      // `alter … type`, with or without `column` and `set data` between.
      return [2, 4].some((back) => tokens[index - back]?.value === "alter");
    case "execute":
      return isExecuted(tokens, index) && !isLegible(tokens, index);
    default:
      return false;
  }
}

/** Not the right to execute, and not what a trigger does. */
function isExecuted(tokens: readonly Token[], index: number): boolean {
  const [before, after] = [tokens[index - 1]?.value ?? "", tokens[index + 1]?.value ?? ""];
  return !["function", "procedure", "on", ","].includes(after) && !(before === "'" && after === "'");
}

const harmless: ReadonlySet<string> = new Set(
  "alter create comment grant set reset select with insert analyze refresh notify lock security".split(" "),
);
const beginnings: ReadonlySet<string> = new Set(["(", "format", "concat", "pg_catalog", "."]);

/** Whether what is made at run time begins with a statement that can be read; its other words are judged as they stand. */
function isLegible(tokens: readonly Token[], index: number): boolean {
  let at = index + 1;
  while (beginnings.has(tokens[at]?.value ?? "")) at += 1;
  return tokens[at]?.value === "'" && harmless.has(tokens[at + 1]?.value ?? "");
}
