import assert from "node:assert/strict";
import fc from "fast-check";
import { scanText, textOf } from "../../checks/scan/text.ts";
import { holdsKnownSecret } from "../../model/exposurePatterns.ts";
import { redact } from "../../model/redact.ts";
import { Secret } from "../../model/secret.ts";
import { benignCorpus, random, supabaseSecretKey, telegramToken, tokenCorpus } from "./exposureTokens.ts";

const none = new Map<string, Secret>();

describe("scanText", () => {
  for (const [title, text] of Object.entries(tokenCorpus())) {
    it(`finds a ${title}`, async () => {
      const [finding, ...rest] = await scanText(`before\n ${text} after\n`);
      assert.ok(finding !== undefined, "nothing was found");
      assert.deepEqual(rest, []);
      assert.equal(finding.line, 2);
      assert.ok(text.includes(finding.value.reveal()));
      assert.equal(finding.inUse, false);
    });
  }

  for (const [title, text] of Object.entries(benignCorpus())) {
    it(`finds nothing in a ${title}`, async () => {
      assert.deepEqual(
        (await scanText(`before\n${text}\nafter\n`)).map(({ kind }) => kind),
        [],
      );
    });
  }

  it("knows at least the 33 kinds of token and 11 benign samples of the first measurement", () => {
    assert.ok(Object.keys(tokenCorpus()).length >= 33);
    assert.ok(Object.keys(benignCorpus()).length >= 11);
  });

  it("takes the development database of one's own machine for no secret, and that of another for one", async () => {
    const at = (host: string, more = "") =>
      scanText(`url: "postgresql://${["postgres", "postgres"].join(":")}@${host}/postgres${more}",`);
    assert.deepEqual(await at("127.0.0.1:54322"), []);
    assert.deepEqual(await at("localhost:5432"), []);
    assert.equal((await at("db.example.org:5432")).length, 1);
    assert.equal((await at("localhost.example.org:5432")).length, 1);
    assert.equal((await at("localhost:5432", `?sslpassword=${random(20)}`)).length, 1);
  });

  it("names a token by its kind", async () => {
    const [finding] = await scanText(telegramToken());
    assert.equal(finding?.kind, "telegram-bot-token");
    assert.equal(finding?.title, "a Telegram bot token");
  });

  it("is not silenced by a comment in the text", async () => {
    const text = `<!-- secretlint-disable -->\n${telegramToken()} <!-- secretlint-disable-line -->\n`;
    assert.equal((await scanText(text)).length, 1);
  });

  it("finds two tokens on one line apart", async () => {
    assert.equal((await scanText(`${telegramToken()} ${telegramToken()}`)).length, 2);
  });

  it("never shows a value when a finding is printed", async () => {
    const token = telegramToken();
    const printed = JSON.stringify(await scanText(token));
    assert.ok(!printed.includes(token));
    assert.ok(printed.includes("telegram-bot-token"));
  });

  it("finds a token in UTF-16 of either order", async () => {
    const little = Buffer.from(`\ufeff${telegramToken()}`, "utf16le");
    for (const bytes of [little, Buffer.from(little).swap16()]) assert.equal((await scanText(textOf(bytes))).length, 1);
  });
});

