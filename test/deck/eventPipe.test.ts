import assert from "node:assert/strict";
import { appendFile, lstat, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEventPipe } from "../../deck/eventPipe.ts";

describe("the pipe of the engine's events", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "phillbot-events-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("hands over each line as it comes, over several writers, and lets nothing come to rest on a disk", async () => {
    const path = join(folder, "events");
    const heard: string[] = [];
    const first = Promise.withResolvers<void>();
    const pipe = await openEventPipe(path, (line) => {
      heard.push(line);
      first.resolve();
    });
    await writeFile(path, '{"n":1}\n{"n":2}\n');
    await first.promise;
    await appendFile(path, '{"n":3}');
    assert.ok((await lstat(path)).isFIFO());
    await pipe.end();
    assert.deepEqual(heard, ['{"n":1}', '{"n":2}', '{"n":3}']);
  });

  it("ends where the engine never wrote", async () => {
    const pipe = await openEventPipe(join(folder, "events"), () => assert.fail("nothing was written"));
    await pipe.end();
  });
});
