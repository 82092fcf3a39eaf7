import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exposuresPath, treeExposureCheck } from "../../checks/exposure.ts";
import { Secret } from "../../model/secret.ts";
import { contextOn, Repository, today, treeTarget } from "../release/gitFixture.ts";
import { emptyLedger, inUse, locations, probe } from "./exposureSample.ts";
import { random, supabaseSecretKey, telegramToken, tokenCorpus } from "./exposureTokens.ts";

describe("exposure in the tree", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
    repository.commit(emptyLedger);
  });
  afterEach(() => repository[Symbol.dispose]());

  it("passes on a clean repository, twice, and says how much it looked at", async () => {
    const first = await probe(repository, inUse());
    assert.equal(first.status, "pass", first.summary);
    assert.ok(Number(first.measured.contents) >= 4);
    assert.deepEqual(await probe(repository, inUse()), first);
  });

  it("finds a Telegram token in a document, with its line, and never shows it", async () => {
    const token = telegramToken();
    repository.commit({ "Documentation/handoff.md": `# Handoff\n\nThe bot's token is ${token}.\n` });
    const finding = await probe(repository);
    assert.deepEqual(locations(finding, token), ["Documentation/handoff.md:3"]);
    assert.match(
      finding.summary,
      /A Telegram bot token stands in the tree, `Documentation\/handoff.md:3` \(fingerprint [0-9a-f]{32}-[0-9a-f]{32}\)/,
    );
    assert.equal(finding.items?.[0]?.waivable, true);
  });

  for (const [title, place] of [
    ["committed", (token: string) => repository.commit({ "a.txt": token })],
    [
      "in the index only",
      (token: string) => {
        repository.write({ "a.txt": token });
        repository.git("add", "a.txt");
        repository.write({ "a.txt": "clean" });
      },
    ],
    [
      "in a changed working copy",
      (token: string) => {
        repository.commit({ "a.txt": "clean" });
        repository.write({ "a.txt": token });
      },
    ],
    [
      "in a working copy that git is told not to look at",
      (token: string) => {
        repository.commit({ "a.txt": "clean" });
        repository.git("update-index", "--assume-unchanged", "a.txt");
        repository.write({ "a.txt": token });
      },
    ],
    ["in an untracked file", (token: string) => repository.write({ "a.txt": token })],
    ["in a link's target", (token: string) => symlinkSync(token, join(repository.folder, "a.txt"))],
    ["as UTF-16", (token: string) => writeFileSync(join(repository.folder, "a.txt"), Buffer.from(`\ufeff${token}`, "utf16le"))],
    [
      "behind the mark of another encoding",
      (token: string) => writeFileSync(join(repository.folder, "a.txt"), Buffer.from([0xff, 0xfe, ...Buffer.from(token)])),
    ],
    ["under a name with a space and a quote", (token: string) => repository.commit({ 'b "c.txt': token })],
  ] as const) {
    it(`finds a token ${title}`, async () => {
      const token = telegramToken();
      place(token);
      const [location, ...rest] = locations(await probe(repository), token);
      assert.match(location ?? "", /^(a|b "c)\.txt:1$/);
      assert.deepEqual(rest, []);
    });
  }

  it("does not look at what git ignores, but for the documents, which are synced as they lie there", async () => {
    repository.commit({ ".gitignore": ".phillbot/\n*.secret\n" });
    repository.write({ "a.secret": telegramToken() });
    assert.equal((await probe(repository)).status, "pass");
    repository.write({ "Documentation/b.secret": telegramToken() });
    assert.deepEqual(locations(await probe(repository)), ["Documentation/b.secret:1"]);
  });

  for (const [title, place] of [
    ["as its only content's only name", (name: string) => repository.commit({ [name]: "clean" })],
    ["as the second name of one content", (name: string) => repository.commit({ "a-empty": "", [name]: "" })],
    [
      "in the index only",
      (name: string) => {
        repository.write({ [name]: "clean" });
        repository.git("add", "--all");
        repository.remove(name);
      },
    ],
    ["untracked", (name: string) => repository.write({ [name]: "" })],
    ["as a document's that git ignores", (name: string) => repository.write({ [`Documentation/.phillbot/${name}`]: "" })],
  ] as const) {
    it(`finds a token in a file's name, ${title}, and does not repeat it in the location`, async () => {
      const token = supabaseSecretKey();
      place(`z-${token}.txt`);
      const [location, ...rest] = locations(await probe(repository), token);
      assert.match(location ?? "", /^the name of (Documentation\/\.phillbot\/)?z-\[redacted supabase-secret-key\]\.txt$/);
      assert.deepEqual(rest, []);
    });
  }

  it("finds a value in use in an untracked file's name, over the folders that it is parted by, and lets no waiver open it", async () => {
    const value = `${random(10)}/${random(14)}`;
    repository.write({ [`a/b-${value}-c.txt`]: "" });
    const finding = await probe(repository, new Map([["X", new Secret(value)]]));
    assert.deepEqual(locations(finding, value), ["the name of a/b-[redacted X]-c.txt"]);
    assert.equal(finding.items?.[0]?.waivable, false);
  });

  it("finds a token in the name of a submodule, which holds no content here", async () => {
    const token = supabaseSecretKey();
    const head = repository.git("rev-parse", "HEAD");
    repository.git("update-index", "--add", "--cacheinfo", `160000,${head},${token}`);
    assert.deepEqual(locations(await probe(repository), token), ["the name of [redacted supabase-secret-key]"]);
  });

  it("finds a token in the name of evidence", async () => {
    const token = supabaseSecretKey();
    repository.write({ [`.phillbot/evidence/${token}/report.json`]: "{}" });
    assert.deepEqual(locations(await probe(repository), token), ["the name of [redacted supabase-secret-key]/report.json"]);
  });

  it("redacts the name of a file that is a secret and holds one", async () => {
    const [name, token] = [supabaseSecretKey(), telegramToken()];
    repository.commit({ [`${name}.txt`]: token });
    assert.equal(locations(await probe(repository), name, token).length, 2);
  });

  it("is closed by removal and commit where the token was never committed before", async () => {
    repository.write({ "a.txt": telegramToken() });
    locations(await probe(repository));
    repository.remove("a.txt");
    assert.equal((await probe(repository)).status, "pass");
  });

  it("finds every kind of token of the corpus in a committed file", async () => {
    const corpus = Object.entries(tokenCorpus());
    repository.commit(Object.fromEntries(corpus.map(([, text], index) => [`${index}.txt`, `${text}\n`])));
    const found = new Set(locations(await probe(repository)).map((location) => location.split(".")[0]));
    assert.deepEqual(
      corpus.filter((_, index) => !found.has(String(index))).map(([title]) => title),
      [],
    );
  });

  describe("with values in use", () => {
    for (const [title, form] of [
      ["as it is", (value: string) => value],
      ["in base64", (value: string) => Buffer.from(`user:${value}`).toString("base64")],
      [
        "in base64 over several lines",
        (value: string) =>
          Buffer.from(`${" ".repeat(30)}${value}`)
            .toString("base64")
            .replace(/.{64}/g, "$&\r\n"),
      ],
      ["with an escaped character", (value: string) => `"\\u00${value.charCodeAt(0).toString(16)}${value.slice(1)}"`],
      ["in UTF-16 without a mark", (value: string) => Buffer.from(value, "utf16le").toString("latin1")],
      ["in UTF-16 of the other order", (value: string) => Buffer.from(value, "utf16le").swap16().toString("latin1")],
    ] as const) {
      it(`finds one ${title}, names it, and lets no waiver open it`, async () => {
        const secrets = inUse();
        const value = secrets.get("MEMORY_DATABASE_PASSWORD")?.reveal() ?? "";
        repository.commit({ "notes.md": `x ${form(value)}\n` });
        const finding = await probe(repository, secrets);
        assert.deepEqual(locations(finding, value), ["notes.md:1"]);
        assert.match(finding.summary, /value of `MEMORY_DATABASE_PASSWORD` in use/);
        assert.equal(finding.items?.[0]?.waivable, false);
      });
    }

    it("looks again at what was clean once a value has changed", async () => {
      const value = random(24);
      repository.commit({ "notes.md": `x ${value}\n` });
      assert.equal((await probe(repository, inUse())).status, "pass");
      assert.deepEqual(locations(await probe(repository, new Map([["X", new Secret(value)]]))), ["notes.md:1"]);
    });

    it("is inconclusive, by name, where a value is too short to be looked for", async () => {
      const finding = await probe(repository, new Map([["PIN", new Secret("x7#q")]]));
      assert.equal(finding.status, "inconclusive");
      assert.match(finding.summary, /`PIN` \(4 < 8 characters\)/);
    });
  });

  it("finds a token in earlier evidence", async () => {
    const token = telegramToken();
    repository.write({ ".phillbot/evidence/2026-06-01/report.json": JSON.stringify({ token }) });
    const finding = await probe(repository);
    assert.deepEqual(locations(finding, token), ["2026-06-01/report.json:1"]);
    assert.match(finding.summary, /earlier evidence/);
  });

  it("is an error that names every fault where the ledger is broken", async () => {
    repository.write({
      [exposuresPath]:
        "version: 1\nexposures:\n  - { fingerprint: x, kind: k, where: w, found: 2026-06-01, state: rotated, value: abc }\n",
    });
    const finding = await probe(repository);
    assert.equal(finding.status, "error");
    const paths = (finding.measured.faults as { path: string }[]).map(({ path }) => path);
    assert.deepEqual(paths, ["exposures[0].fingerprint", "exposures[0].rotated", "exposures[0].owner", "exposures[0].value"]);
  });

  it("is an error where the ledger is missing", async () => {
    repository.remove(exposuresPath);
    assert.equal((await probe(repository)).status, "error");
  });

  it("ends when it is told to", async () => {
    const context = contextOn(today, AbortSignal.abort(new Error("deadline")));
    await assert.rejects(async () => treeExposureCheck.probe(treeTarget(repository), context), /deadline/);
  });
});
