/** A base folder on a host is written to by the stack whose it is, and a sync deletes nobody else's files. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RunOptions } from "../../host/host.ts";
import { LocalHost } from "../../host/local.ts";
import { refuseForeignFolder } from "../../host/ownership.ts";
import { renderManifest } from "../../model/manifest.ts";
import { renderOwner } from "../../model/ownership.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Asks without root's rights over files, so that closed folders are closed. */
class PlainHost extends LocalHost {
  override run(argv: readonly string[], options: RunOptions = {}) {
    return super.run(process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all", ...argv] : argv, options);
  }
}

describe("refuseForeignFolder", () => {
  let base: string;
  const contextFolder = "docs/context";
  const write = (path: string, content = "content") => {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), content);
  };
  const own = (stack = "prod", folder = contextFolder) =>
    write("phillbot.owner.json", renderOwner({ stack, contextFolder: folder }));
  const list = (files: Record<string, string>) =>
    write("context.sha256", renderManifest(new Map(Object.entries(files).map(([path, text]) => [path, sha256(text)]))));
  const ask = (folder = contextFolder, host = new LocalHost()) =>
    refuseForeignFolder(host, "prod", { baseFolder: base, contextFolder: folder, host: { kind: "local" } });

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "phillbot-owner-"));
    chmodSync(base, 0o755);
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  it("lets a stack have a folder that is not there, or holds nothing that it would touch", async () => {
    assert.equal(await ask(), undefined);
    write("README.md");
    mkdirSync(join(base, "state"));
    assert.equal(await ask(), undefined);
    rmSync(base, { recursive: true });
    assert.equal(await ask(), undefined);
  });

  it("lets a stack have what is its own, with a stray file among its documents: the sync mends that", async () => {
    own();
    write("state/.env");
    write("docs/context/stray.md");
    assert.equal(await ask(), undefined);
  });

  it("refuses another context folder that holds the operator's files, though documents were synced to the first", async () => {
    own();
    write("docs/context/handoff.md", "handoff");
    list({ "handoff.md": "handoff" });
    write("docs/operator/precious.md");
    const refusal = await ask("docs/operator");
    assert.match(
      refusal ?? "",
      /docs\/operator on .* holds files that were not synced from here: "precious\.md"\. A sync would delete/,
    );
    assert.match((await ask("docs")) ?? "", /"context\/handoff\.md", "operator\/precious\.md"/);
  });

  it("refuses a file that only has a document's name, and one whose content cannot be known", async () => {
    own("prod", "docs/former");
    list({ "handoff.md": "handoff" });
    write("docs/context/handoff.md", "the operator's own");
    assert.match((await ask()) ?? "", /"handoff\.md"/);
    rmSync(join(base, "docs/context/handoff.md"));
    symlinkSync("/etc/hostname", join(base, "docs/context/link"));
    assert.match((await ask()) ?? "", /"link"/);
  });

  it("lets a stack go back to a folder with its documents, to the byte, or to an empty one", async () => {
    own("prod", "docs/former");
    list({ "handoff.md": "handoff" });
    write("docs/context/handoff.md", "handoff");
    assert.equal(await ask(), undefined);
    assert.equal(await ask("docs/empty"), undefined);
    write("docs/context/operator.md");
    assert.match((await ask()) ?? "", /"operator\.md"/);
  });

  it("refuses files without any list, and with a list that is none", async () => {
    write("docs/context/handoff.md", "handoff");
    assert.match((await ask()) ?? "", /"handoff\.md"/);
    write("context.sha256", "no list");
    assert.match((await ask()) ?? "", /"handoff\.md"/);
  });

  it("refuses what belongs to another stack, whatever lies there, and says whose it is", async () => {
    own("other");
    const refusal = await ask();
    assert.match(refusal ?? "", /names the stack `other` of project `phillbot`; wanted is `prod` of project `phillbot`/);
    assert.match(refusal ?? "", /`phillbot:baseFolder` of its own/);
    write("phillbot.owner.json", `{"project":"somebody's","stack":"prod"}`);
    assert.match((await ask()) ?? "", /names the stack `prod` of project `somebody's`/);
    for (const text of ["", "{}", "no JSON", `{"stack":"prod"}`]) {
      write("phillbot.owner.json", text);
      assert.match((await ask()) ?? "", /cannot be read as an owner file/, JSON.stringify(text));
    }
  });

  for (const path of ["state/.env", "config/app.yaml", "dev-services/postgres/base", "config"]) {
    it(`refuses ${path} that nobody says is ours, until the printed command takes it over`, async () => {
      write(path);
      const refusal = (await ask()) ?? "";
      assert.ok(refusal.includes(`${join(base, path.split("/")[0] ?? "")} (not empty)`), refusal);
      const takeOver = / it: (echo .*)$/.exec(refusal)?.[1] ?? assert.fail(refusal);
      assert.equal((await new LocalHost().run(["sh", "-c", takeOver])).code, 0);
      assert.equal(await ask(), undefined);
    });
  }

  it("takes the documents of a folder that was taken over for nobody's", async () => {
    write("phillbot.owner.json", renderOwner({ stack: "prod" }));
    write("docs/context/operator.md");
    assert.match((await ask()) ?? "", /"operator\.md"/);
  });

  it("takes no closed folder for an empty one", async () => {
    const host = new PlainHost();
    write("state/.env");
    chmodSync(join(base, "state"), 0);
    assert.match((await ask(contextFolder, host)) ?? "", /already \S+\/state \(closed to us\), and/);
    own("prod", "docs/former");
    write("docs/context/operator.md");
    for (const closed of ["docs/context", "docs"]) {
      chmodSync(join(base, closed), 0);
      assert.match((await ask(contextFolder, host)) ?? "", /context on .* cannot be read/);
      chmodSync(join(base, closed), 0o755);
    }
    chmodSync(join(base, "state"), 0o755);
  });

  it("throws where the host does not tell", async () => {
    const silent = new (class extends LocalHost {
      override run = async () => ({ code: 1, stdout: "", stderr: "out of order" });
    })();
    await assert.rejects(ask(contextFolder, silent), /out of order/);
  });
});
