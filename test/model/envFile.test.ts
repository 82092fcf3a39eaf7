import assert from "node:assert/strict";
import { parse } from "dotenv";
import fc from "fast-check";
import { EnvFileRefused, envFileEntries, renderEnvFile } from "../../model/envFile.ts";
import { Secret } from "../../model/secret.ts";

const render = (values: Record<string, string>) =>
  renderEnvFile(new Map(Object.entries(values).map(([name, value]) => [name, new Secret(value)]))).reveal();

function faultsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof EnvFileRefused);
    return error.faults;
  }
  throw new assert.AssertionError({ message: "nothing was refused" });
}

const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,12}$/);
/** Rich in the characters that parsers trip over. */
const value = fc.oneof(
  fc.string({ unit: fc.constantFrom("'", '"', "`", "\\", "#", " ", "=", "$", "n", "r", "a", "\t", "é"), maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);

describe("renderEnvFile", () => {
  for (const [title, secret, line] of [
    ["a token", "123:AbC-d_e", "A=123:AbC-d_e\n"],
    ["a hash", "a#b", "A='a#b'\n"],
    ["spaces at both ends", " a ", "A=' a '\n"],
    ["a dollar", "$HOME", "A='$HOME'\n"],
    ["a single quote", "it's", `A="it's"\n`],
    ["a single quote and a backslash before n", "it's\\new", "A=`it's\\new`\n"],
    ["all three quotes", "a'b\"c`d", "A=a'b\"c`d\n"],
    ["a backslash at the end", "a$\\", "A=a$\\\n"],
  ] as const) {
    it(`writes ${title} as the gateway's parser reads it`, () => {
      assert.equal(render({ A: secret }), line);
      assert.deepEqual(parse(line), { A: secret });
    });
  }

  it("sorts the lines by name in byte order, whatever the order of entry", () => {
    assert.equal(render({ B: "2", A_: "3", A0: "1" }), "A0=1\nA_=3\nB=2\n");
  });

  it("gives back exactly the values that went in, by the gateway's own parser, for whatever it does not refuse", () => {
    let written = 0;
    fc.assert(
      fc.property(fc.dictionary(name, value, { minKeys: 1, maxKeys: 6, noNullPrototype: true }), (values) => {
        let content: string;
        try {
          content = render(values);
        } catch (error) {
          assert.ok(error instanceof EnvFileRefused);
          return;
        }
        written += 1;
        assert.deepEqual(parse(content), values);
      }),
      { numRuns: 3000 },
    );
    assert.ok(written > 300, `only ${written} runs wrote a file`);
  });

  it("does not let a value that ends in a backslash swallow the line after it", () => {
    const values = { A: "x y\\", B: "#c" };
    assert.deepEqual(parse(render(values)), values);
  });

  it("refuses bad names, line breaks, NULs, empty and unquotable values, all at once, by name and without a value", () => {
    const faults = faultsOf(() =>
      render({
        "bad-name": "s3cr3t",
        NEWLINE: "s3cr3t\nB=1",
        RETURN: "s3cr3t\r",
        NUL: "s3cr3t\0",
        EMPTY: "",
        QUOTES: "#s3cr3t'\"`",
      }),
    );
    assert.equal(faults.length, 6);
    for (const named of ['"bad-name"', "`NEWLINE`", "`RETURN`", "`NUL`", "`EMPTY`", "`QUOTES`"]) {
      assert.equal(faults.filter((fault) => fault.includes(named)).length, 1, named);
    }
    assert.ok(!faults.join("").includes("s3cr3t"));
  });

  it("refuses a file that the gateway would pass over: without entries, or larger than it reads", () => {
    assert.match(faultsOf(() => render({}))[0] ?? "", /empty/);
    assert.match(
      faultsOf(() => render({ A: "x".repeat(1_048_576) }))[0] ?? "",
      /1048579 bytes; the gateway reads at most 1048576/,
    );
  });

  it("hands its content back as a secret", () => {
    assert.equal(`${renderEnvFile(new Map([["A", new Secret("value")]]))}`, "[secret]");
  });
});

describe("envFileEntries", () => {
  const settings = {
    secrets: {
      BOT: { from: { env: "BOT" }, gateway: true },
      DATABASE: { from: { env: "DATABASE" }, gateway: false },
    },
  };

  it("takes the names that the settings mark for the gateway, and no others", () => {
    const values = new Map(["BOT", "DATABASE", "OTHER"].map((key) => [key, new Secret(key)]));
    assert.deepEqual([...envFileEntries(settings, values).keys()], ["BOT"]);
  });

  it("refuses by name where a value is missing", () => {
    assert.deepEqual(
      faultsOf(() => envFileEntries(settings, new Map())),
      ["`BOT` has no value."],
    );
  });
});
