import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { DocSync } from "../../components/docSync.ts";
import { type Manifest, renderManifest } from "../../model/manifest.ts";
import { FolderHost, owner } from "./folderHost.ts";
import { type Recorder, record, settle } from "./recorder.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const manifest: Manifest = new Map([
  ["handoff.md", sha256("handoff")],
  ["notes/one.md", sha256("one")],
]);
const digest = sha256(renderManifest(manifest));
const [from, owned] = [
  "/project/Documentation",
  { ...owner, via: { kind: "direct" } as const, folders: pulumi.output(undefined) },
];

describe("DocSync", () => {
  let recorder: Recorder;
  let host: FolderHost;
  let to: string;
  let manifestPath: string;
  beforeEach(() => {
    host = new FolderHost();
    to = join(host.folder, "docs");
    manifestPath = join(host.folder, "context.sha256");
    host.write(join(to, "handoff.md"), "handoff");
    host.write(join(to, "notes/one.md"), "one");
    host.write(manifestPath, renderManifest(manifest));
  });
  afterEach(async () => {
    await recorder.end();
    host.remove();
  });

  const make = async (more: { readonly preview?: boolean; readonly digest?: string } = {}) => {
    recorder = await record({ preview: more.preview === true, slow: ["documents-manifest-write"] });
    const sync = new DocSync("documents", {
      host,
      from,
      to,
      below: host.folder,
      manifest,
      digest: more.digest ?? digest,
      manifestPath,
      ...owned,
    });
    const settled = await settle(sync.settled);
    await recorder.end();
    return { settled, command: recorder.get("documents-sync") };
  };

  it("syncs with deletion and by checksum, and runs again when a document changes", async () => {
    const { command, settled } = await make();
    const create = String(command.inputs.create);
    assert.equal(settled, digest);
    assert.match(create, /rsync .*--checksum --delete /);
    assert.ok(create.endsWith(` -- /project/Documentation/ ${to}/`));
    const { command: changed } = await make({ digest: sha256("changed") });
    assert.notEqual(changed.inputs.create, create);
  });

  it("refuses an empty source before rsync could empty the folder", async () => {
    const { command } = await make();
    const [, line = ""] = String(command.inputs.create).split("; ");
    assert.ok(line.startsWith('[ -n "$(ls -A /project/Documentation)" ] && '), line);
  });

  it("has no command for deletion and hands no earlier output on", async () => {
    const { command } = await make();
    for (const absent of ["delete", "update", "triggers", "environment"]) assert.ok(!(absent in command.inputs), absent);
    assert.equal(command.inputs.addPreviousOutputInEnv, false);
    assert.equal(command.parent, "documents");
  });

  it("writes the list of documents first, which says that what lies there is ours, also where the sync is interrupted", async () => {
    await make();
    const list = recorder.get("documents-manifest-write");
    assert.ok(String(list.inputs.create).includes(manifestPath));
    assert.equal(list.inputs.stdin, `${Buffer.byteLength(renderManifest(manifest))}\n${renderManifest(manifest)}`);
    assert.ok(recorder.isAfter("documents-sync", "documents-manifest-write"));
  });

  it("compares file by file in every update, and says nothing where all is as declared", async () => {
    await make();
    assert.ok(host.asked.includes("digest-folder"));
    assert.deepEqual(recorder.logs, []);
  });

  it("does not settle where the host differs and cannot be mended", async () => {
    host.write(join(to, "stray.md"), "stray");
    await assert.rejects(make(), /\/project\/Documentation/);
  });

  it("asks the host nothing in a preview", async () => {
    assert.equal((await make({ preview: true })).settled, digest);
    assert.deepEqual(host.ran, []);
  });

  for (const [what, change, words] of [
    ["a document was changed", () => host.write(join(to, "handoff.md"), "HANDOFF"), "1 changed"],
    ["one was added", () => host.write(join(to, "notes/stray.md"), ""), "1 added"],
    ["one was closed to the gateway", () => chmodSync(join(to, "handoff.md"), 0o600), "1 changed"],
    ["the folder was closed to it", () => chmodSync(to, 0o700), "1 added"],
    ["one was removed", () => rmSync(join(to, "notes/one.md")), "1 missing"],
  ] as const) {
    it(`syncs again where ${what} on the host, and says so`, async () => {
      const source = join(host.folder, "Documentation");
      host.write(join(source, "handoff.md"), "handoff");
      host.write(join(source, "notes/one.md"), "one");
      change();
      recorder = await record();
      const sync = new DocSync("documents", {
        host,
        from: source,
        to,
        below: host.folder,
        manifest,
        digest,
        manifestPath,
        ...owned,
      });
      assert.equal(await settle(sync.settled), digest);
      assert.equal(readFileSync(join(to, "handoff.md"), "utf8"), "handoff");
      assert.deepEqual(readdirSync(join(to, "notes")), ["one.md"]);
      assert.deepEqual([statSync(to).mode & 0o777, statSync(join(to, "handoff.md")).mode & 0o777], [0o755, 0o644]);
      const warning = recorder.logs.find(({ resource }) => resource === "documents");
      assert.equal(warning?.level, "warn");
      assert.ok(warning.text.includes(`changed outside the stack (${words}); they are synced again`), warning.text);
    });
  }
});
