import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exposuresPath, treeExposureCheck } from "../../checks/exposure.ts";
import { Fingerprints, fingerprintKeyPath, readFingerprintKey } from "../../checks/scan/fingerprint.ts";
import { Secret } from "../../model/secret.ts";
import { policyWith } from "../model/gateSample.ts";
import { contextOn, Repository, treeTarget } from "../release/gitFixture.ts";
import { emptyLedger, inUse, locations, probe } from "./exposureSample.ts";
import { random, supabaseSecretKey, telegramToken, tokenCorpus } from "./exposureTokens.ts";

async function record(repository: Repository, value: string, entry: string): Promise<string> {
  const key = await readFingerprintKey(fingerprintKeyPath(repository.folder));
  const fingerprint = new Fingerprints(key, []).of(new Secret(value));
  const text = `version: 1\nexposures:\n  - { fingerprint: ${fingerprint}, kind: telegram-bot-token, where: a commit, found: 2026-06-01, ${entry} }\n`;
  repository.write({ [exposuresPath]: text });
  return fingerprint;
}

describe("exposure in history", () => {
  let repository: Repository;
  let token: string;
  let commit: string;
  beforeEach(() => {
    repository = new Repository();
    token = telegramToken();
    repository.commit(emptyLedger);
    commit = repository.commit({ "a.txt": token });
    repository.remove("a.txt");
    repository.commit();
  });
  afterEach(() => repository[Symbol.dispose]());

  it("finds what was committed and removed again, with the commit that brought it in", async () => {
    const finding = await probe(repository);
    assert.deepEqual(locations(finding, token), [`${commit.slice(0, 10)}:a.txt:1`]);
    assert.match(finding.summary, /a commit since the last release/);
  });

  it("is found in the words of a release's tag, also of the last release", async () => {
    using tagged = new Repository();
    tagged.commit(emptyLedger);
    tagged.git("tag", "--annotate", "--message", `Released with ${token}`, "release/0.1.0");
    const finding = await probe(tagged);
    assert.match(locations(finding, token).join(" "), /^tag [0-9a-f]{10}:release\/0\.1\.0:\d+$/);
  });

  it("is found in what only a release's tag or the branch of records reaches, in content and in message", async () => {
    for (const [ref, message] of [
      ["refs/tags/release/0.1.0", undefined],
      ["refs/heads/records", undefined],
      ["refs/heads/records", token],
      ["refs/phillbot/records", token],
    ] as const) {
      using other = new Repository();
      const base = other.commit(emptyLedger);
      const hidden = message === undefined ? other.commit({ "a.txt": token }) : other.commit({}, message);
      other.git("update-ref", ref, hidden);
      other.git("reset", "--quiet", "--hard", base);
      const place = message === undefined ? `${hidden.slice(0, 10)}:a.txt:1` : `commit ${hidden.slice(0, 10)}`;
      const [found = "", ...more] = locations(await probe(other), token);
      assert.ok(found.startsWith(place), `${ref}: ${found}`);
      assert.deepEqual(more, []);
    }
  });

  it("is not closed by the removal alone, nor by looking twice", async () => {
    locations(await probe(repository));
    locations(await probe(repository));
  });

  it("is closed by a recorded rotation", async () => {
    const fingerprint = await record(repository, token, "state: rotated, rotated: 2026-06-02, owner: ada");
    const finding = await probe(repository, inUse());
    assert.equal(finding.status, "pass", finding.summary);
    assert.deepEqual(finding.measured.rotated, [fingerprint]);
  });

  it("is closed by a rotation that another clone recorded, and opened by a waiver that another clone wrote", async () => {
    using colleague = repository.clone();
    const fingerprint = await record(colleague, token, "state: rotated, rotated: 2026-06-02, owner: ada");
    repository.write({ [exposuresPath]: readFileSync(join(colleague.folder, exposuresPath), "utf8") });
    assert.deepEqual((await probe(repository, inUse())).measured.rotated, [fingerprint]);
    repository.write(emptyLedger);
    const own = (await probe(repository)).items?.map(({ id }) => id);
    const waiver = { check: "exposure", item: fingerprint, reason: "a sample", owner: "ada", until: "2026-12-31" };
    const context = { ...contextOn(), policy: policyWith({ waivers: [waiver] }) };
    const finding = await treeExposureCheck.probe(treeTarget(repository), context);
    assert.deepEqual(
      finding.items?.map(({ id, waivable }) => ({ id, waivable })),
      [{ id: fingerprint, waivable: true }],
    );
    assert.notDeepEqual(own, [fingerprint]);
  });

  it("names what could be guessed by a place that a waiver can name in any clone, though it was removed since", async () => {
    const address = ["mysql://ada", "summer-2026@db.example.org/x"].join(":");
    using colleague = new Repository();
    colleague.commit({ ...emptyLedger, "b.md": `See ${address}\n` });
    colleague.remove("b.md");
    colleague.commit();
    using clone = colleague.clone();
    const [here, there] = await Promise.all([colleague, clone].map(async (each) => (await probe(each)).items ?? []));
    assert.match(here?.[0]?.id ?? "", /^place-/);
    assert.deepEqual([here?.length, here?.[0]?.waivable], [1, true]);
    assert.equal(there?.[0]?.id, here?.[0]?.id);
  });

  it("is not closed by a rotation while the value is still in use", async () => {
    await record(repository, token, "state: rotated, rotated: 2026-06-02, owner: ada");
    const finding = await probe(repository, new Map([["TELEGRAM_BOT_TOKEN", new Secret(token)]]));
    assert.equal(locations(finding, token).length, 2);
    assert.match(finding.summary, /recorded as rotated, and its value is still that of `TELEGRAM_BOT_TOKEN` in use/);
    assert.ok(finding.items?.every(({ waivable }) => !waivable));
  });

  it("is not closed by a rotation that lies ahead", async () => {
    await record(repository, token, "state: rotated, rotated: 2026-06-16, owner: ada");
    const finding = await probe(repository);
    assert.match(finding.summary, /rotated on 2026-06-16, today is 2026-06-15/);
    assert.equal(finding.items?.length, 2);
  });

  for (const lacking of ["rotated: 2026-06-02", "owner: ada"]) {
    it(`is not closed by a rotation with \`${lacking}\` alone`, async () => {
      await record(repository, token, `state: rotated, ${lacking}`);
      assert.equal((await probe(repository)).status, "error");
    });
  }

  it("blocks while it is recorded as unresolved, wherever it was", async () => {
    await record(repository, random(60), "state: unresolved");
    const finding = await probe(repository);
    assert.match(finding.summary, /is recorded as unresolved since 2026-06-01/);
    assert.equal(finding.items?.at(-1)?.waivable, false);
  });

  it("is not closed by a rotation in the tree: a file that holds it again blocks", async () => {
    await record(repository, token, "state: rotated, rotated: 2026-06-02, owner: ada");
    repository.write({ "b.txt": token });
    assert.deepEqual(locations(await probe(repository), token), ["b.txt:1"]);
  });

  it("goes back to the last release and no further", async () => {
    repository.release("1.0.0");
    repository.commit({ "b.txt": "clean" });
    const finding = await probe(repository);
    assert.equal(finding.status, "pass", finding.summary);
    assert.equal(finding.measured.since, "1.0.0");
    const later = telegramToken();
    repository.commit({ "c.txt": later });
    repository.remove("c.txt");
    repository.commit();
    assert.equal(locations(await probe(repository), later).length, 1);
  });

  it("is not shortened by a tag of this clone alone where only signed releases deploy, and goes unproven without origin", async () => {
    using clone = repository.clone();
    clone.release("1.0.0");
    clone.commit({ "b.txt": "clean" });
    const signed = (origin: string) => treeExposureCheck.probe(treeTarget(clone, { requireSignOff: true, origin }), contextOn());
    assert.equal((await probe(clone)).status, "pass");
    assert.equal(locations(await signed(repository.address), token).length, 1);
    const elsewhere = await signed("https://example.org/bot.git");
    assert.deepEqual(
      elsewhere.items?.map(({ id, waivable }) => id === "not-read" && !waivable),
      [false, true],
    );
    clone.git("push", "--quiet", "origin", "release/1.0.0");
    assert.equal((await signed(repository.address)).status, "pass");
  });

  it("finds a token in a commit's message", async () => {
    repository.release("1.0.0");
    const other = telegramToken();
    const id = repository.commit({}, `Try ${other}`);
    const [location] = locations(await probe(repository), other);
    assert.match(location ?? "", new RegExp(`^commit ${id.slice(0, 10)}:`));
  });

  it("finds what only a merge brought in", async () => {
    repository.release("1.0.0");
    repository.git("switch", "--quiet", "--create", "aside");
    repository.commit({ "b.txt": "1" });
    repository.git("switch", "--quiet", "main");
    repository.commit({ "c.txt": "1" });
    repository.git("merge", "--quiet", "--no-commit", "--no-ff", "aside");
    const other = telegramToken();
    repository.commit({ "d.txt": other }, "Merge");
    repository.remove("d.txt");
    repository.commit();
    const [location] = locations(await probe(repository), other);
    assert.match(location ?? "", /^[0-9a-f]{10}:d\.txt:1$/);
  });

  it("finds a private key that a patch would show with a plus before each line", async () => {
    repository.release("1.0.0");
    repository.commit({ key: tokenCorpus()["RSA private key"] ?? "" });
    repository.remove("key");
    repository.commit();
    assert.equal(locations(await probe(repository)).length, 1);
  });

  it("is inconclusive in a clone too shallow to tell, and fails on what it does hold", async () => {
    repository.release("1.0.0");
    repository.commit({ "b.txt": "clean" });
    repository.commit({ "c.txt": "clean" });
    using shallow = repository.clone("--depth=1");
    const finding = await probe(shallow);
    assert.equal(finding.status, "inconclusive");
    assert.equal(finding.remedy, "git fetch --unshallow --tags");
    shallow.write({ "d.txt": telegramToken() });
    const failing = await probe(shallow);
    assert.deepEqual(
      failing.items?.map(({ id, waivable }) => id === "not-read" && !waivable),
      [false, true],
    );
  });
});

