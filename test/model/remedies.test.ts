/** Proves that what is given as a remedy can be pasted: each that stands in the sources, and those that are put together. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { remedyFor } from "../../checks/exposure.ts";
import { adviceFor, secretSourceAdvice } from "../../model/settingsAdvice.ts";
import { assertPasteable } from "./pasteable.ts";

const root = join(import.meta.dirname, "../..");
const rooms = "{checks,deck,host,memory,model,release}/**/*.ts";
/** Rules for whoever writes the program: there a sentence is what helps. */
const forAuthors = new Set(["model/commandRules.ts", "model/containerRules.ts", "model/ownership.ts"]);

/** The words of each literal that stands behind `remedy:` or `remedy =`, and of the last argument of a `DeckError`. */
function* remediesIn(source: string): Generator<string> {
  const literal = /(["'`])((?:\\.|(?!\1)[^\\\n])+)\1/;
  const given = [
    /\b(?:remedy|listed)(?::|\s=)\s+/g,
    /\bnew (?:DeckError|HostUnreachable)\([^;]*?,\s*(?=["'`](?:npx|npm|git|docker)\b)/g,
  ];
  for (const pattern of given) {
    for (const { index, 0: words } of source.matchAll(pattern)) {
      const [found, , text] = literal.exec(source.slice(index + words.length)) ?? [];
      if (text === undefined || !source.startsWith(found ?? "", index + words.length)) continue;
      // A command of a host's own is put together elsewhere.
      if (text.startsWith("${")) continue;
      yield text.replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "filled-in").replace(/\\(.)/g, "$1");
    }
  }
}

describe("A remedy can be pasted", () => {
  for (const file of globSync(rooms, { cwd: root }).toSorted()) {
    const remedies = [...new Set(remediesIn(readFileSync(join(root, file), "utf8")))].filter((each) => each !== "filled-in");
    if (remedies.length === 0 || forAuthors.has(file)) continue;
    it(`where ${file} gives one`, () => {
      for (const each of remedies) assertPasteable(each);
    });
  }

  for (const key of [
    ...[
      "name",
      "baseFolder",
      "host.kind",
      "host.address",
      "host.user",
      "host.hostKey",
      "gateway.image",
      "gateway.digest",
      "gateway.port",
    ],
    ...["telegram.owners", "memory.url", "memory.database.host", "provider.name", "provider.model", "github.repository"],
  ]) {
    it(`where \`${key}\` is absent`, () => assertPasteable(adviceFor(key, {})?.remedy ?? ""));
  }

  it("where a secret has no source", () => {
    for (const gateway of [true, false]) assertPasteable(secretSourceAdvice("A_SECRET", gateway));
  });

  it("opens the file that a secret stands in, and says what to do there: looking again would find it again", () => {
    const finding = { kind: "k", title: "a secret", fingerprint: "f", inUse: false, place: "tree" } as const;
    const remedy = remedyFor([3, 9].map((line) => ({ ...finding, location: `docs/a page.md:${line}` })));
    assertPasteable(remedy);
    assert.match(remedy, /^\$\{EDITOR:-vi\} 'docs\/a page\.md' # take the value out and rotate it/);
  });

  for (const place of ["tree", "history", "evidence", "logs", "configuration"] as const) {
    it(`where a secret is exposed in ${place}`, () => {
      const finding = { kind: "k", title: "a secret", fingerprint: "f", inUse: false };
      assertPasteable(remedyFor([{ ...finding, place, location: "/var/log/x:1" }]));
      assertPasteable(remedyFor([]));
    });
  }
});
