/** Proves the lease's rules by the real script on a real file: one holds it at a time, and the host's clock alone ends it. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { framed } from "../../host/files.ts";
import { askLease, LeaseUnusable } from "../../host/lease.ts";
import { scriptCommand } from "../../host/script.ts";
import { type LeaseClaim, renderClaim } from "../../model/lease.ts";
import { claim, first, LeaseHost, second } from "./leaseHost.ts";

describe("The lease on a host", () => {
  let host: LeaseHost;
  beforeEach(() => {
    host = new LeaseHost();
  });
  afterEach(() => host[Symbol.dispose]());

  const take = (id: string, { ended, by = claim }: { ended?: string; by?: LeaseClaim } = {}) =>
    askLease(host.place, { do: "take", id, seconds: 90, claim: by, ended });
  const show = async () => (await askLease(host.place, { do: "show" })).lease;
  const ask = (what: "renew" | "release", id: string) => askLease(host.place, { do: what, id });
  const left = async () => {
    const lease = await show();
    return "left" in lease ? [lease.kind, lease.left] : [lease.kind];
  };

  it("is free where its folder is not there, and looking, renewing or giving back makes none", async () => {
    assert.deepEqual(await show(), { kind: "free" });
    for (const what of ["renew", "release"] as const) assert.equal((await ask(what, first)).isDone, false);
    assert.deepEqual(readdirSync(host.folder), ["kernel"]);
  });

  it("is taken in a folder that it makes, says by whom, and leaves nothing else there", async () => {
    const { isDone, lease } = await take(first);
    assert.ok(isDone && lease.kind === "held");
    assert.deepEqual([lease.name, lease.left, lease.claim], [first, 90, claim]);
    assert.ok(Math.abs(lease.since.getTime() - Date.now()) < 60_000);
    assert.deepEqual(readdirSync(host.base), ["phillbot.lease"]);
    assert.deepEqual([statSync(host.base).mode & 0o777, statSync(host.place.path).mode & 0o777], [0o755, 0o644]);
  });

  it("is not given to a second, who is told of the first", async () => {
    await take(first);
    const { isDone, lease } = await take(second, { by: { ...claim, who: "bo" } });
    assert.ok(!isDone && lease.kind === "held");
    assert.deepEqual([lease.name, lease.claim?.who], [first, claim.who]);
  });

  it("is given to exactly one of many who ask at once", async () => {
    for (let round = 0; round < 3; round += 1) {
      const ids = Array.from({ length: 12 }, () => randomUUID());
      const answers = await Promise.all(ids.map((id) => take(id)));
      const winners = ids.filter((_, index) => answers[index]?.isDone);
      assert.equal(winners.length, 1);
      for (const { lease } of answers) assert.equal("name" in lease && lease.name, winners[0]);
      assert.equal((await ask("release", winners[0] ?? "")).isDone, true);
    }
  });

  it("is given to exactly one of many who know at once that its holder has ended", async () => {
    await take(first);
    const ids = Array.from({ length: 8 }, () => randomUUID());
    const answers = await Promise.all(ids.map((id) => take(id, { ended: first })));
    assert.equal(answers.filter(({ isDone }) => isDone).length, 1);
  });

  it("stays another's where the one that is known to have ended is not the one that holds it", async () => {
    await take(first);
    assert.equal((await take(second, { ended: randomUUID() })).isDone, false);
  });

  it("runs out by itself, to the second, and is free for the next then", async () => {
    await take(first);
    host.runs(1089);
    assert.deepEqual([await left(), (await take(second)).isDone], [["held", 1], false]);
    host.runs(1090);
    assert.deepEqual([await left(), (await take(second)).isDone], [["over", 0], true]);
  });

  it("lasts anew from each time that it is renewed, and keeps its claim and since when it is held", async () => {
    const taken = (await take(first)).lease;
    host.runs(1060);
    const { isDone, lease } = await ask("renew", first);
    assert.ok(isDone && lease.kind === "held" && taken.kind === "held");
    assert.deepEqual([lease.left, lease.since, lease.claim], [90, taken.since, claim]);
    host.runs(1149);
    assert.deepEqual(await left(), ["held", 1]);
  });

  it("is renewed by nobody else, and by nobody once it has run out or was given back", async () => {
    await take(first);
    assert.equal((await ask("renew", second)).isDone, false);
    host.runs(1090);
    assert.equal((await ask("renew", first)).isDone, false);
    await ask("release", first);
    assert.equal((await ask("renew", first)).isDone, false);
    assert.deepEqual(await show(), { kind: "free" });
  });

  it("is given back by its holder alone", async () => {
    await take(first);
    assert.equal((await ask("release", second)).isDone, false);
    assert.deepEqual(await left(), ["held", 90]);
    assert.equal((await ask("release", first)).isDone, true);
    assert.deepEqual(readdirSync(host.base), []);
  });

  for (const [when, uptime, boot, stands] of [
    ["the host was just started anew", 3, "bbbb", ["held", 87]],
    ["the host was started anew, so long ago as it lasts", 90, "bbbb", ["over", 0]],
    ["the host was started anew and runs for longer than before", 5000, "bbbb", ["over", 0]],
    ["the count began anew without a start, as in a container", 3, "aaaa", ["held", 87]],
    ["the count began anew without a start, so long ago as it lasts", 90, "aaaa", ["over", 0]],
  ] as const) {
    it(`lives no longer than it lasts where ${when}`, async () => {
      await take(first);
      host.runs(uptime, boot);
      assert.deepEqual(await left(), stands);
    });
  }

  it("does not heed the time of day, which somebody may set back", async () => {
    await take(first);
    const text = readFileSync(host.place.path, "utf8");
    writeFileSync(host.place.path, text.replace(/ \d+\n/, " 4000000000\n"));
    host.runs(1090);
    assert.deepEqual(await left(), ["over", 0]);
  });

  const whole = () => `phillbot-lease/1 ${first} aaaa 1000 90 1795430000\n${renderClaim(claim)}\n`;
  for (const [what, content] of [
    ["nothing", ""],
    ["another's file", "somebody's own notes\n"],
    ["half a line", "phillbot-lease/1 0b9ce6a2"],
    ["a lease without its claim", `phillbot-lease/1 ${first} aaaa 1000 90 1795430000\n`],
    ["one of another kind", () => whole().replace("/1 ", "/2 ")],
    ["one that would last for ever", () => whole().replace(" 90 ", " 999999999 ")],
    ["one with a time that is none", () => whole().replace(" 1000 ", " 08 ")],
    ["one with a time that no shell can reckon with", () => whole().replace(" 1000 ", " 99999999999999999999 ")],
    ["one with a command for a time", () => whole().replace(" 1000 ", " a[$(reboot)] ")],
    ["one with more behind it", () => `${whole()}more\n`],
    ["one that is too long", () => whole().replace("ada", "a".repeat(5000))],
    ["what is no text", "\u0000\u0001\u001b[2J\n\n"],
  ] as const) {
    it(`is told as none, never as free, where ${what} lies in its place; only breaking it removes that`, async () => {
      mkdirSync(host.base);
      const text = typeof content === "string" ? content : content();
      writeFileSync(host.place.path, text);
      const lease = await show();
      assert.ok(lease.kind === "torn", JSON.stringify(lease));
      for (const { isDone } of [
        await take(second),
        await take(second, { ended: first }),
        await ask("renew", first),
        await ask("release", first),
      ])
        assert.equal(isDone, false);
      assert.equal(readFileSync(host.place.path, "utf8"), text);
      assert.equal((await askLease(host.place, { do: "break", name: lease.name })).isDone, true);
      assert.deepEqual(await show(), { kind: "free" });
    });
  }

  it("is broken as it was shown only", async () => {
    await take(first);
    assert.equal((await askLease(host.place, { do: "break", name: second })).isDone, false);
    assert.deepEqual(await left(), ["held", 90]);
    assert.equal((await askLease(host.place, { do: "break", name: first })).isDone, true);
    assert.equal((await ask("renew", first)).isDone, false);
  });

  it("is followed through no link", async () => {
    mkdirSync(host.base);
    const elsewhere = join(host.folder, "elsewhere");
    writeFileSync(elsewhere, whole());
    symlinkSync(elsewhere, host.place.path);
    for (const asked of [take(second), show()]) await assert.rejects(asked, /it is a link or a folder/);
    assert.equal(readFileSync(elsewhere, "utf8"), whole());
  });

  it("says what hinders it where its folder can be made or written by nobody, or no clock can be read", async () => {
    writeFileSync(host.base, "a file");
    await assert.rejects(
      take(first),
      (error) => error instanceof LeaseUnusable && /its folder cannot be made/.test(error.message),
    );
    rmSync(host.base);
    rmSync(join(host.place.kernel, "uptime"));
    await assert.rejects(take(first), /clock cannot be read/);
    assert.deepEqual(readdirSync(host.folder), ["kernel"]);
  });

  /** By a shell whose files may not grow, as on a full disk. */
  const onFullDisk = (args: readonly string[], input = "") => {
    const [, , script = "", ...rest] = scriptCommand("lease", args);
    return spawnSync("sh", ["-c", `trap "" XFSZ; ulimit -f 0; exec "$@"`, "full", "sh", "-c", script, ...rest], {
      encoding: "utf8",
      input,
    });
  };

  it("stays as it was on a full disk, and nothing half-written stays behind", async () => {
    const { path, kernel } = host.place;
    mkdirSync(dirname(path));
    const input = framed(renderClaim(claim));
    const refused = onFullDisk(["take", path, kernel, first, "90", ""], input);
    assert.equal(refused.status, 1, refused.stderr);
    assert.match(refused.stderr, /is as it was: it cannot be written; see: ls -ld .*; df -h/);
    assert.deepEqual(readdirSync(host.base), []);
    await take(first);
    const before = readFileSync(path, "utf8");
    assert.equal(onFullDisk(["renew", path, kernel, first]).status, 1);
    assert.equal(readFileSync(path, "utf8"), before);
    assert.deepEqual(readdirSync(host.base), ["phillbot.lease"]);
  });

  it("is not taken with a claim of which only a part arrived", async () => {
    const { path, kernel, host: machine } = host.place;
    const { code, stderr } = await machine.run(scriptCommand("lease", ["take", path, kernel, first, "90", ""]), {
      stdin: "90\n{}",
    });
    assert.deepEqual([code, /2 of 90 bytes arrived/.test(stderr)], [1, true], stderr);
    assert.deepEqual(await show(), { kind: "free" });
  });
});
