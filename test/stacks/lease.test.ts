/** Proves how the program comes by its lease: handed over by `deck`, or its own where Pulumi was started plainly, which it gives back. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { askLease, type LeasePlace } from "../../host/lease.ts";
import { leaseVariable } from "../../model/lease.ts";
import { takeLease } from "../../release/lease.ts";
import { claim, first, LeaseHost } from "../host/leaseHost.ts";

describe("The program's lease", function () {
  this.timeout(60_000);
  let host: LeaseHost;
  let place: LeasePlace;
  beforeEach(() => {
    host = new LeaseHost();
    place = { host: host.place.host, path: host.place.path };
  });
  afterEach(() => host[Symbol.dispose]());

  const outcomeFile = () => join(host.folder, "outcome.json");
  const run = (command = ":", handed?: string) => {
    const program = join(import.meta.dirname, "leaseProgram.ts");
    const env = {
      ...process.env,
      PHILLBOT_OUTCOME_FILE: outcomeFile(),
      ...(handed === undefined ? {} : { [leaseVariable]: handed }),
    };
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, host.base, command], {
      encoding: "utf8",
      env,
      timeout: 50_000,
    });
    assert.equal(stderr, "");
    return { status, stdout };
  };
  const outcome = () => JSON.parse(readFileSync(outcomeFile(), "utf8"));
  const show = async () => (await askLease(place, { do: "show" })).lease;
  const another = async () => {
    const taken = await takeLease(place, claim);
    assert.ok("held" in taken);
    return taken.held;
  };

  it("is its own where nobody handed it one, and given back at its end", async () => {
    const { status, stdout } = run(`grep -o '"purpose":"[^"]*"' ${place.path}`);
    assert.deepEqual([status, stdout], [0, '"purpose":"pulumi up"\nheld']);
    assert.deepEqual(await show(), { kind: "free" });
  });

  it("is refused where somebody else is at work: 3, naming them, with nothing touched", async () => {
    await using other = await another();
    const { status, stdout } = run("echo touched");
    assert.equal(status, 1);
    assert.match(stdout, /^`ada@example.org` on `desk` holds .* Nothing is touched\.\n {2}npx deck lease show --stack prod$/);
    assert.equal(outcome().code, 3);
    assert.equal(await other.whyLost(), undefined);
  });

  it("is the one that was handed over, and stays whoever's it is at its end", async () => {
    await using own = await another();
    assert.deepEqual(run(":", own.id), { status: 0, stdout: "held" });
    assert.equal(await own.whyLost(), undefined);
  });

  it("is refused where the one that was handed over is not held: 3", async () => {
    for (const make of [async () => undefined, another]) {
      await using _other = await make();
      const { stdout } = run("echo touched", first);
      assert.match(
        stdout,
        /^`PHILLBOT_LEASE` hands over a lease that is not held, so nothing is touched\. .*\n {2}npx deck lease show --stack prod$/,
      );
      assert.equal(outcome().code, 3);
    }
  });

  it("is held no longer than its engine lives, which may be killed while the program waits for it", async () => {
    const program = join(import.meta.dirname, "leaseProgram.ts");
    // A command behind it, so that neither shell becomes what it starts.
    const nodeHost = `"${process.execPath}" "${program}" "${host.base}" wait; :`;
    const engine = spawn("sh", ["-c", `sh -c '${nodeHost}'; :`], { stdio: ["ignore", "pipe", "inherit"] });
    await once(engine.stdout, "data");
    const isBusy = async () => "busy" in (await takeLease(place, claim));
    assert.equal(await isBusy(), true);
    engine.kill("SIGKILL");
    while (await isBusy()) await pause(50);
  });

  it("is lost where it is broken meanwhile, which voids the verdict", () => {
    assert.match(run(`rm ${place.path}`).stdout, /taken away before its end/);
  });

  it("ends what is still at work without it, where no `deck` stands over it", () => {
    const program = join(import.meta.dirname, "leaseProgram.ts");
    const env = { ...process.env, PHILLBOT_OUTCOME_FILE: outcomeFile() };
    const ended = spawnSync(process.execPath, [program, host.base, "lose"], { encoding: "utf8", env, timeout: 50_000 });
    assert.deepEqual([ended.status, ended.signal], [1, null]);
    assert.match(ended.stderr, /taken away before its end\. The update ends here, and nothing is released\.\n$/);
    assert.equal(outcome().code, 3);
  });

  it("is refused where what lies in its place is none: 3", () => {
    mkdirSync(host.base);
    writeFileSync(place.path, "torn");
    assert.match(run("echo touched").stdout, /nobody can tell .* Nothing is touched/);
    assert.equal(outcome().code, 3);
  });
});
