import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { lastRelease } from "../../release/lastRelease.ts";
import { Repository } from "./gitFixture.ts";

describe("lastRelease where origin's tags count", () => {
  let origin: Repository;
  let clone: Repository;
  const asked = () => lastRelease(clone.folder, { tags: { from: "origin", wanted: { address: origin.address } } });
  beforeEach(() => {
    origin = new Repository();
    origin.commit({ "a.txt": "1" });
    origin.release("1.0.0");
    origin.commit({ "a.txt": "2" });
    clone = origin.clone();
  });
  afterEach(() => {
    origin[Symbol.dispose]();
    clone[Symbol.dispose]();
  });

  it("is a release that both have", async () => {
    const last = await asked();
    assert.ok(last.kind === "release");
    assert.deepEqual([last.release.id, last.release.commit], ["1.0.0", origin.git("rev-parse", "release/1.0.0^{commit}")]);
  });

  it("is not moved by a tag that is only here, while a clone that counts its own believes it", async () => {
    clone.commit({ "a.txt": "3" });
    clone.release("1.1.0");
    clone.commit({ "a.txt": "4" });
    const last = await asked();
    assert.ok(last.kind === "release" && last.release.id === "1.0.0");
    const local = await lastRelease(clone.folder, { tags: { from: "clone" } });
    assert.ok(local.kind === "release" && local.release.id === "1.1.0");
  });

  it("is none where origin has none, whatever is tagged here", async () => {
    origin.git("tag", "--delete", "release/1.0.0");
    assert.equal((await asked()).kind, "none");
  });

  for (const [title, change] of [
    ["a release that is not here", () => origin.release("1.1.0")],
    ["the release at another commit", () => origin.git("tag", "--force", "release/1.0.0", "HEAD")],
    ["the release as another tag of the same commit", () => clone.git("tag", "--force", "release/1.0.0", "HEAD~1")],
  ] as const) {
    it(`is unknown where origin has ${title}, until its tags are fetched`, async () => {
      change();
      const last = await asked();
      assert.ok(last.kind === "unknown");
      assert.match(last.reason, /release\/1\.[01]\.0/);
      assert.equal(last.remedy, "git fetch --tags --force origin");
      clone.git(...last.remedy.split(" ").slice(1));
      assert.notEqual((await asked()).kind, "unknown");
    });
  }

  it("is unknown where HEAD does not contain origin's newest release, until that is merged", async () => {
    origin.git("switch", "--quiet", "--create", "patch");
    origin.commit({ "patch.txt": "1" });
    origin.release("1.10.0");
    origin.git("switch", "--quiet", "main");
    origin.commit({ "a.txt": "3" });
    origin.release("1.9.0");
    clone.git("pull", "--quiet", "--tags", "origin", "main");
    const last = await asked();
    assert.ok(last.kind === "unknown");
    assert.match(last.reason, /HEAD does not contain `release\/1\.10\.0`, the newest release of `origin`/);
    assert.equal(last.remedy, "git merge release/1.10.0");
    clone.git("merge", "--quiet", "--no-edit", "release/1.10.0");
    assert.equal((await asked()).kind, "release");
    assert.equal((await lastRelease(clone.folder, { tags: { from: "clone" } })).kind, "release");
  });

  it("says what is published, and what of it is HEAD itself", async () => {
    origin.release("1.1.0");
    clone.git("pull", "--quiet", "--tags", "origin", "main");
    clone.release("1.2.0");
    const last = await asked();
    assert.ok(last.kind === "release");
    assert.deepEqual(last.published, [
      { id: "1.0.0", atHead: false },
      { id: "1.1.0", atHead: true },
    ]);
  });

  it("is unknown where origin does not answer", async () => {
    rmSync(origin.folder, { recursive: true });
    const last = await asked();
    assert.ok(last.kind === "unknown" && last.remedy === "git ls-remote --tags origin");
  });

  it("is unknown where `origin` leads elsewhere", async () => {
    using forged = new Repository();
    clone.git("remote", "set-url", "origin", forged.address);
    const last = await asked();
    assert.ok(last.kind === "unknown");
    assert.match(last.reason, /leads to file:/);
  });

  it("is not misled by a tag whose name only ends like a release", async () => {
    origin.git("tag", "x/refs/tags/release/9.9.9", "HEAD");
    assert.ok((await asked()).kind === "release");
  });
});