describe("scanText with values in use", () => {
  /** A password without any shape. */
  const value = `p&w "${random(14)}é`;
  const secrets = new Map([["MEMORY_DATABASE_PASSWORD", new Secret(value)]]);
  const forms: Record<string, string> = {
    "as it is": value,
    "in JSON": JSON.stringify({ value }),
    "in a URL": encodeURIComponent(value),
    "in a URL in lower case": encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
    "in base64": Buffer.from(value).toString("base64"),
    "in base64 after one byte": Buffer.from(`a${value}z`).toString("base64"),
    "in base64 after two bytes": Buffer.from(`ab${value}`).toString("base64"),
    "in base64 for URLs": Buffer.from(`abc${value}?>`).toString("base64url"),
    "in hex": Buffer.from(value).toString("hex"),
  };

  for (const [title, text] of Object.entries(forms)) {
    it(`finds one ${title}, and \`redact\` removes it`, async () => {
      const findings = await scanText(`x ${text} y`, secrets);
      assert.deepEqual(
        findings.map(({ kind, inUse }) => ({ kind, inUse })),
        [{ kind: "MEMORY_DATABASE_PASSWORD", inUse: true }],
      );
      assert.equal(findings[0]?.value.reveal(), value);
      assert.deepEqual(await scanText(redact(`x ${text} y`, secrets), secrets), []);
    });
  }

  it("finds a value at any offset of base64", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 7 }), fc.uint8Array({ maxLength: 7 }), async (before, after) => {
        const encoded = Buffer.concat([before, Buffer.from(value), after]).toString("base64");
        assert.equal((await scanText(encoded, secrets)).filter(({ inUse }) => inUse).length, 1);
      }),
      { numRuns: 30 },
    );
  });

  it("names a token that is in use by the secret's name", async () => {
    const token = telegramToken();
    const [finding, ...rest] = await scanText(`bot${token}/getMe`, new Map([["TELEGRAM_BOT_TOKEN", new Secret(token)]]));
    assert.equal(finding?.kind, "TELEGRAM_BOT_TOKEN");
    assert.deepEqual(rest, []);
  });
});

describe("redact", () => {
  for (const [title, text] of Object.entries(tokenCorpus())) {
    it(`leaves nothing to find of a ${title}`, async () => {
      const redacted = redact(`before ${text} after`, none);
      assert.match(redacted, /^before .*\[redacted [a-z0-9-]+\].* after$/s);
      assert.deepEqual(await scanText(redacted), []);
      assert.equal(redact(redacted, none), redacted);
    });
  }

  for (const [title, text] of Object.entries(benignCorpus())) {
    if (title === "address with a variable") continue;
    it(`leaves a ${title} as it is`, () => assert.equal(redact(text, none), text));
  }

  it("leaves the path of a passphrase's file, which a shell is to read", () => {
    const line = "export PULUMI_CONFIG_PASSPHRASE_FILE=/home/jane2/projects/phillbot/.phillbot/passphrase";
    assert.equal(redact(line, none), line);
  });

  it("removes a key without its end", () => {
    const [head = "", ...body] = (tokenCorpus()["RSA private key"] ?? "").split("\n");
    const redacted = redact([head, ...body.slice(0, 4)].join("\n"), none);
    assert.ok(!redacted.includes(body[1] ?? "?"));
  });

  it("leaves no value in use in any text, wherever it stands and how often", () => {
    const noise = fc.string({ unit: fc.constantFrom("a", "A", "0", ":", "_", "-", "%", "[", "]", "\n", " ") });
    fc.assert(
      fc.property(fc.array(fc.oneof(noise, fc.constant("%value%")), { maxLength: 12 }), (parts) => {
        const value = random(20);
        const text = parts.join("").replaceAll("%value%", value);
        const redacted = redact(text, new Map([["X", new Secret(value)]]));
        assert.ok(!redacted.includes(value));
      }),
    );
  });
});

describe("holdsKnownSecret", () => {
  it("gives the same answer twice for the same text", () => {
    const token = telegramToken();
    assert.equal(holdsKnownSecret(token), true);
    assert.equal(holdsKnownSecret(token), true);
    assert.equal(holdsKnownSecret("nothing of the kind"), false);
  });
});