describe("exposure in the names of history", () => {
  let repository: Repository;
  let token: string;
  beforeEach(() => {
    repository = new Repository();
    token = supabaseSecretKey();
    repository.commit({ ...emptyLedger, "README.md": "clean" });
  });
  afterEach(() => repository[Symbol.dispose]());

  it("finds what a file was named for a while, with the commit that named it, also when it looks again", async () => {
    repository.git("mv", "README.md", `R-${token}.md`);
    const commit = repository.commit();
    repository.git("mv", `R-${token}.md`, "README.md");
    repository.commit();
    for (const _ of ["first", "again"])
      assert.deepEqual(locations(await probe(repository), token), [
        `${commit.slice(0, 10)}:the name of R-[redacted supabase-secret-key].md`,
      ]);
  });

  it("finds it once it is history's alone, though the tree had it when the commits were first read", async () => {
    repository.commit({ "a/b.md": "" });
    repository.git("mv", "a", token);
    const commit = repository.commit();
    repository.write({ [`${token}/b.md`]: "" });
    repository.git("mv", token, "a");
    repository.commit();
    repository.write({ [`${token}/b.md`]: "" });
    assert.match(locations(await probe(repository), token)[0] ?? "", /^the name of /);
    repository.remove(token);
    const past = locations(await probe(repository), token);
    assert.ok(past.length > 0);
    for (const location of past) assert.ok(location.startsWith(`${commit.slice(0, 10)}:the name of [redacted`), location);
  });

  it("finds a name that only a merge gave, and none that the last release has seen", async () => {
    repository.git("mv", "README.md", `R-${token}.md`);
    repository.commit();
    repository.git("mv", `R-${token}.md`, "README.md");
    repository.commit();
    repository.release("1.0.0");
    repository.git("switch", "--quiet", "--create", "aside");
    repository.commit({ "b.txt": "1" });
    repository.git("switch", "--quiet", "main");
    repository.commit({ "c.txt": "1" });
    assert.equal((await probe(repository)).status, "pass");
    repository.git("merge", "--quiet", "--no-commit", "--no-ff", "aside");
    const other = supabaseSecretKey();
    repository.git("mv", "c.txt", other);
    const merge = repository.commit({}, "Merge");
    repository.git("mv", other, "c.txt");
    repository.commit();
    assert.deepEqual(locations(await probe(repository), other), [
      `${merge.slice(0, 10)}:the name of [redacted supabase-secret-key]`,
    ]);
  });

  it("is closed by a recorded rotation", async () => {
    repository.git("mv", "README.md", token);
    repository.commit();
    repository.git("mv", token, "README.md");
    repository.commit();
    const fingerprint = await record(repository, token, "state: rotated, rotated: 2026-06-02, owner: ada");
    const finding = await probe(repository);
    assert.equal(finding.status, "pass", finding.summary);
    assert.deepEqual(finding.measured.rotated, [fingerprint]);
  });

  for (const [title, args] of [
    ["HEAD's branch", (name: string) => ["branch", "--move", name]],
    ["a tag that HEAD reaches", (name: string) => ["tag", name]],
    ["a release's tag", (name: string) => ["tag", `release/${name}`]],
  ] as const) {
    it(`finds a token in the name of ${title}`, async () => {
      repository.git(...args(token));
      const [location, ...rest] = locations(await probe(repository), token);
      assert.match(location ?? "", /^the name of refs\/(heads|tags)\/(release\/)?\[redacted supabase-secret-key\]$/);
      assert.deepEqual(rest, []);
    });
  }
});
