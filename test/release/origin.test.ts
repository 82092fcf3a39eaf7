import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { readOrigin, readPush } from "../../release/origin.ts";
import { Repository } from "./gitFixture.ts";

describe("readOrigin", () => {
  let repository: Repository;
  const github = { repository: "example/bot" };
  beforeEach(() => {
    repository = new Repository();
    repository.git("remote", "add", "origin", "git@github.com:example/bot.git");
  });
  afterEach(() => repository[Symbol.dispose]());

  it("gives the address that git contacts", async () => {
    assert.deepEqual(await readOrigin(repository.folder, github), { ok: true, address: "git@github.com:example/bot.git" });
  });

  it("follows a rewriting rule that leads to the same repository by another road", async () => {
    repository.git("config", "url.https://github.com/.insteadOf", "git@github.com:");
    assert.deepEqual(await readOrigin(repository.folder, github), { ok: true, address: "https://github.com/example/bot.git" });
  });

  it("is not moved by where a push would go", async () => {
    repository.git("config", "remote.origin.pushurl", "https://example.org/fork.git");
    assert.ok((await readOrigin(repository.folder, github)).ok);
  });

  it("counts the first of several addresses, as a fetch does", async () => {
    repository.git("config", "--replace-all", "remote.origin.url", "https://example.org/bot.git");
    repository.git("config", "--add", "remote.origin.url", "git@github.com:example/bot.git");
    assert.ok(!(await readOrigin(repository.folder, github)).ok);
  });

  it("refuses an address with a login in it without repeating that", async () => {
    const word = "p".repeat(9);
    repository.git("remote", "set-url", "origin", `https://ada:${word}@example.org/bot.git`);
    const read = await readOrigin(repository.folder, github);
    assert.ok(!read.ok && read.reason.includes("example.org") && !JSON.stringify(read).includes(word));
  });

  for (const [key, value] of [
    ["remote.origin.uploadpack", "/tmp/other"],
    ["remote.origin.vcs", "other"],
    ["core.sshCommand", "ssh -o HostName=example.org"],
    ["core.sshCommand", "/tmp/ssh"],
    ["http.sslVerify", "false"],
    ["http.https://github.com/.sslVerify", "0"],
    ["http.sslCAInfo", "/tmp/ca.pem"],
    ["http.https://github.com/.sslCAPath", "/tmp/ca"],
    ["http.curloptResolve", "github.com:443:127.0.0.1"],
  ] as const) {
    it(`refuses \`${key}\` as ${value}, by its name`, async () => {
      repository.git("config", key, value);
      const read = await readOrigin(repository.folder, github);
      assert.ok(!read.ok);
      assert.ok(read.remedy.toLowerCase().includes(key.toLowerCase()), read.remedy);
    });
  }

  for (const [key, value] of [
    ["core.sshCommand", "ssh -i ~/.ssh/deploy -o IdentitiesOnly=yes"],
    ["http.sslVerify", "true"],
  ] as const) {
    it(`leaves \`${key}\` as ${value} alone`, async () => {
      repository.git("config", key, value);
      assert.ok((await readOrigin(repository.folder, github)).ok);
    });
  }

  for (const [text, isTrue] of [
    ["[http]\n\tsslVerify =\n", false],
    ['[http "https://github.com/"]\n\tsslVerify =\n', false],
    ["[http]\n\tsslVerify = true\n\tsslVerify =\n", false],
    ["[http]\n\tsslVerify\n", true],
  ] as const)
    it(`takes ${JSON.stringify(text)} as git does`, async () => {
      appendFileSync(join(repository.folder, ".git/config"), text);
      assert.equal((await readOrigin(repository.folder, github)).ok, isTrue);
    });
});

describe("readPush", () => {
  let repository: Repository;
  const address = "https://github.com/example/bot.git";
  const ssh = "git@github.com:example/bot.git";
  beforeEach(() => {
    repository = new Repository();
    repository.git("remote", "add", "origin", address);
  });
  afterEach(() => repository[Symbol.dispose]());
  const push = () => readPush(repository.folder, address);

  it("is the address itself, also where `origin` pushes to a fork", async () => {
    assert.deepEqual(await push(), { ok: true, address });
    repository.git("config", "remote.origin.pushurl", "https://github.com/stranger/bot.git");
    assert.deepEqual(await push(), { ok: true, address });
  });

  it("is the road that `origin` has to the same repository for pushes", async () => {
    repository.git("config", "remote.origin.pushurl", ssh);
    assert.deepEqual(await push(), { ok: true, address: ssh });
    repository.git("config", "--unset", "remote.origin.pushurl");
    repository.git("config", "url.git@github.com:.pushInsteadOf", "https://github.com/");
    assert.deepEqual(await push(), { ok: true, address: ssh });
  });

  it("is refused where the longest rule that fits leads elsewhere, whatever the shorter ones say", async () => {
    repository.git("config", "url.git@github.com:.pushInsteadOf", "https://github.com/");
    repository.git("config", "url.git@github.com:stranger/.pushInsteadOf", "https://github.com/example/");
    const read = await push();
    assert.ok(!read.ok && read.reason.includes("git@github.com:stranger/bot.git"), JSON.stringify(read));
  });

  it("is refused where a rule sends on the address that `origin` pushes to", async () => {
    repository.git("config", "remote.origin.pushurl", ssh);
    repository.git("config", "url.https://example.org/.insteadOf", "git@github.com:");
    // Git's own answer for `origin` is rewritten already, and leads elsewhere: what is left is the address itself.
    assert.deepEqual(await push(), { ok: true, address });
    repository.git("config", "--unset", "remote.origin.pushurl");
    repository.git("config", "url.https://example.org/.insteadOf", "https://github.com/");
    assert.ok(!(await push()).ok);
  });

  it("is refused where a remote is named as the address", async () => {
    repository.git("config", `remote.${address}.receivepack`, "/tmp/other");
    const read = await push();
    assert.ok(!read.ok && read.reason.includes("receivepack"), JSON.stringify(read));
    const word = "p".repeat(9);
    const login = `https://ada:${word}@github.com/example/bot.git`;
    repository.git("config", `remote.${login}.receivepack`, "/tmp/other");
    const shown = JSON.stringify(await readPush(repository.folder, login));
    assert.ok(shown.includes("receivepack") && !shown.includes(word), shown);
  });
});
