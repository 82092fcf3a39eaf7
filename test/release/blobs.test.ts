import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { committedFiles } from "../../release/blobs.ts";
import { Objects } from "../../release/objects.ts";
import { GitFailed } from "../../release/repository.ts";
import { Repository } from "./gitFixture.ts";

const sha256 = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");

describe("the files of a commit", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
  });
  afterEach(() => repository[Symbol.dispose]());

  it("are told by the content that git holds, whatever lies in the working folder", async () => {
    repository.write({
      ".gitattributes": "*.txt text eol=crlf\n",
      "a b/ü.txt": "one\ntwo\n",
      empty: "",
      "run.sh": "#!/bin/sh\n",
    });
    chmodSync(join(repository.folder, "run.sh"), 0o755);
    symlinkSync("run.sh", join(repository.folder, "link"));
    const large = randomBytes(3_000_000);
    writeFileSync(join(repository.folder, "large.bin"), large);
    const commit = repository.commit();
    repository.write({ empty: "changed since", new: "x" });
    const files = await committedFiles(repository.folder, { commit });
    assert.deepEqual(Object.fromEntries(files), {
      ".gitattributes": { mode: "100644", digest: sha256("*.txt text eol=crlf\n") },
      ".gitignore": { mode: "100644", digest: sha256(".phillbot/\n") },
      "a b/ü.txt": { mode: "100644", digest: sha256("one\ntwo\n") },
      empty: { mode: "100644", digest: sha256("") },
      "large.bin": { mode: "100644", digest: sha256(large) },
      link: { mode: "120000", digest: sha256("run.sh") },
      "run.sh": { mode: "100755", digest: sha256("#!/bin/sh\n") },
    });
  });

  it("are those of the commit that is asked for, and a commit that is not there is an error", async () => {
    const first = repository.commit({ "a.txt": "1" });
    repository.commit({ "a.txt": "2" });
    assert.equal((await committedFiles(repository.folder, { commit: first })).get("a.txt")?.digest, sha256("1"));
    await assert.rejects(committedFiles(repository.folder, { commit: "0".repeat(40) }), GitFailed);
  });

  it("are an error where there is no folder, and nothing waits on for git to end there", () => {
    const script = `import { committedFiles } from ${JSON.stringify(join(import.meta.dirname, "../../release/blobs.ts"))};
      await committedFiles("/nowhere", { commit: "${"1".repeat(40)}" }).catch((error) => console.log(error.name));`;
    const run = ["--input-type=module", "--eval", script];
    assert.equal(execFileSync(process.execPath, run, { encoding: "utf8", timeout: 30_000 }), "GitFailed\n");
  });

  it("are told for several commits by one reader, which reads what they share once", async () => {
    const first = repository.commit({ "a.txt": "1", "b.txt": "1", "c.txt": "same" });
    const second = repository.commit({ "a.txt": "2" });
    const third = repository.commit({ "a.txt": "1" });
    const lost = repository.git("rev-parse", "HEAD:c.txt");
    using objects = new Objects(repository.folder);
    const files = async (commit: string) => Object.fromEntries(await committedFiles(repository.folder, { commit, objects }));
    const alone = async (commit: string) => Object.fromEntries(await committedFiles(repository.folder, { commit }));
    assert.deepEqual(await files(first), await alone(first));
    const wanted = [await alone(second), await alone(third)];
    execFileSync("rm", ["-f", join(repository.folder, ".git/objects", lost.slice(0, 2), lost.slice(2))]);
    assert.deepEqual([await files(second), await files(third)], wanted);
    await assert.rejects(alone(second));
  });

  it("are refused where an object is gone", async () => {
    const commit = repository.commit({ "a.txt": "to be lost" });
    const object = repository.git("rev-parse", "HEAD:a.txt");
    execFileSync("rm", ["-f", join(repository.folder, ".git/objects", object.slice(0, 2), object.slice(2))]);
    await assert.rejects(committedFiles(repository.folder, { commit }));
  });

  it("have the digest of any content, also of one that looks like git's own answer", async () => {
    const content = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(Buffer.from(`${"a".repeat(40)} blob 5\nabcde\n`)));
    await fc.assert(
      fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 5 }), async (contents) => {
        for (const [index, each] of contents.entries()) writeFileSync(join(repository.folder, `f${index}`), each);
        const files = await committedFiles(repository.folder, { commit: repository.commit() });
        for (const [index, each] of contents.entries()) assert.equal(files.get(`f${index}`)?.digest, sha256(Buffer.from(each)));
      }),
      { numRuns: 20 },
    );
  });
});
