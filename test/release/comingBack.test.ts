/** What may come back keeps what it needs: told by the record's copy and by what is kept here, and never guessed. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nextLine } from "../../model/history.ts";
import { comingBack, comingBackInNeed } from "../../release/comingBack.ts";
import { historyFolderOf } from "../../release/history.ts";
import { digestOf } from "../../release/records.ts";

describe("What may come back, as far as this machine knows", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "phillbot-coming-"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const treeOf = (release: number) => String(release).repeat(40);
  const copy = async (releases: number, before = "") => {
    let text = before;
    const about = { at: "2026-03-10T12:00:00.000Z", stack: "prod", who: "ada", commit: "c".repeat(40), summary: "…" } as const;
    for (let each = 1; each <= releases; each += 1) {
      const release = { id: `1.${each}.0`, digest: "d".repeat(64) };
      for (const event of ["began", "released"] as const) {
        const id = `00000000-0000-4000-8000-${String(text.split("\n").length).padStart(12, "0")}`;
        const verdict = event === "released" ? { verdict: "open" as const } : {};
        text += nextLine(text, { id, event, ...about, release, tree: treeOf(each), ...verdict }, digestOf);
      }
    }
    const folder = historyFolderOf(join(root, "evidence"));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "copy.jsonl"), text);
  };
  const told = async (keep: number) =>
    (await comingBack({ root, stack: "prod", evidenceFolder: join(root, "evidence") }, keep))?.mayComeBack.map(
      ({ name }) => name,
    );

  it("is what runs and as many before it as are kept, and nothing older", async () => {
    await copy(4);
    assert.deepEqual(await told(2), ["1.4.0", "1.3.0", "1.2.0"]);
  });

  it("is also what is still kept here, though the setting would let it go", async () => {
    await copy(4);
    const folder = join(root, ".phillbot/kept/prod");
    await mkdir(folder, { recursive: true });
    const note = { tree: treeOf(1), commit: "c".repeat(40), image: { name: "gateway:1", id: "sha256:1" } };
    await writeFile(join(folder, `${treeOf(1).slice(0, 12)}.json`), JSON.stringify(note));
    assert.deepEqual(await told(1), ["1.4.0", "1.3.0", "1.1.0"]);
  });

  it("needs what a contract takes away where it ran no later than the last that does, and nobody else is asked about", async () => {
    await copy(4);
    const place = { root, stack: "prod", evidenceFolder: join(root, "evidence") };
    assert.deepEqual(await comingBackInNeed(place, 2, "1.3.0"), ["1.3.0", "1.2.0"]);
    assert.deepEqual(await comingBackInNeed(place, 2, "1.1.0"), []);
  });

  it("is not known without a copy, or by one that does not hold", async () => {
    assert.equal(await told(1), undefined);
    await copy(2, "something else\n");
    assert.equal(await told(1), undefined);
  });
});
