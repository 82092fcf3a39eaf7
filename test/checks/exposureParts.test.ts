import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { findSecretsInFiles } from "../../checks/scan/files.ts";
import { Fingerprints, fingerprintKeyPath, readFingerprintKey } from "../../checks/scan/fingerprint.ts";
import { exposuresSchema, localPrefix, publishedFingerprint } from "../../model/exposures.ts";
import { Secret } from "../../model/secret.ts";
import { Repository } from "../release/gitFixture.ts";
import { emptyLedger, inUse, probe } from "./exposureSample.ts";
import { supabaseSecretKey, telegramToken } from "./exposureTokens.ts";

describe("the fingerprint key", () => {
  it("is made once, for its owner alone, and the same for two at once", async () => {
    using repository = new Repository();
    const path = fingerprintKeyPath(repository.folder);
    const keys = await Promise.all([1, 2, 3].map(() => readFingerprintKey(path)));
    assert.equal(new Set(keys.map((key) => key.reveal())).size, 1);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal((await readFingerprintKey(path)).reveal(), keys[0]?.reveal());
  });

  it("is refused where others may read it or it is no key", async () => {
    using repository = new Repository();
    const path = fingerprintKeyPath(repository.folder);
    mkdirSync(join(repository.folder, ".phillbot"));
    writeFileSync(path, "short\n", { mode: 0o600 });
    await assert.rejects(readFingerprintKey(path), /not a key of 64 hex digits/);
    writeFileSync(join(repository.folder, "open.key"), `${"0".repeat(64)}\n`, { mode: 0o644 });
    await assert.rejects(readFingerprintKey(join(repository.folder, "open.key")), /has mode 644, allowed is 600/);
  });
});

describe("Fingerprints", () => {
  const [here, elsewhere] = [new Secret("00".repeat(32)), new Secret("11".repeat(32))];
  const fresh = (key: Secret, ...recorded: string[]) => new Fingerprints(key, recorded);

  it("gives a value one name in one clone, and another value or clone another", () => {
    const [a, b] = [new Secret(telegramToken()), new Secret(telegramToken())];
    const names = [fresh(here).of(a), fresh(here).of(b), fresh(elsewhere).of(a)];
    assert.equal(new Set(names).size, 3);
    assert.equal(fresh(here).of(a), names[0]);
    for (const name of names) assert.match(name, publishedFingerprint);
  });

  it("knows a value by what another clone recorded of it, and by that alone", () => {
    const [a, b] = [new Secret(telegramToken()), new Secret(telegramToken())];
    const recorded = fresh(elsewhere).of(a);
    assert.equal(fresh(here, "x", recorded).of(a), recorded);
    assert.notEqual(fresh(here, recorded).of(b), recorded);
    const resalted = `${"0".repeat(32)}${recorded.slice(32)}`;
    assert.notEqual(fresh(here, resalted).of(a), resalted);
  });

  it("names a value that could be guessed for this clone alone, and takes no record for it", () => {
    const word = new Secret(["summer", "2026"].join("-"));
    const name = fresh(here).of(word);
    assert.ok(name.startsWith(localPrefix));
    assert.notEqual(fresh(elsewhere).of(word), name);
    assert.equal(fresh(here, fresh(elsewhere).of(word)).of(word), name);
  });

  it("names such a value by its place in a committed content, in every clone alike, and elsewhere not", () => {
    const word = new Secret("summer-2026");
    const at = (text: string, start: number) => ({ bytes: Buffer.from(text), start });
    const name = fresh(here).of(word, at("x summer-2026", 2));
    assert.match(name, /^place-[0-9a-f]{32}-2$/);
    assert.equal(fresh(elsewhere).of(word, at("x summer-2026", 2)), name);
    assert.notEqual(fresh(here).of(word, at("y summer-2026", 2)), name);
    const token = new Secret(telegramToken());
    assert.match(fresh(here).of(token, at(token.reveal(), 0)), publishedFingerprint);
  });

  it("is accepted by the ledger where it holds in every clone, and refused with the reason where it does not", () => {
    const ledger = (fingerprint: string) =>
      exposuresSchema.safeParse({
        version: 1,
        exposures: [{ fingerprint, kind: "k", where: "w", found: "2026-06-01", state: "unresolved" }],
      });
    assert.ok(ledger(fresh(here).of(new Secret(telegramToken()))).success);
    const committed = { bytes: Buffer.from("a word"), start: 0 };
    for (const refused of [
      fresh(here).of(new Secret("a word"), committed),
      fresh(here).of(new Secret("a word")),
      "0".repeat(32),
    ]) {
      assert.match(ledger(refused).error?.issues[0]?.message ?? "", /32 hex digits, `-`, 32 hex digits/);
    }
  });
});

