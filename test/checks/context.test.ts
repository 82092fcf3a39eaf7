import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../../checks/check.ts";
import { contextCheck } from "../../checks/context.ts";
import { renderManifest } from "../../model/manifest.ts";
import { context, declaredStack } from "./gatewayHost.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("contextCheck", () => {
  let stack: ReturnType<typeof declaredStack>;
  let target: Target;
  const probe = () => contextCheck.probe(target, context());
  const put = (path: string, content: string) => writeFileSync(join(target.declared.context.folder, path), content);

  /** Syncs these documents, as the stack would. */
  function sync(documents: Readonly<Record<string, string>>): void {
    const list = renderManifest(new Map(Object.entries(documents).map(([path, content]) => [path, sha256(content)])));
    const { declared } = stack.target;
    writeFileSync(declared.context.manifest, list);
    const { folder } = declared.context;
    mkdirSync(join(folder, "sub"), { recursive: true });
    const files = Object.keys(documents).length;
    target = { ...stack.target, declared: { ...declared, context: { ...declared.context, sha256: sha256(list), files } } };
    const source = join(target.projectRoot, "Documentation");
    mkdirSync(join(source, "sub"), { recursive: true });
    for (const [path, content] of Object.entries(documents)) {
      put(path, content);
      writeFileSync(join(source, path), content);
    }
  }

  beforeEach(() => {
    stack = declaredStack();
    sync({ "a.md": "one", "sub/b c.md": "two" });
  });
  afterEach(() => stack.remove());

  it("passes the documents that were synced, subfolders included", async () => {
    const { status, measured } = await probe();
    assert.equal(status, "pass");
    assert.equal(measured.files, 2);
  });

  for (const [title, change, words] of [
    ["one changed", () => put("a.md", "One"), /1 changed \(a\.md\)/],
    ["one added", () => put("sub/c.md", "three"), /1 added \(sub\/c\.md\)/],
    ["one missing", () => rmSync(join(target.declared.context.folder, "a.md")), /1 missing \(a\.md\)/],
    ["a link added", () => symlinkSync("a.md", join(target.declared.context.folder, "l.md")), /1 added \(l\.md\)/],
    [
      "one that the gateway may not read",
      () => chmodSync(join(target.declared.context.folder, "a.md"), 0o600),
      /1 changed \(a\.md\); 1 no file, or closed to the gateway \(a\.md\)/,
    ],
    [
      "a subfolder that the gateway may not enter",
      () => chmodSync(join(target.declared.context.folder, "sub"), 0o700),
      /closed to the gateway \(sub\)/,
    ],
    ["the folder closed to the gateway", () => chmodSync(target.declared.context.folder, 0o700), /closed to the gateway \(\.\)/],
    ["the folder gone", () => rmSync(target.declared.context.folder, { recursive: true }), /2 missing \(a\.md, sub\/b c\.md\)/],
  ] as const) {
    it(`fails ${title}, by name, with the way back`, async () => {
      change();
      const { status, summary, remedy } = await probe();
      assert.equal(status, "fail");
      assert.match(summary, words);
      assert.equal(remedy, "npx deck docs sync");
    });
  }

  it("fails documents of the tree that were not deployed, though the host holds what was declared", async () => {
    const document = join(target.projectRoot, "Documentation/a.md");
    writeFileSync(document, "One");
    const { status, summary, remedy } = await probe();
    assert.equal(status, "fail");
    assert.match(summary, /This tree was not deployed: its documents are others/);
    assert.equal(remedy, "npx deck up");
    writeFileSync(document, "one");
    assert.equal((await probe()).status, "pass");
  });

  it("names at most five of each kind, and counts the rest", async () => {
    for (const name of "bcdefgh") put(`${name}.md`, name);
    const { summary, measured } = await probe();
    assert.match(summary, /7 added \(b\.md, c\.md, d\.md, e\.md, f\.md and 2 more\)/);
    assert.equal((measured.added as string[]).length, 7);
  });

  it("fails a list that was edited together with the documents", async () => {
    put("a.md", "One");
    writeFileSync(target.declared.context.manifest, renderManifest(new Map([["a.md", sha256("One")]])));
    const { status, summary, remedy } = await probe();
    assert.equal(status, "fail");
    assert.match(summary, /has sha256 `\w{12}`; declared is `\w{12}`/);
    assert.equal(remedy, "npx deck up");
  });

  it("fails a list that is gone, or no list at all", async () => {
    writeFileSync(target.declared.context.manifest, "nonsense");
    assert.equal((await probe()).status, "fail");
    rmSync(target.declared.context.manifest);
    assert.match((await probe()).summary, /no list of documents/);
  });

  it("fails an empty set of documents, even where that is what was declared", async () => {
    rmSync(target.declared.context.folder, { recursive: true });
    sync({});
    const { status, summary } = await probe();
    assert.equal(status, "fail");
    assert.match(summary, /empty/);
  });

  it("fails where the bot's index does not hold every document as it is, by name, with the way back", async () => {
    stack.host.index = { documents: 2, stale: ["a.md", "gone.md"] };
    const { status, summary, remedy } = await probe();
    assert.equal(status, "fail");
    assert.match(summary, /index is not that of the documents: 2 not in it as they are \(a\.md, gone\.md\); 0 are allowed, of 2/);
    assert.equal(remedy, "npx deck docs sync");
  });

  it("cannot tell where the container cannot be asked for its index", async () => {
    stack.host.index = undefined;
    assert.equal((await probe()).status, "inconclusive");
  });

  it("fails where the gateway does not see the folder, or sees it elsewhere", async () => {
    const [, , docs] = stack.container.Mounts;
    assert.ok(docs);
    docs.Destination = "/elsewhere";
    assert.match((await probe()).summary, /sees them at `\/elsewhere`; `\/home\/node\/phillbot-context` is wanted/);
    stack.container.Mounts = [];
    assert.match((await probe()).summary, /does not see them/);
  });
});
