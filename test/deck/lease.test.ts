/** Proves that one `up` at a time changes a stack, that whoever lost the lease releases nothing, and what is shown and broken by whom. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { devFolders, ensureDevStack } from "../../deck/devStack.ts";
import type { StackGateEnd } from "../../deck/gate.ts";
import { historyVerb } from "../../deck/history.ts";
import { leaseBreakVerb } from "../../deck/leaseBreak.ts";
import { leaseShowVerb } from "../../deck/leaseShow.ts";
import { up, upVerb } from "../../deck/up.ts";
import { type Call, DeckError, type World } from "../../deck/verb.ts";
import { askLease, type LeasePlace } from "../../host/lease.ts";
import { LocalHost } from "../../host/local.ts";
import { historyFolderOf, readWaiting } from "../../release/history.ts";
import { takeLease } from "../../release/lease.ts";
import { claim, first } from "../host/leaseHost.ts";
import { type FakePulumi, fakePulumi, summary } from "./fakePulumi.ts";
import { callOf, fails, worldIn } from "./verbCalls.ts";

const images = { gateway: "test/gateway:1", telegram: "test/telegram:1", rest: "test/rest:1", postgres: "test/postgres:1" };
const path = process.env.PATH;

describe("The lease", function () {
  this.timeout(60_000);
  let pulumi: FakePulumi;
  let said: string[];
  let base: string;
  let place: LeasePlace;
  let root: string;

  beforeEach(async () => {
    pulumi = fakePulumi();
    said = [];
    ({ root } = pulumi.call());
    await ensureDevStack({ projectRoot: root, stack: "dev", images, ownPorts: true });
    base = devFolders(root, "dev").baseFolder;
    place = { host: new LocalHost(), path: join(base, "phillbot.lease") };
    process.env.PATH = `${dirname(pulumi.path)}:${path}`;
    pulumi.set("outcome", JSON.stringify({ code: 0, summary: "The release gate is open." }));
    pulumi.set("events", summary({ same: 9 }));
  });
  afterEach(() => {
    process.env.PATH = path;
    pulumi.remove();
  });

  const world = (over: Partial<World> = {}) => worldIn(root, { said, environment: { PATH: process.env.PATH }, ...over });
  const upCall = (options: Call["options"] = {}) => callOf(upVerb, "dev", { options });
  const noGate = async (): Promise<StackGateEnd> => assert.fail("The gate was asked a second time.");
  const show = async () => (await askLease(place, { do: "show" })).lease;
  const until = async (what: () => Promise<boolean> | boolean) => {
    while (!(await what())) await pause(20);
  };
  /** Of another machine, so that nobody here can know that it ended. */
  const another = async (by = claim) => {
    const taken = await takeLease(place, by);
    assert.ok("held" in taken);
    return taken.held;
  };
  const recorded = () => {
    const file = join(base, "phillbot.history.jsonl");
    return existsSync(file)
      ? readFileSync(file, "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
      : [];
  };

  describe("and `up`", () => {
    it("lets one of two at once go on; the other is told who it is, with 3, and touches nothing", async () => {
      pulumi.set("wait");
      const one = up(upCall(), world(), noGate);
      await until(() => pulumi.said("started") !== undefined);
      await assert.rejects(up(upCall(), world(), noGate), (error: DeckError) => {
        assert.match(
          error.message,
          /^`\S+` on `\S+` holds the lease of the stack `dev` for `npx deck up`, since .*, until .* \(\d+ s\)/,
        );
        assert.match(error.message, /Nothing was touched\.$/);
        assert.deepEqual([error.code, error.remedy], [3, "npx deck lease show"]);
        return true;
      });
      writeFileSync(join(pulumi.folder, "signals"), "");
      assert.equal((await one).code, 0);
      assert.equal(pulumi.said("calls")?.trim().split("\n").length, 1);
      assert.deepEqual(await show(), { kind: "free" });
    });

    it("lets exactly one of many who begin at once start Pulumi", async () => {
      pulumi.set("wait");
      const refused: number[] = [];
      const one = () => up(upCall(), world(), noGate).catch((error: DeckError) => void refused.push(error.code));
      const all = Array.from({ length: 5 }, one);
      await until(() => refused.length === 4 && pulumi.said("started") !== undefined);
      writeFileSync(join(pulumi.folder, "signals"), "");
      const ends = (await Promise.all(all)).flatMap((end) => (end === undefined ? [] : [end.code]));
      assert.deepEqual([ends, refused], [[0], [3, 3, 3, 3]]);
      assert.equal(pulumi.said("calls")?.trim().split("\n").length, 1);
    });

    it("hands its id to the program, and the id is the one that stands on the host", async () => {
      pulumi.set("does", `cp ${place.path} ${pulumi.folder}/lease`);
      await up(upCall(), world({ environment: { PATH: process.env.PATH, PHILLBOT_LEASE: first } }), noGate);
      const [, id = ""] = /^PHILLBOT_LEASE=(.*)$/m.exec(pulumi.said("env") ?? "") ?? [];
      assert.notEqual(id, first);
      assert.equal(readFileSync(join(pulumi.folder, "lease"), "utf8").split(" ")[1], id);
    });

    it("waits for the other's end where it is told to, and then goes on", async () => {
      const other = await another();
      const waiting = up(upCall({ wait: "60" }), world(), noGate);
      await until(() => said.some((line) => line.includes("Waiting for its end")));
      assert.equal(pulumi.said("calls"), undefined);
      await other[Symbol.asyncDispose]();
      assert.equal((await waiting).code, 0);
      assert.equal(said.filter((line) => line.includes("Waiting for its end")).length, 1);
    });

    it("waits no longer than it is told to: 3, and nothing is touched", async () => {
      await using other = await another();
      await assert.rejects(up(upCall({ wait: "1" }), world(), noGate), fails(3, /holds the lease/));
      assert.equal(pulumi.said("calls"), undefined);
      assert.equal(await other.whyLost(), undefined);
    });

    it("ends its wait at an interrupt: 3, and nothing is touched", async () => {
      await using other = await another();
      const interrupt = new AbortController();
      const waiting = up(upCall({ wait: "600" }), world({ signal: interrupt.signal }), noGate);
      await until(() => said.some((line) => line.includes("Waiting for its end")));
      interrupt.abort();
      await assert.rejects(waiting, fails(3, /^Interrupted while waiting for the lease; nothing was touched\.$/));
      assert.equal(pulumi.said("calls"), undefined);
      assert.equal(await other.whyLost(), undefined);
    });

    for (const wait of ["soon", "-1", "1.5", "", "86401", "9999999"]) {
      it(`takes \`--wait ${wait}\` for wrong usage`, () =>
        assert.rejects(
          up(upCall({ wait }), world(), noGate),
          fails(2, /takes seconds, 86400 at most/, /^npx deck up --wait 600$/),
        ));
    }

    /** An update that goes on, and whose lease was broken. In an object: a promise by itself would be waited for. */
    const brokenUpdate = async () => {
      pulumi.set("wait");
      const one = up(upCall(), world(), noGate);
      await until(() => pulumi.said("started") !== undefined);
      const lease = await show();
      assert.ok(lease.kind === "held");
      await askLease(place, { do: "break", name: lease.name });
      return { end: one };
    };

    it("ends Pulumi and releases nothing where its lease is broken meanwhile: 3, whatever the program wrote", async () => {
      const { end: one } = await brokenUpdate();
      // It is found when Pulumi ends; the renewal that finds it sooner is proven where the lease is.
      writeFileSync(join(pulumi.folder, "signals"), "");
      const end = await one;
      assert.deepEqual([end.code, end.summary], [3, "The update's lease was taken away before its end. Nothing is released."]);
    });

    it("leaves the lease of whoever took it next alone, and is not released, either", async () => {
      const { end: one } = await brokenUpdate();
      await using next = await another();
      writeFileSync(join(pulumi.folder, "signals"), "");
      const end = await one;
      assert.deepEqual([end.code, /`ada@example.org` on `desk` holds it now/.test(end.summary)], [3, true], end.summary);
      assert.equal(await next.whyLost(), undefined);
    });

    it("keeps what the gate blocked as it was, though the lease is lost as well", async () => {
      pulumi.set("outcome", JSON.stringify({ code: 1, summary: "Blocked by memory." }));
      pulumi.set("exit", "255");
      pulumi.set("does", `rm ${place.path}`);
      const end = await up(upCall(), world(), noGate);
      assert.deepEqual([end.code, end.summary], [1, "Blocked by memory."]);
    });

    it("gives it back where the update cannot begin", async () => {
      const locks = join(root, ".phillbot/state/.pulumi/locks/organization/phillbot/dev");
      mkdirSync(locks, { recursive: true });
      writeFileSync(join(locks, "1.json"), JSON.stringify({ pid: 1, hostname: "another-machine" }));
      await assert.rejects(up(upCall(), world(), noGate), fails(3, /holds its lock/));
      assert.deepEqual(await show(), { kind: "free" });
    });

    it("writes nothing into a folder that is another stack's", async () => {
      mkdirSync(base, { recursive: true });
      writeFileSync(join(base, "phillbot.owner.json"), JSON.stringify({ project: "phillbot", stack: "other" }));
      await assert.rejects(up(upCall(), world(), noGate), fails(2, /is not this stack's/));
      assert.deepEqual(readdirSync(base), ["phillbot.owner.json"]);
      const [kept] = await readWaiting(historyFolderOf(join(root, ".phillbot/evidence/dev")));
      assert.deepEqual([kept?.event, /not this stack's/.test(kept?.summary ?? "")], ["refused", true]);
    });

    it("is put on record by the next update where somebody came second", async () => {
      const other = await another();
      await assert.rejects(up(upCall(), world(), noGate), fails(3, /holds the lease/));
      await other[Symbol.asyncDispose]();
      const [kept, ...more] = await readWaiting(historyFolderOf(join(root, ".phillbot/evidence/dev")));
      assert.deepEqual([kept?.event, more], ["refused", []]);
      assert.match(kept?.summary ?? "", /^Refused, with nothing touched: `ada@example.org` on `desk` holds the lease/);
    });

    it("is refused where what lies there is no lease: 3, with how to take it away", async () => {
      mkdirSync(base, { recursive: true });
      writeFileSync(place.path, "torn");
      await assert.rejects(
        up(upCall({ wait: "60" }), world(), noGate),
        fails(3, /nobody can tell/, /^npx deck lease break --why/),
      );
      assert.equal(pulumi.said("calls"), undefined);
    });
  });

  describe("shown", () => {
    const run = () => leaseShowVerb.run(callOf(leaseShowVerb, "dev"), world());

    it("is nobody's where nobody holds it: 0", async () => {
      const { code, text, data } = await run();
      assert.deepEqual([code, text], [0, "Nobody holds the lease of the stack `dev`."]);
      assert.deepEqual(data, { path: place.path, lease: { kind: "free" } });
    });

    it("says who, from where, for what and how long, and what to type", async () => {
      await using other = await another({ ...claim, stack: "dev", who: "ada\u001b[2J@example.org" });
      const { code, text, data } = await run();
      assert.equal(code, 0);
      assert.match(
        text,
        /^`ada\ufffd\[2J@example.org` on `desk` holds .*\n {2}npx deck up --wait 600 # .*\n {2}npx deck lease break --why/,
      );
      const lease = data.lease as Record<string, unknown>;
      assert.deepEqual([lease.kind, lease.name, lease.machine, lease.purpose], ["held", other.id, "desk", "npx deck up"]);
      assert.ok(typeof lease.secondsLeft === "number" && lease.secondsLeft > 80);
    });

    it("could not tell where something else lies in its place: 3", async () => {
      mkdirSync(base, { recursive: true });
      writeFileSync(place.path, "torn");
      const { code, text } = await run();
      assert.deepEqual([code, /nobody can tell.*\n {2}npx deck lease break --why/.test(text)], [3, true], text);
    });
  });

  describe("broken", () => {
    const why = "The desk was stolen.";
    const run = (over: Partial<Call> = {}) =>
      leaseBreakVerb.run(callOf(leaseBreakVerb, "dev", { options: { why }, ...over }), world());

    it("is its holder's no more, and on record with who did it and why", async () => {
      await using other = await another();
      const { code, text, data } = await run();
      assert.deepEqual([code, text, data.broken], [0, "The lease of the stack `dev` is broken.", true]);
      assert.match((await other.whyLost()) ?? "", /taken away/);
      const [entry, ...more] = recorded();
      assert.deepEqual([entry.event, entry.stack, more], ["lease-broken", "dev", []]);
      assert.match(entry.summary, /^The lease was broken: The desk was stolen\. `ada@example.org` on `desk` holds/);
      const history = await historyVerb.run(callOf(historyVerb, "dev"), world());
      assert.match(history.text, /lease-broken .*The desk was stolen\./);
    });

    it("is broken where it is none that could be read", async () => {
      mkdirSync(base, { recursive: true });
      writeFileSync(place.path, "torn");
      assert.equal((await run()).data.broken, true);
      assert.deepEqual(await show(), { kind: "free" });
    });

    it("is told and stays with `--dry-run`, and is nothing to break where nobody holds it", async () => {
      assert.deepEqual([(await run()).data.broken, recorded()], [false, []]);
      await using other = await another();
      const { code, text, data } = await run({ dryRun: true });
      assert.deepEqual([code, data.broken, /It would be broken\.$/.test(text)], [0, false, true]);
      assert.deepEqual([await other.whyLost(), recorded()], [undefined, []]);
    });

    it("stays where another took it between the look and the break: 3", async () => {
      const other = await another();
      const changing = world({
        output: {
          ...world().output,
          progress: () => {
            const text = readFileSync(place.path, "utf8");
            writeFileSync(place.path, text.replace(other.id, first));
          },
        },
      });
      const call = callOf(leaseBreakVerb, "dev", { options: { why } });
      await assert.rejects(leaseBreakVerb.run(call, changing), fails(3, /no longer as it was shown/, /^npx deck lease show$/));
      assert.deepEqual([(await show()).kind, recorded()], ["held", []]);
      await other[Symbol.asyncDispose]();
    });

    it("wants a reason, without a secret, and a yes", async () => {
      await using other = await another();
      for (const options of [{}, { why: "  " }, { why: "a".repeat(501) }])
        await assert.rejects(run({ options }), fails(2, /A reason of 500 characters at most is wanted/));
      const token = `ghp_${"Ab3".repeat(12)}`;
      await assert.rejects(run({ options: { why: `It was ${token}` } }), fails(4, /`--why` holds/));
      await assert.rejects(run({ options: { why: "a\u001b[2J" } }), fails(2, /steers a terminal/));
      if (process.stdin.isTTY !== true) await assert.rejects(run({ yes: false }), fails(2, /no terminal to ask on/));
      assert.equal(await other.whyLost(), undefined);
    });

    it("stays in a folder that is another stack's", async () => {
      await using other = await another();
      writeFileSync(join(base, "phillbot.owner.json"), JSON.stringify({ project: "phillbot", stack: "other" }));
      await assert.rejects(run(), (error) => error instanceof DeckError && error.code === 2);
      assert.equal(await other.whyLost(), undefined);
    });
  });
});
