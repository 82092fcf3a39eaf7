/** Proves the record on a real file of a real machine: it only grows, by whole lines, and its copy here follows it. */

import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalHost } from "../../host/local.ts";
import type { HistoryDraft } from "../../model/history.ts";
import {
  HistoryBroken,
  HistoryNotWritten,
  type HistoryPlace,
  keepForHistory,
  readHistory,
  record,
} from "../../release/history.ts";

const draft = (summary: string): HistoryDraft => ({
  event: "ended",
  at: "2026-03-10T12:00:00.000Z",
  stack: "prod",
  who: "ada@example.org",
  summary,
});

describe("The record on a host", () => {
  let folder: string;
  let place: HistoryPlace;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-history-"));
    place = { host: new LocalHost(), path: join(folder, "base", "history.jsonl"), folder: join(folder, "here") };
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const summaries = async (of = place) => (await readHistory(of)).entries.map(({ summary }) => summary);

  it("begins where there is none, and is its owner's alone", async () => {
    assert.deepEqual(await summaries(), []);
    await record(place, draft("one"));
    await record(place, draft("two"));
    assert.deepEqual(await summaries(), ["one", "two"]);
    assert.equal(statSync(place.path).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(place.folder, "copy.jsonl"), "utf8"), readFileSync(place.path, "utf8"));
  });

  it("takes what several write at once, each once and none lost", async () => {
    const writers = Array.from({ length: 4 }, (_, n) => ({ ...place, folder: join(folder, `here-${n}`) }));
    await Promise.all(writers.map((writer, n) => record(writer, draft(`entry ${n}`))));
    assert.deepEqual((await summaries()).toSorted(), ["entry 0", "entry 1", "entry 2", "entry 3"]);
  });

  it("puts what waited before what comes next, in its order", async () => {
    await keepForHistory(place.folder, draft("refused before the host was reached"));
    await record(place, draft("now"));
    assert.deepEqual(await summaries(), ["refused before the host was reached", "now"]);
    await record(place);
    assert.equal((await summaries()).length, 2);
  });

  it("keeps waiting what the host does not take, and no more of it than that", async () => {
    symlinkSync(folder, join(folder, "base"));
    symlinkSync(join(folder, "elsewhere"), place.path);
    await assert.rejects(record(place, draft("one")), HistoryNotWritten);
    rmSync(place.path);
    await record(place, draft("two"));
    assert.deepEqual(await summaries(), ["one", "two"]);
    assert.deepEqual(readdirSync(join(place.folder, "waiting")), []);
  });

  it("has once what was sent twice, because its answer was lost", async () => {
    const lost = { ...place, host: new LocalHost() };
    const run = lost.host.run.bind(lost.host);
    lost.host.run = async (argv, options) => {
      const result = await run(argv, options);
      return argv[3] === "append-line" ? { code: null, stdout: "", stderr: "The connection was lost." } : result;
    };
    await assert.rejects(record(lost, draft("one")), HistoryNotWritten);
    await record(place, draft("two"));
    assert.deepEqual(await summaries(), ["one", "two"]);
  });

  it("takes up what one that was killed had not put there", async () => {
    await keepForHistory(place.folder, draft("of the killed one"));
    await Promise.all([record(place, draft("next")), record(place)]);
    assert.deepEqual((await summaries()).toSorted(), ["next", "of the killed one"]);
  });

  it("does not call released later what was not on record when somebody was told so", async () => {
    const gone = { ...place, host: new LocalHost() };
    gone.host.run = async () => ({ code: 1, stdout: "", stderr: "gone" });
    const release = { id: "1.2.0", digest: "a".repeat(64) };
    await assert.rejects(record(gone, { ...draft("up"), event: "released", verdict: "open", release }), HistoryNotWritten);
    await record(place, draft("next"));
    const { entries } = await readHistory(place);
    assert.deepEqual(
      entries.map(({ event, verdict }) => [event, verdict]),
      [
        ["ended", undefined],
        ["ended", undefined],
      ],
    );
  });

  it("names what waits and cannot be read, and records nothing over it", async () => {
    await record(place, draft("one"));
    writeFileSync(join(place.folder, "waiting", "2026-03-10_torn.json"), '{"event":');
    await assert.rejects(record(place, draft("two")), /2026-03-10_torn\.json waits for the record and is no entry/);
    rmSync(join(place.folder, "waiting", "2026-03-10_torn.json"));
    await record(place);
    assert.deepEqual(await summaries(), ["one", "two"]);
  });

  it("holds no token that a failure quoted", async () => {
    const token = `ghp_${"Ab3".repeat(12)}`;
    await record(place, draft(`git could not read https://${token}@github.com/o/r`));
    assert.ok(!(await summaries()).join().includes(token));
  });

  it("is neither added to nor copied once it does not hold, and says from which entry on", async () => {
    await record(place, draft("one"));
    await record(place, draft("two"));
    const [before, copy] = [readFileSync(place.path, "utf8"), readFileSync(join(place.folder, "copy.jsonl"), "utf8")];
    writeFileSync(place.path, before.replace('"one"', '"ONE"'));
    for (const attempt of [() => readHistory(place), () => record(place, draft("three"))])
      await assert.rejects(attempt, (error) => error instanceof HistoryBroken && error.number === 1);
    assert.equal(readFileSync(place.path, "utf8"), before.replace('"one"', '"ONE"'));
    assert.equal(readFileSync(join(place.folder, "copy.jsonl"), "utf8"), copy);
  });

  it("finds out by its copy that the whole record was taken away", async () => {
    await record(place, draft("one"));
    rmSync(place.path);
    await assert.rejects(readHistory(place), (error) => error instanceof HistoryBroken && error.number === 1);
  });

  it("is left as it was where somebody added to it since it was read", async () => {
    await record(place, draft("one"));
    const late = { ...place, host: new LocalHost() };
    const run = late.host.run.bind(late.host);
    let isFirst = true;
    late.host.run = async (argv, options) => {
      if (argv[3] === "append-line" && isFirst) {
        isFirst = false;
        await record({ ...place, folder: join(folder, "other") }, draft("between"));
      }
      return run(argv, options);
    };
    await record(late, draft("late"));
    assert.deepEqual(await summaries(), ["one", "between", "late"]);
  });

  it("does not hold with a line that was cut off", async () => {
    await record(place, draft("one"));
    appendFileSync(place.path, '{"at":');
    await assert.rejects(readHistory(place), (error) => error instanceof HistoryBroken && error.number === 2);
  });
});
