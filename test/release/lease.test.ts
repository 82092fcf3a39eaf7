/** Proves how a lease is held: renewed while its holder lives, lost where it is broken or runs out, and free at once where its holder was killed here. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { hasEnded, thisClaimant } from "../../host/claimant.ts";
import { askLease, type LeasePlace, LeaseUnusable } from "../../host/lease.ts";
import { LocalHost } from "../../host/local.ts";
import { renderClaim } from "../../model/lease.ts";
import { followLease, type HeldLease, takeLease } from "../../release/lease.ts";
import { claim, first, LeaseHost } from "../host/leaseHost.ts";

describe("A held lease", function () {
  this.timeout(30_000);
  let host: LeaseHost;
  /** By the machine's own clock, which goes on. */
  let place: LeasePlace;
  const held: HeldLease[] = [];
  const started: ChildProcess[] = [];
  beforeEach(() => {
    host = new LeaseHost();
    place = { host: host.place.host, path: host.place.path };
  });
  afterEach(async () => {
    for (const lease of held.splice(0)) await lease[Symbol.asyncDispose]();
    for (const child of started.splice(0)) child.kill("SIGKILL");
    host[Symbol.dispose]();
  });

  const show = async () => (await askLease(place, { do: "show" })).lease;
  const taken = async (seconds?: number, at = place) => {
    const answer = await takeLease(at, claim, seconds === undefined ? {} : { seconds });
    assert.ok("held" in answer, JSON.stringify(answer));
    held.push(answer.held);
    return answer.held;
  };
  const isBusy = async () => "busy" in (await takeLease(place, claim));
  const until = async (what: () => Promise<boolean> | boolean) => {
    while (!(await what())) await pause(20);
  };

  it("is renewed for as long as it is held, longer than it lasts", async () => {
    const lease = await taken(2);
    const lines = new Set<string>();
    await until(async () => {
      lines.add(readFileSync(place.path, "utf8"));
      assert.equal((await show()).kind, "held");
      return lines.size === 4;
    });
    assert.equal(await lease.whyLost(), undefined);
    assert.equal(lease.signal.aborted, false);
  });

  it("is given back at its end, and renewed no more", async () => {
    const lease = await taken(2);
    await lease[Symbol.asyncDispose]();
    assert.deepEqual(await show(), { kind: "free" });
    await taken();
    assert.equal(await isBusy(), true);
  });

  it("is known to be lost at the next renewal after it was broken, and when it is asked for", async () => {
    const lease = await taken(2);
    await askLease(place, { do: "break", name: lease.id });
    await once(lease.signal, "abort");
    assert.match((await lease.whyLost()) ?? "", /was taken away before its end/);
    assert.deepEqual(await show(), { kind: "free" });
    const asked = await taken();
    await askLease(place, { do: "break", name: asked.id });
    const next = await taken();
    assert.match((await asked.whyLost()) ?? "", /`ada@example.org` on `desk` holds it now/);
    assert.equal(asked.signal.aborted, true);
    await asked[Symbol.asyncDispose]();
    assert.equal(await next.whyLost(), undefined);
  });

  it("is lost where the host's clock ran it out, even though nobody took it", async () => {
    const lease = await taken(90, host.place);
    host.runs(1090);
    assert.match((await lease.whyLost()) ?? "", /ran out before it could be renewed/);
    host.runs(1000);
    assert.match((await lease.whyLost()) ?? "", /ran out/);
  });

  it("is not known to be held while the host does not answer, and lost where it does not in time", async () => {
    const lame = new LocalHost();
    const lease = await taken(2, { ...place, host: lame });
    const run = lame.run.bind(lame);
    lame.run = async () => ({ code: null, stdout: "", stderr: "The connection was lost." });
    assert.match((await lease.whyLost()) ?? "", /could not be told\. .*The connection was lost/);
    assert.equal(lease.signal.aborted, false);
    lame.run = run;
    assert.equal(await lease.whyLost(), undefined);
    lame.run = async () => ({ code: null, stdout: "", stderr: "The connection was lost." });
    await once(lease.signal, "abort");
    lame.run = run;
    assert.match((await lease.whyLost()) ?? "", /ran out, because it could not be renewed/);
  });

  it("is not left behind where only the answer was lost", async () => {
    const lame = new LocalHost();
    const run = lame.run.bind(lame);
    lame.run = async (argv, options) => ({ ...(await run(argv, options)), code: argv[4] === "take" ? null : 0 });
    await assert.rejects(takeLease({ ...place, host: lame }, claim), LeaseUnusable);
    assert.deepEqual(await show(), { kind: "free" });
  });

  it("that was handed over is renewed, and not given back, by whoever got it; another's is not followed", async () => {
    const own = await taken(90, host.place);
    host.runs(1080);
    const followed = await followLease(host.place, own.id);
    assert.ok(typeof followed !== "string");
    assert.match(readFileSync(place.path, "utf8"), / aaaa 1080 90 /);
    await followed[Symbol.asyncDispose]();
    assert.equal(await own.whyLost(), undefined);
    assert.match(String(await followLease(host.place, first)), /is no longer its own/);
    await own[Symbol.asyncDispose]();
    assert.match(String(await followLease(host.place, own.id)), /was taken away/);
  });

  describe("whose holder was killed", () => {
    const holder = async (seconds: number, ...handedTo: string[]) => {
      const program = join(import.meta.dirname, "leaseHolder.ts");
      const child = spawn(process.execPath, [program, place.path, String(seconds), ...handedTo], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      started.push(child);
      const [line] = await once(createInterface(child.stdout), "line");
      const said = JSON.parse(String(line)) as { readonly id: string; readonly started?: number };
      const kill = async () => {
        child.kill("SIGKILL");
        await once(child, "exit");
      };
      return { ...said, kill };
    };

    it("is free at once on the same machine, and not before", async () => {
      const { kill } = await holder(600);
      assert.equal(await isBusy(), true);
      await kill();
      await taken();
    });

    it("is given to exactly one of several who find that out at once", async () => {
      const { kill } = await holder(600);
      await kill();
      const answers = await Promise.all(Array.from({ length: 6 }, () => takeLease(place, claim)));
      for (const answer of answers) if ("held" in answer) held.push(answer.held);
      assert.equal(held.length, 1);
    });

    /** `sleep` by another name: what a process is called is what it was started as. */
    const sleeper = (name: string) => {
      const program = join(host.folder, name);
      symlinkSync("/bin/sleep", program);
      return program;
    };
    const ends = async (pid: number) => {
      process.kill(pid, "SIGKILL");
      await until(async () => {
        const answer = await takeLease(place, claim);
        if ("held" in answer) held.push(answer.held);
        return "held" in answer;
      });
    };

    it("is held while the update that it handed the lease to is at work", async () => {
      const { kill, started: pid = 0 } = await holder(600, sleeper("pulumi"), "60");
      await kill();
      assert.equal(await isBusy(), true);
      await ends(pid);
    });

    it("is held while a plugin of that has begun something, and free where one is only left over", async () => {
      const plugin = sleeper("pulumi-resource-command");
      const idle = await holder(600, plugin, "60");
      await idle.kill();
      const next = await taken();
      await next[Symbol.asyncDispose]();
      process.kill(idle.started ?? 0, "SIGKILL");
      const script = join(host.folder, "pulumi-resource-busy");
      writeFileSync(script, '#!/bin/sh\nenv -i sleep 60 & echo $! >"$0.begun"; wait\n', { mode: 0o755 });
      const busy = await holder(600, script);
      await until(() => existsSync(`${script}.begun`) && readFileSync(`${script}.begun`, "utf8").endsWith("\n"));
      await busy.kill();
      assert.equal(await isBusy(), true);
      await ends(Number(readFileSync(`${script}.begun`, "utf8")));
    });

    it("runs out for another machine, which cannot know", async () => {
      const { kill } = await holder(2);
      await kill();
      const text = readFileSync(place.path, "utf8");
      // As if it had been taken elsewhere.
      writeFileSync(place.path, text.replace(/"on":"[0-9a-f]{64}"/, `"on":"${"0".repeat(64)}"`));
      assert.equal(await isBusy(), true);
      await until(async () => (await show()).kind === "over");
      await taken();
    });
  });
});

describe("What is certain of a holder", () => {
  const own = thisClaimant();

  it("is that it has ended where its process runs no more, or is another of the same number", () => {
    assert.ok(own !== undefined);
    assert.equal(hasEnded(own, first), false);
    assert.equal(hasEnded({ ...own, start: "1" }, first), true);
    assert.equal(hasEnded({ ...own, pid: 4_194_303 }, first), true);
  });

  it("is nothing of another machine, of one that does not tell, and of another user's where we are not root", () => {
    assert.ok(own !== undefined);
    const gone = { ...own, pid: 4_194_303 };
    assert.equal(hasEnded({ ...gone, on: "0".repeat(64) }, first), false);
    assert.equal(hasEnded(undefined, first), false);
    assert.equal(hasEnded({ ...gone, uid: own.uid + 1 }, first), own.uid === 0);
  });

  it("stands in the claim", () =>
    assert.match(renderClaim({ ...claim, ...(own && { process: own }) }), /"pid":\d+,"start":"\d+"/));
});