describe("scanText with a value in use that was laid out for readers", () => {
  const value = `sb_secret_${random(22)}`;
  const password = `P.w-d_${random(18)}=`;
  const secrets = new Map([
    ["SUPABASE_SECRET_KEY", new Secret(value)],
    ["MEMORY_DATABASE_PASSWORD", new Secret(password)],
  ]);
  const cut = (at: number, between: string) => (text: string) => `${text.slice(0, at)}${between}${text.slice(at)}`;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const octal = (character: string) => character.charCodeAt(0).toString(8).padStart(3, "0");
  const hexOf = (text: string, prefix = "") => [...Buffer.from(text)].map((byte) => prefix + byte.toString(16).padStart(2, "0"));
  const forms: Record<string, (text: string) => string> = {
    "with Markdown's backslashes": (text) => text.replace(/[_.=-]/g, "\\$&"),
    "with Markdown's backslashes in JSON": (text) => JSON.stringify(text.replace(/[_.=-]/g, "\\$&")),
    "wrapped after five characters": cut(5, "\n"),
    "wrapped with trailing blanks": cut(20, "  \r\n  "),
    "wrapped in a quotation": cut(12, " \n> > "),
    "wrapped between marks of emphasis": (text) => `**${cut(9, "**\n**")(text)}**`,
    "wrapped in JSON": (text) => JSON.stringify({ text: cut(7, " \n  ")(text) }),
    "wrapped and with Markdown's backslashes": (text) => cut(6, "\n")(text).replace(/[_.=-]/g, "\\$&"),
    "with characters of no width": (text) => [...text].join("\u200b"),
    "with soft hyphens": cut(9, "\u00ad"),
    "with an escaped character of no width": (text) => JSON.stringify(cut(9, "%")(text)).replace("%", "\\u2060"),
    "with an entity of no width": cut(9, "&#8203;"),
    "parted by a tag": cut(9, "<wbr>"),
    "parted by a comment": cut(9, "<!-- -->"),
    "parted by a comment over lines, and by tags": (text) => cut(14, "</b><i class='x'>")(cut(6, "<!--\n so\n-->")(text)),
    "parted by a tag, with entities": (text) => cut(9, "<wbr>")(text).replaceAll("_", "&#95;"),
    "in spaced hex": (text) => hexOf(text).join(" "),
    "in spaced hex in upper case": (text) => hexOf(text).join(" ").toUpperCase(),
    "in hex with colons": (text) => hexOf(text).join(":"),
    "as bytes of a program": (text) => hexOf(text, "0x").join(", "),
    "in hex in groups of two bytes": (text) =>
      hexOf(text)
        .join("")
        .replace(/.{4}(?!$)/g, "$& "),
    "in spaced hex over lines": (text) =>
      hexOf(text)
        .join(" ")
        .replace(/((?:.. ){11}..) /g, "$1\n  "),
    "with octal escapes": (text) => text.replace(/[A-Z_.=-]/g, (character) => `\\${octal(character)}`),
    "with octal escapes, in JSON": (text) => JSON.stringify([...text].map((character) => `\\${octal(character)}`).join("")),
    "in base64 of base64": (text) => base64(`{"auth":"${base64(`bot:${text}`)}"}`),
    "in base64 of base64, over lines": (text) => base64(`a ${base64(`${text} b`)}`).replace(/.{40}/g, "$&\n"),
    "in hex of base64": (text) => Buffer.from(base64(`a${text}`)).toString("hex"),
    "in pieces": cut(9, '" + "'),
    "in pieces over lines": cut(9, "' +\n      '"),
    "in pieces over lines, the sign before each": (text) => cut(4, "`\n  + `")(cut(12, '"\n    . "')(text)),
    "in pieces, in JSON": (text) => JSON.stringify(cut(9, '" +\n  "')(`"${text}"`)),
    "in pieces without a sign": cut(9, "''"),
    "in base64 in pieces": (text) => cut(9, '" +\n "')(base64(text)),
    "in quoted-printable": (text) => cut(13, "=\r\n")(text.replaceAll("=", "=3D")),
  };

  for (const [title, form] of Object.entries(forms)) {
    it(`finds one ${title}, and \`redact\` removes it`, async () => {
      for (const [name, secret] of secrets) {
        const text = `before\nx ${form(secret.reveal())} y\nafter`;
        const [finding] = (await scanText(text, secrets)).filter(({ inUse }) => inUse);
        assert.deepEqual([finding?.kind, finding?.line], [name, 2]);
        assert.deepEqual(
          (await scanText(redact(text, secrets), secrets)).map(({ kind }) => kind),
          [],
        );
        assert.match(redact(text, secrets), /^before\nx .*\[redacted [^\]]*\][\s\S]* y\nafter$/);
      }
    });
  }

  for (const [program, ...args] of [
    ["xxd"],
    ["hexdump", "-C"],
    ["od", "-An", "-tx1"],
    ["od", "-tx1"],
    ["od", "-Ax", "-tx1z"],
  ] as const) {
    it(`finds one in what \`${[program, ...args].join(" ")}\` prints`, async () => {
      const dump = dumpOf(program, args, `some text before TOKEN=${value} and some more after it\n`);
      assert.deepEqual(
        (await scanText(dump, secrets)).filter(({ inUse }) => inUse).map(({ kind }) => kind),
        ["SUPABASE_SECRET_KEY"],
      );
    });
  }

  it("finds one in a patch, where each line begins with a mark, wrapped as it is or in base64", async () => {
    for (const text of [cut(9, "\n+")(value), cut(16, "\n-  ")(base64(value)), cut(9, "\n ")(value)]) {
      const found = await scanText(`diff\n@@ -1,2 +1,3 @@ x\n${text}\n`, secrets);
      assert.deepEqual([found[0]?.kind, found[0]?.line], ["SUPABASE_SECRET_KEY", 3]);
    }
  });

  it("finds a value whose plus signs were taken for blanks, as it is and in base64", async () => {
    const secret = new Secret(`a+b+${random(14)}`);
    const bytes = Buffer.from([0xfb, 0xef, 0xbe, ...Buffer.from(secret.reveal())]);
    for (const text of [secret.reveal(), bytes.toString("base64")]) {
      const found = await scanText(`x=${text.replaceAll("+", " ")}&y`, new Map([["X", secret]]));
      assert.deepEqual(
        found.map(({ kind }) => kind),
        ["X"],
      );
    }
  });

  it("finds a value that is a long word wherever it begins and ends", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), fc.constantFrom(" ", "/", "é", "\n"), (before, after, edge) => {
        const text = `${"x".repeat(before)}${edge}${value}${edge}${"x".repeat(after)}`;
        assert.ok(!redact(text, secrets).includes(value));
        assert.ok(!redact(`${" ".repeat(before)}${value}`, secrets).includes(value));
      }),
    );
  });

  it("finds a token with Markdown's backslashes by its shape", async () => {
    const [finding] = await scanText(supabaseSecretKey().replaceAll("_", "\\_"));
    assert.equal(finding?.kind, "supabase-secret-key");
  });
});

