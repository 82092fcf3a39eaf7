import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { findDecodedShapes, findValuesInUse, redact } from "../../model/redact.ts";
import { Secret } from "../../model/secret.ts";
import { telegramToken } from "../checks/exposureTokens.ts";

/** Says for each character, by its place, whether it is encoded. */
type Choice = (index: number) => boolean;
type Encoder = (value: string, choose: Choice) => string;

const code = (character: string) => character.codePointAt(0) ?? 0;
const each = (value: string, choose: Choice, encode: (character: string) => string) =>
  [...value].map((character, index) => (choose(index) ? encode(character) : character)).join("");
const unit = (value: string) =>
  value
    .split("")
    .map((half) => `\\u${half.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
const bytes = (text: string) => Buffer.from(text, "utf16le");
const ascii = (character: string) => code(character) < 128;
const percent = (character: string) =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
/** Somewhere in the value, by the coins. */
const cut = (value: string, choose: Choice) => 1 + [...value].slice(2).findIndex((_, index) => choose(index));
const coloured = (value: string, choose: Choice, intro: string) => {
  const at = cut(value, choose);
  const characters = [...value];
  return `${intro}[1;32m${characters.slice(0, at).join("")}${intro}[0m${intro}[38;5;208m${characters.slice(at).join("")}${intro}[m`;
};
const wrapped = (value: string, columns: number, end: string) =>
  Buffer.from(`{"some":"text before","value":"${value}","and":"after it, so that lines are full"}`)
    .toString("base64")
    .replace(new RegExp(`.{${columns}}(?!$)`, "g"), `$&${end}`);

/** How a value may travel; each keeps what surrounds it readable. */
const encoders: Readonly<Record<string, Encoder>> = {
  "as it is": (value) => value,
  "in JSON": (value) => JSON.stringify(value),
  "in JSON within JSON": (value) => JSON.stringify(JSON.stringify(value)),
  "with some characters as \\u": (value, choose) => each(value, choose, unit),
  "with some characters as \\U in JSON within JSON": (value, choose) =>
    each(value, choose, (character) =>
      unit(character)
        .replaceAll("\\", "\\\\")
        .replace(/[a-f]/g, (digit) => digit.toUpperCase()),
    ),
  "with some characters as \\u{}": (value, choose) => each(value, choose, (character) => `\\u{${code(character).toString(16)}}`),
  "with some characters as \\x": (value, choose) =>
    each(
      value,
      (index) => choose(index),
      (character) => (ascii(character) ? `\\x${code(character).toString(16).padStart(2, "0")}` : character),
    ),
  "with some characters as decimal entities": (value, choose) => each(value, choose, (character) => `&#${code(character)};`),
  "with some characters as hex entities": (value, choose) =>
    each(value, choose, (character) => `&#x${code(character).toString(16)};`),
  "in a URL": (value) => encodeURIComponent(value),
  "in a form": (value) => encodeURIComponent(value).replaceAll("%20", "+"),
  "with more percent signs than a URL needs": (value, choose) =>
    each(value, (index) => choose(index) || !/^[A-Za-z0-9]$/.test([...value][index] ?? ""), percent),
  "with twice the percent signs": (value) => encodeURIComponent(encodeURIComponent(value)),
  "in hex": (value) => Buffer.from(value).toString("hex"),
  "coloured for a terminal": (value, choose) => coloured(value, choose, "\x1b"),
  "coloured, in JSON": (value, choose) => JSON.stringify(coloured(value, choose, "\x1b")),
  "coloured, as `cat -v` shows it": (value, choose) => coloured(value, choose, "^["),
  "as a Buffer in JSON": (value) => JSON.stringify(Buffer.from(value)),
  "as a Buffer in indented JSON, amid other bytes": (value) => JSON.stringify(Buffer.from(`ab ${value} cd`), null, 2),
  "as a Uint8Array that is printed": (value) => inspect(new Uint8Array(Buffer.from(value))),
  "as Go prints bytes": (value) => `[${[...Buffer.from(value)].join(" ")}]`,
  "in base64 over 76 columns": (value) => wrapped(value, 76, "\n"),
  "in base64 over 64 columns, with carriage returns": (value) => wrapped(value, 64, "\r\n"),
  "in base64 over 64 columns, indented": (value) => wrapped(value, 64, "\n    "),
  "in base64 over 60 columns, quoted": (value) => wrapped(value, 60, "\n> "),
  "in base64 over 76 columns, in JSON": (value) => JSON.stringify(wrapped(value, 76, "\n")),
  "in base64 with escaped slashes": (value) => wrapped(value, 76, "\\n").replaceAll("/", "\\/"),
  "in base64 of UTF-16": (value) => bytes(`ab${value}`).toString("base64"),
  "in UTF-16, as bytes": (value) => bytes(`> ${value} <`).toString("utf8"),
  "in UTF-16 of the other order, as bytes": (value) =>
    Buffer.from(bytes(`> ${value} <`))
      .swap16()
      .toString("utf8"),
  "in UTF-16 with some characters as \\u": (value, choose) =>
    bytes(each(value, (index) => choose(index) || !ascii([...value][index] ?? ""), unit)).toString("utf8"),
};

const printable = fc.string({ unit: "grapheme-ascii", minLength: 12, maxLength: 40 });
const mixed = fc.string({ unit: fc.constantFrom(..."aZ09-_+/=:&%?\"'\\ <>é€ß漢"), minLength: 12, maxLength: 40 });
/** What looks like an escape itself has more than one reading, and so has what ends in white space. */
const values = fc
  .oneof(printable, mixed)
  .filter((value) => value.trim() === value && !/\\|%[0-9A-Fa-f]{2}|&\S*;/.test(value) && new Set(value).size > 3);

describe("findValuesInUse and redact", () => {
  for (const [title, encode] of Object.entries(encoders)) {
    it(`find a value ${title}, and remove it and nothing around it`, () => {
      fc.assert(
        fc.property(values, fc.infiniteStream(fc.boolean()), (value, coins) => {
          const choices: boolean[] = [];
          const choose: Choice = (index) => {
            while (choices.length <= index) choices.push(coins.next().value ?? true);
            return choices[index] ?? true;
          };
          const secrets = new Map([["X", new Secret(value)]]);
          const text = `. before\n${encode(value, choose)}\nafter .`;
          const found = findValuesInUse(text, secrets);
          assert.ok(found.length > 0, JSON.stringify(text));
          const redacted = redact(text, secrets);
          assert.ok(
            redacted.includes("[redacted X]") && redacted.startsWith(". before\n") && redacted.endsWith("\nafter ."),
            redacted,
          );
          assert.deepEqual(findValuesInUse(redacted, secrets), []);
        }),
        { numRuns: 200 },
      );
    });
  }

  it("find nothing in a text that does not hold the value, however it is escaped or wrapped", () => {
    const secrets = new Map([["X", new Secret("no such value 1")]]);
    const pieces = fc.array(
      fc.constantFrom("\\u003a", "%3A", "&#58;", "\n", "\\n", "\0", "a\0b\0c\0d\0e\0f\0g\0h\0i\0", "QUJDREVGR0hJSktM", "\\", " "),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        assert.deepEqual(findValuesInUse(parts.join(""), secrets), []);
      }),
    );
  });

  it("give the very stretch of an escaped value, after other escapes, wraps and 16-bit characters", () => {
    const secrets = new Map([["X", new Secret("abc:defghijkl")]]);
    const before = `\\u0041%42&#67; ${"Q".repeat(20)}\n${"Q".repeat(20)} ${Buffer.from("wide characters", "utf16le").toString("latin1")} `;
    const [stretch, ...rest] = findValuesInUse(`${before}abc\\u003adefghijkl after`, secrets);
    assert.deepEqual(stretch, { start: before.length, end: before.length + "abc\\u003adefghijkl".length, kind: "X" });
    // The same one is seen with the lines joined as well.
    for (const each of rest) assert.deepEqual(each, stretch);
  });

  it("take no more than a moment for what is made to take long", () => {
    const secrets = new Map([["X", new Secret("abc:defghijkl")]]);
    for (const text of [
      "\\",
      "%25",
      "\0",
      "\0a",
      "&amp;",
      "\n",
      "A\n",
      "\\u{0",
      "&#0",
      `${"A".repeat(16)}\n`,
      "<",
      "<a",
      "<!--",
      "<!-- -",
      "<a ",
      "aa ",
      "ab\n",
      "aabb  ",
      "0xaa,",
      "0011223 44\n000000 ",
      "\x1b[",
      "\x1b[0;",
      "\\e[0",
      "\x1b]8;",
      "^[[",
      "1,",
      "12, \n  ",
      "123 ",
      "1 ,   \n ",
      '"',
      '" + ',
      '"\n',
      "'  \n  + \n ",
      "\n+ ",
      "@@ -1\n+",
      "\\0",
      "A".repeat(19),
      `${"A".repeat(30)} `,
    ].map((part) => part.repeat(300_000))) {
      const start = performance.now();
      findValuesInUse(text, secrets);
      assert.ok(performance.now() - start < 5000, JSON.stringify(text.slice(0, 10)));
    }
  });
});

describe("findDecodedShapes", () => {
  for (const [title, encode] of [
    ["with its colon escaped", (token: string) => token.replace(":", "\\u003a")],
    ["with its colon as an entity", (token: string) => token.replace(":", "&#58;")],
    ["in UTF-16", (token: string) => Buffer.from(token, "utf16le").toString("latin1")],
  ] as const) {
    it(`gives the value of a token ${title}, and \`redact\` removes it`, () => {
      const token = telegramToken();
      const text = `x ${encode(token)} y`;
      assert.deepEqual(
        findDecodedShapes(text).map(({ kind, value }) => ({ kind, right: value === token })),
        [{ kind: "telegram-bot-token", right: true }],
      );
      assert.deepEqual(findDecodedShapes(redact(text, new Map())), []);
    });
  }
});
