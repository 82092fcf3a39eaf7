/** Proves what `deck history` shows and verifies: the host's record beside what people signed, and no "released" that nobody signed. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { historyVerb, historyVerifyVerb } from "../../deck/history.ts";
import type { Call, DeckError, World } from "../../deck/verb.ts";
import { LocalHost } from "../../host/local.ts";
import type { HistoryDraft } from "../../model/history.ts";
import { layoutOf } from "../../model/layout.ts";
import { comingBackInNeed } from "../../release/comingBack.ts";
import { keepRefusal, record } from "../../release/history.ts";
import { assertPasteable } from "../model/pasteable.ts";
import { Team } from "../model/rolesSample.ts";
import { localSettings } from "../model/settingsSample.ts";
import { files, noon, SignedProject, stackFile } from "../release/signedProject.ts";

describe("deck history, where trust is installed", function () {
  this.timeout(60_000);
  let team: Team;
  let project: SignedProject;
  let release: string;
  let said: string[];
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(async () => {
    const { origin, ...made } = await SignedProject.forVerbs(team);
    ({ project } = made);
    said = [];
    const settings = {
      ...localSettings(),
      baseFolder: join(project.home, "base"),
      origin,
      requireSignOff: true,
      rehearsal: true,
    };
    project.commit({ ...files, [`Pulumi.${project.stack}.yaml`]: stackFile(settings) });
    cpSync(join(import.meta.dirname, "../../operations/modes.yaml"), join(project.repository.folder, "operations/modes.yaml"));
    project.commit({});
    ({ release } = await project.release());
  });
  afterEach(() => project[Symbol.asyncDispose]());

  const world = (): World => ({
    root: project.repository.folder,
    environment: {},
    output: { data: () => {}, progress: (line) => void said.push(line), hide: () => {} },
    now: () => noon,
    signal: new AbortController().signal,
  });
  const call = (): Call => ({
    ...{ verb: "history", stack: project.stack, json: false, yes: true, dryRun: false, args: [], options: {} },
  });
  const happens = (draft: Partial<HistoryDraft>) => {
    const { history: path } = layoutOf({ baseFolder: join(project.home, "base"), contextFolder: "context" });
    const folder = join(project.repository.folder, ".phillbot/evidence", project.stack, "history");
    const about = {
      event: "ended",
      at: "2099-01-01T00:00:00.000Z",
      stack: project.stack,
      who: "ada",
      summary: "It ended.",
    } as const;
    return record({ host: new LocalHost(), path, folder }, { ...about, ...draft });
  };
  const released = (digest: string) => happens({ event: "released", verdict: "open", release: { id: "1.0.0", digest } });

  it("is what a clone is told to type that knows nothing of the record yet, and brings it there", async () => {
    await happens({ event: "began", tree: "a".repeat(40) });
    await happens({ verdict: "open", tree: "a".repeat(40), release: { id: "1.0.0", digest: release } });
    const evidenceFolder = join(project.repository.folder, ".phillbot/evidence", project.stack);
    rmSync(join(evidenceFolder, "history"), { recursive: true });
    const place = { root: project.repository.folder, stack: project.stack, evidenceFolder };
    const unknown = await comingBackInNeed(place, 1, "1.0.0");
    assert.ok("doubt" in unknown);
    assert.match(unknown.doubt, /which releases may come back cannot be told, 1\.0\.0 perhaps among them/);
    const typed = unknown.remedy?.split(" # ")[0];
    assert.equal(typed, `npx deck history --stack ${project.stack}`);
    assertPasteable(unknown.remedy ?? "");
    assert.equal((await historyVerb.run(call(), world())).code, 0);
    assert.deepEqual(await comingBackInNeed(place, 1, "1.0.0"), ["1.0.0"]);
  });

  it("knows by it also of a stack on which nothing ran yet", async () => {
    const evidenceFolder = join(project.repository.folder, ".phillbot/evidence", project.stack);
    const place = { root: project.repository.folder, stack: project.stack, evidenceFolder };
    assert.equal((await historyVerb.run(call(), world())).code, 0);
    assert.deepEqual(await comingBackInNeed(place, 1, "1.0.0"), []);
  });

  it("shows updates, what was signed and by whom, in the order of time", async () => {
    await happens({ event: "refused", at: "2020-01-01T00:00:00.000Z", summary: "Nobody signed it." });
    await released(release);
    await project.revoke(release);
    const { code, data, text } = await historyVerb.run(call(), world());
    assert.equal(code, 0, said.join("\n"));
    const rows = text.split("\n").map((row) => row.replace(/^ *\S+ +\S+ +/, "").split(/ {2,}/));
    assert.deepEqual(
      rows.map(([event, about, who]) => [event, about, who]),
      [
        ["refused", "no commit", "ada"],
        ["cut", "1.0.0", "A candidate."],
        ["attested", "1.0.0", "cy"],
        ["signed", "1.0.0", "bo"],
        ["revoked", "1.0.0", "bo"],
        ["released", "1.0.0", "ada [open]"],
      ],
    );
    assert.equal(rows[4]?.at(-1), "It loses messages.");
    assert.deepEqual([(data.entries as unknown[]).length, (data.records as unknown[]).length], [2, 4]);
  });

  it("shows what waits here for the next update, which is not on record yet", async () => {
    await happens({});
    const { folder } = project.repository;
    const [evidenceFolder, now] = [join(folder, ".phillbot/evidence", project.stack), new Date()];
    await keepRefusal(folder, { stack: project.stack, evidenceFolder, now, reason: "Nobody signed it." });
    const { text, data } = await historyVerb.run(call(), world());
    assert.match(text, /^ {3}… .*refused.*Nobody signed it\. \(put on the record by the next update\)$/m);
    assert.deepEqual([(data.entries as unknown[]).length, (data.waiting as unknown[]).length], [1, 1]);
    const verified = await historyVerifyVerb.run(call(), world());
    assert.equal(verified.text, "1 entry holds. 1 more waits here for the next update.");
  });

  it("shows what happened on the host where origin does not answer, and says what it could not tell: 3", async () => {
    await happens({});
    rmSync(join(project.home, "origin.git"), { recursive: true });
    const { code, data, text } = await historyVerb.run(call(), world());
    assert.deepEqual([code, data.records], [3, null]);
    assert.match(text, /^ {3}1 .*It ended\.$/);
    assert.match(said.join("\n"), /Releases and moves of the mode are not shown\. .*origin/);
  });

  it("holds where what is called released was signed once, though it was revoked since", async () => {
    await released(release);
    await project.revoke(release);
    const { code, text } = await historyVerifyVerb.run(call(), world());
    assert.deepEqual([code, text], [0, "1 entry holds."]);
  });

  it("asks ssh-keygen once for each release, however often it was brought up", async () => {
    const asked = join(project.home, "asked");
    const real = execFileSync("sh", ["-c", "command -v ssh-keygen"], { encoding: "utf8" }).trim();
    const counting = join(project.home, "bin");
    mkdirSync(counting);
    const script = `#!/bin/sh\ncase "$*" in *" verify "*) echo verified >>${asked} ;; esac\nexec ${real} "$@"\n`;
    writeFileSync(join(counting, "ssh-keygen"), script, { mode: 0o755 });
    const path = process.env.PATH;
    const verifications = async () => {
      rmSync(asked, { force: true });
      await historyVerifyVerb.run(call(), world());
      return readFileSync(asked, "utf8").match(/verified/g)?.length;
    };
    process.env.PATH = `${counting}:${path}`;
    try {
      await released(release);
      const once = await verifications();
      for (let time = 0; time < 3; time += 1) await released(release);
      assert.equal(await verifications(), once);
    } finally {
      process.env.PATH = path;
    }
  });

  it("does not hold where something is called released that no Judge signed for the stack: 1, naming the entry", async () => {
    const unsigned = await project.cut(project.commit({ "host/a.ts": "another\n" }));
    await project.sign(unsigned, [], { resourceUri: "phillbot:elsewhere@claw%40phill%3A22" });
    await project.sign(unsigned, [], { who: "ada" });
    await released(release);
    await released(unsigned);
    await assert.rejects(historyVerifyVerb.run(call(), world()), (error: DeckError) => {
      assert.deepEqual([error.code, error.remedy], [1, `npx deck release list --stack ${project.stack}`]);
      assert.match(
        error.message,
        /^Entry 2 says released, and no Judge ever signed the release [0-9a-f]{12} for .*, by the installed roles\. .*The sign-off [0-9a-f]{12} does not count\. `ada` may not .* does\.$/,
      );
      return true;
    });
    // The Judge was struck from the roles: that is what is said, and no forgery.
    const bo = { id: "eve", name: "Eve", emails: ["eve@example.org"], github: "eve" };
    const keys = [{ public: project.team.publicKey("stranger"), from: "2026-01-01" }];
    const people = project.team.data().people.map((each) => (each.id === "bo" ? { ...each, ...bo, keys } : each));
    await project.trust({}, { people });
    await assert.rejects(historyVerifyVerb.run(call(), world()), (error: DeckError) => {
      assert.match(
        error.message,
        /^Entry 1 says .* Its key is on nobody's record, .* Who went must still stand there, with `until:`/,
      );
      return true;
    });
  });
});