describe("findSecretsInFiles", () => {
  it("names file, line and kind, and never the value", async () => {
    using repository = new Repository();
    const [token, secrets] = [supabaseSecretKey(), inUse()];
    const value = secrets.get("MEMORY_DATABASE_PASSWORD")?.reveal() ?? "";
    repository.write({ "a.md": "clean\n", "b.md": `\n${token}\n${value}` });
    const files = ["a.md", "b.md"].map((name) => join(repository.folder, name));
    const found = await findSecretsInFiles(files, secrets);
    assert.deepEqual(
      found.map(({ file, line, kind, inUse: now }) => [file, line, kind, now]),
      [
        [files[1], 2, "supabase-secret-key", false],
        [files[1], 3, "MEMORY_DATABASE_PASSWORD", true],
      ],
    );
    assert.ok(!JSON.stringify(found).includes(token) && !JSON.stringify(found).includes(value));
  });

  it("throws where a file cannot be read, instead of calling it clean", async () => {
    await assert.rejects(findSecretsInFiles(["/nonexistent/file"], new Map()), /ENOENT/);
  });
});

describe("what the scan leaves behind", () => {
  it("holds no secret and no value in use", async () => {
    using repository = new Repository();
    const [secrets, token] = [inUse(), telegramToken()];
    repository.commit({ ...emptyLedger, "a.txt": token });
    await probe(repository, secrets);
    const folder = join(repository.folder, ".phillbot", "exposure-clean");
    assert.ok(existsSync(folder));
    const kept = readdirSync(folder)
      .map((name) => name + readFileSync(join(folder, name), "utf8"))
      .join();
    assert.ok(kept.length > 40);
    for (const value of [token, ...[...secrets.values()].map((secret) => secret.reveal())]) assert.ok(!kept.includes(value));
  });
});

describe("exposure of what is compressed", () => {
  const secrets = inUse();
  const env = [...secrets].map(([name, secret]) => `${name}=${secret.reveal()}\n`).join("");

  it("cannot tell of a document or a file of the tree, however often it is asked, and names it", async () => {
    using repository = new Repository();
    for (const path of ["Documentation/env.gz", "backup.bin"]) {
      repository.commit({ ...emptyLedger, "Documentation/a.md": "text\n" });
      mkdirSync(join(repository.folder, "Documentation"), { recursive: true });
      writeFileSync(join(repository.folder, path), gzipSync(env));
      for (let time = 0; time < 2; time += 1) {
        const { status, summary, remedy } = await probe(repository, secrets);
        assert.equal(status, "inconclusive", summary);
        assert.ok(summary.includes(`Compressed, and so not scanned: \`${path}\` (gzip).`), summary);
        assert.ok(remedy?.startsWith(`git rm --cached -- ${path} # `), remedy);
      }
      rmSync(join(repository.folder, path));
    }
    assert.equal((await probe(repository, secrets)).status, "pass");
  });

  it("takes a picture as it is", async () => {
    using repository = new Repository();
    repository.commit(emptyLedger);
    writeFileSync(join(repository.folder, "a.png"), Buffer.from("89504e470d0a1a0a0000000d", "hex"));
    assert.equal((await probe(repository, secrets)).status, "pass");
  });
});
