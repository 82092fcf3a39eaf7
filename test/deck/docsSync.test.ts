/** `deck docs sync` deletes nothing that is not this stack's. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { devFolders, ensureDevStack } from "../../deck/devStack.ts";
import { docsSyncVerb } from "../../deck/docsSync.ts";
import { type Call, DeckError, type World } from "../../deck/verb.ts";
import { renderManifest } from "../../model/manifest.ts";
import { renderOwner } from "../../model/ownership.ts";
import { type FakePulumi, fakePulumi } from "./fakePulumi.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const images = { gateway: "test/gateway:1", telegram: "test/telegram:1", rest: "test/rest:1", postgres: "test/postgres:1" };
const path = process.env.PATH;

/** An engine whose container says of the index what the file `index` says; `memory index` makes it whole, unless `broken` is there. */
function indexingDocker(folder: string): string {
  const whole = '{"documents":1,"stale":[]}';
  return `#!/bin/sh
case "$*" in
  *refresh-index*) echo "$*" >>${folder}/refreshed; [ -e ${folder}/broken ] || rm -f ${folder}/index ;;
  *" --eval "*) cat ${folder}/index 2>/dev/null || echo '${whole}' ;;
esac
`;
}

describe("deck docs sync", () => {
  let pulumi: FakePulumi;
  let root: string;
  let base: string;
  const list = renderManifest(new Map([["handoff.md", sha256("# Hand-off\n")]]));
  const write = (file: string, content: string) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
  const sync = (dryRun: boolean) => {
    const call: Call = { verb: "docs sync", stack: "dev", json: false, yes: true, dryRun, args: [], options: {} };
    const output = { data: () => {}, progress: () => {}, hide: () => {} };
    const world: World = { root, environment: process.env, output, now: () => new Date(), signal: new AbortController().signal };
    return docsSyncVerb.run(call, world);
  };

  beforeEach(async () => {
    pulumi = fakePulumi();
    writeFileSync(join(pulumi.folder, "docker"), indexingDocker(pulumi.folder));
    chmodSync(join(pulumi.folder, "docker"), 0o755);
    process.env.PATH = `${pulumi.folder}:${path}`;
    root = join(pulumi.folder, "project");
    base = devFolders(root, "dev").baseFolder;
    await ensureDevStack({ projectRoot: root, stack: "dev", images });
    write(join(root, "Documentation/handoff.md"), "# Hand-off\n");
    write(join(base, "context.sha256"), list);
    write(join(base, "docs/handoff.md"), "# Hand-off\n");
    write(join(base, "docs/stray.md"), "stray");
    const hex = "0".repeat(64);
    const declared = {
      gateway: {
        ...{ name: "bot", id: hex, image: "i", imageId: "i", spec: hex, memoryMb: 1, pids: 1, port: 1 },
        ...{ network: "bot", composeProject: "bot" },
      },
      config: { path: join(base, "config/openclaw.json"), sha256: hex },
      envFile: { path: join(base, "state/.env"), uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
      context: { folder: join(base, "docs"), manifest: join(base, "context.sha256"), sha256: sha256(list), files: 1 },
      plugin: null,
    };
    pulumi.set("prints", JSON.stringify({ declared }));
  });
  afterEach(() => {
    process.env.PATH = path;
    pulumi.remove();
  });

  for (const [title, owner, words] of [
    ["another stack's", renderOwner({ stack: "prod", contextFolder: "docs" }), /names the stack `prod`/],
    ["synced to by nobody", renderOwner({ stack: "dev", contextFolder: "docs/phillbot-context" }), /"stray\.md"/],
    ["nobody's", undefined, /"stray\.md"/],
  ] as const) {
    it(`refuses a folder that is ${title}: exit 2, and every file is as it was`, async () => {
      if (owner !== undefined) write(join(base, "phillbot.owner.json"), owner);
      for (const dryRun of [true, false]) {
        await assert.rejects(sync(dryRun), (error) => {
          assert.ok(error instanceof DeckError && error.code === 2, String(error));
          assert.match(error.message, words);
          return true;
        });
      }
      assert.equal(readFileSync(join(base, "docs/stray.md"), "utf8"), "stray");
    });
  }

  it("deletes nothing through a link in the folder's place: exit 2, with the way back", async () => {
    write(join(base, "phillbot.owner.json"), renderOwner({ stack: "dev", contextFolder: "docs" }));
    const elsewhere = join(pulumi.folder, "elsewhere");
    renameSync(join(base, "docs"), elsewhere);
    symlinkSync(elsewhere, join(base, "docs"));
    for (const dryRun of [true, false]) {
      await assert.rejects(sync(dryRun), (error) => {
        assert.ok(error instanceof DeckError && error.code === 2, String(error));
        assert.match(error.message, /docs is a link, .* rm .*docs && npx deck up/);
        return true;
      });
    }
    assert.equal(readFileSync(join(elsewhere, "stray.md"), "utf8"), "stray");
  });

  it("makes its own folder again what was declared", async () => {
    write(join(base, "phillbot.owner.json"), renderOwner({ stack: "dev", contextFolder: "docs" }));
    assert.match((await sync(true)).text, /: 1 removed\.$/);
    assert.ok(existsSync(join(base, "docs/stray.md")));
    assert.match((await sync(false)).text, /Synced 1 documents \(1 removed\b/);
    assert.doesNotMatch(readFileSync(join(pulumi.folder, "refreshed"), "utf8"), /--force/);
    assert.ok(!existsSync(join(base, "docs/stray.md")));
  });

  /** The documents are all there; only the index may be another. */
  const inPlace = () => {
    write(join(base, "phillbot.owner.json"), renderOwner({ stack: "dev", contextFolder: "docs" }));
    rmSync(join(base, "docs/stray.md"));
  };

  it("makes the bot's index anew that an interrupted sync left, though all documents are there already", async () => {
    inPlace();
    await sync(false);
    write(join(pulumi.folder, "index"), '{"documents":1,"stale":["handoff.md"]}');
    assert.match((await sync(false)).text, /All 1 documents are there already; the bot's index of them was made anew/);
    assert.match(readFileSync(join(pulumi.folder, "refreshed"), "utf8"), /memory index --agent main --force/);
    rmSync(join(pulumi.folder, "refreshed"));
    assert.match((await sync(false)).text, /All 1 documents are there already\.$/);
    assert.ok(!existsSync(join(pulumi.folder, "refreshed")));
  });

  it("ends with a finding where the index still lacks a document afterwards", async () => {
    inPlace();
    write(join(pulumi.folder, "index"), '{"documents":1,"stale":["handoff.md"]}');
    write(join(pulumi.folder, "broken"), "");
    await assert.rejects(sync(false), (error) => {
      assert.ok(error instanceof DeckError && error.code === 1, String(error));
      assert.match(error.message, /still differs in 1 documents, wanted are 0/);
      return true;
    });
  });
});