/** What these programs print: an offset before each 16 bytes, and their characters behind, for most. */
function dumpOf(program: string, args: readonly string[], text: string): string {
  const bytes = Buffer.from(text);
  const lines: string[] = [];
  for (let from = 0; from < bytes.length; from += 16) {
    const part = bytes.subarray(from, from + 16);
    const pairs = [...part].map((byte) => byte.toString(16).padStart(2, "0"));
    const shown = part.toString("latin1").replace(/[^ -~]/g, ".");
    const offset = from.toString(16);
    if (program === "xxd")
      lines.push(`${offset.padStart(8, "0")}: ${pairs.join("").replace(/.{4}/g, "$& ").padEnd(40)} ${shown}`);
    else if (program === "hexdump")
      lines.push(`${offset.padStart(8, "0")}  ${pairs.slice(0, 8).join(" ")}  ${pairs.slice(8).join(" ")}  |${shown}|`);
    else if (args.includes("-An")) lines.push(` ${pairs.join(" ")}`);
    else if (args.includes("-Ax")) lines.push(`${offset.padStart(6, "0")} ${pairs.join(" ")}  >${shown}<`);
    else lines.push(`${from.toString(8).padStart(7, "0")} ${pairs.join(" ")}`);
  }
  return lines.join("\n");
}
