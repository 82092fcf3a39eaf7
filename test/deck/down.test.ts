import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { devFolders } from "../../deck/devStack.ts";
import { thisClaimant } from "../../host/claimant.ts";
import { LocalHost } from "../../host/local.ts";
import { takeLease } from "../../release/lease.ts";
import { claim } from "../host/leaseHost.ts";
import { DownWorld } from "./downWorld.ts";

describe("takeDown", () => {
  let down: DownWorld;
  beforeEach(async () => {
    down = await DownWorld.begin();
  });
  afterEach(() => down[Symbol.dispose]());
  const keepDrill = (owner: ReturnType<typeof thisClaimant>) => {
    mkdirSync(join(down.ignored(), "drill"), { recursive: true });
    writeFileSync(join(down.ignored(), "drill/0123456789ab.json"), JSON.stringify(owner));
  };

  it("destroys the stack by its state, then removes settings, secrets and the ignored folder", async () => {
    down.keep("dev", "pulumi:pulumi:Stack", "docker:index/container:Container");
    const stays = await down.run();
    assert.deepEqual(down.verbs(), ["destroy"]);
    assert.match(
      down.pulumi.said("calls") ?? "",
      /^destroy .*--remove --stack dev --yes .*--suppress-outputs --non-interactive$/m,
    );
    assert.equal(existsSync(down.ignored()), false);
    assert.equal(existsSync(devFolders(down.root, "dev").settingsFile), false);
    assert.deepEqual(stays, ["The project's packages stay: rm -r node_modules"]);
    assert.ok(down.said.includes("Images removed: phillbot/rest:1."));
  });

  it("removes nothing while somebody else is at work on the stack: 3, naming them", async () => {
    down.keep("dev", "docker:index/container:Container");
    const place = { host: new LocalHost(), path: join(devFolders(down.root, "dev").baseFolder, "phillbot.lease") };
    const taken = await takeLease(place, claim);
    assert.ok("held" in taken);
    await using other = taken.held;
    await down.fails(3, /^`ada@example.org` on `desk` holds the lease of the stack `dev`/);
    assert.deepEqual(down.verbs(), []);
    assert.doesNotMatch(down.written("docker.calls"), /^rm /m);
    assert.equal(await other.whyLost(), undefined);
  });

  it("removes nothing while a drill is at work here: 3, naming it", async () => {
    down.keep("dev", "docker:index/container:Container");
    keepDrill(thisClaimant());
    await down.fails(3, /^A drill is at work on `drill-0123456789ab`: nothing is removed\./);
    assert.deepEqual(down.verbs(), []);
  });

  it("removes what a drill left that was killed or kept for a look", async () => {
    assert.equal(spawnSync("git", ["init", "--quiet", down.root]).status, 0);
    const ended = thisClaimant();
    keepDrill(ended && { ...ended, start: "1" });
    writeFileSync(down.bin("containers"), "");
    await down.run();
    assert.ok(down.said.includes("Removing what an earlier drill left: drill-0123456789ab."));
    assert.match(down.written("docker.calls"), /^ps .*name=\^\/phillbot-drill-0123456789ab-$/m);
  });

  it("removes nothing more where its own lease is broken meanwhile: 3", async () => {
    down.keep("dev", "docker:index/container:Container");
    const lease = join(devFolders(down.root, "dev").baseFolder, "phillbot.lease");
    down.pulumi.set("does", `grep -q 'npm run down' ${lease} && rm ${lease}`);
    await down.fails(3, /taken away before its end\. Nothing more is removed/);
    assert.ok(existsSync(devFolders(down.root, "dev").baseFolder));
  });

  it("passes over a stack, an engine and a Pulumi that a start, interrupted early, never brought", async () => {
    for (const name of ["pulumi", "pulumi-language-nodejs", "docker"]) rmSync(down.bin(name));
    process.env.PATH = "/nowhere";
    await down.run();
    assert.match(down.said.join("\n"), /keeps no stack `dev` here/);
    assert.match(down.said.join("\n"), /No Docker engine answers/);
    assert.equal(existsSync(down.ignored()), false);
  });

  it("passes over a clone in which nothing was ever made", async () => {
    rmSync(down.ignored(), { recursive: true });
    rmSync(devFolders(down.root, "dev").settingsFile);
    await down.run();
    assert.deepEqual(down.verbs(), []);
  });

  it("lets a stack go with its state that holds nothing yet, without Pulumi", async () => {
    for (const name of ["pulumi", "pulumi-language-nodejs"]) rmSync(down.bin(name));
    process.env.PATH = `${down.pulumi.folder}:/usr/bin:/bin`;
    down.keep("dev");
    await down.run();
    assert.match(down.said.join("\n"), /holds nothing, so it goes with its state/);
    assert.equal(existsSync(down.ignored()), false);
  });

  it("keeps everything where there is no Pulumi for a stack that holds something", async () => {
    for (const name of ["pulumi", "pulumi-language-nodejs"]) rmSync(down.bin(name));
    process.env.PATH = `${down.pulumi.folder}:/usr/bin:/bin`;
    down.keep("dev", "docker:index/container:Container");
    await down.fails(3, /no Pulumi to destroy them with/);
  });

  it("keeps everything where no engine answers for the stack's containers", async () => {
    down.keep("dev", "docker:index/container:Container");
    writeFileSync(down.bin("noEngine"), "");
    await down.fails(3, /no Docker engine answers/);
    assert.deepEqual(down.verbs(), []);
  });

  it("keeps everything where the state cannot be read and no engine answers", async () => {
    down.keep("dev");
    writeFileSync(down.ignored("state/.pulumi/stacks/phillbot/dev.json"), "{");
    writeFileSync(down.bin("noEngine"), "");
    await down.fails(3, /no Docker engine answers/);
  });

  it("destroys without an engine what never had a container", async () => {
    down.keep("dev", "pulumi:pulumi:Stack", "command:local:Command");
    writeFileSync(down.bin("noEngine"), "");
    await down.run();
    assert.deepEqual(down.verbs(), ["destroy"]);
  });

  it("keeps everything where the destruction fails", async () => {
    down.keep("dev", "docker:index/container:Container");
    down.pulumi.set("exit", "255");
    await down.fails(3, /ended with 255/);
    assert.doesNotMatch(down.written("docker.calls"), /^rm /m);
  });

  it("takes away the lock of an update that has ended", async () => {
    down.keep("dev", "docker:index/container:Container");
    const ended = spawnSync("true").pid;
    down.lock({ pid: ended, username: "me", hostname: hostname(), timestamp: "2026-11-22T00:00:00Z" });
    await down.run();
    assert.deepEqual(down.verbs(), ["destroy"]);
    assert.match(down.said.join("\n"), /An earlier update was killed; its lock is taken away/);
  });

  for (const [whose, content] of [
    ["of another machine", { pid: 1, hostname: "another-machine" }],
    ["that cannot be read", {}],
  ] as const) {
    it(`respects a lock ${whose}`, async () => {
      down.keep("dev", "docker:index/container:Container");
      down.lock(content);
      await down.fails(3, /is at work/);
      assert.deepEqual(down.verbs(), []);
    });
  }

  it("keeps the record of an engine that goes on, and names the packages and images that stay", async () => {
    mkdirSync(down.ignored("run"));
    down.setUp = {
      removeImages: async () => ({ removed: [], kept: [{ name: "phillbot/gateway:1", why: "used by /other" }] }),
      stopEngine: async () => ({ outcome: "in use", sentence: "The engine goes on." }),
      packagesLeft: () => "Debian packages stay.",
    };
    const stays = await down.run();
    assert.deepEqual(readdirSync(down.ignored()), ["run"]);
    assert.ok(
      stays.includes(
        "Images stay: phillbot/gateway:1 (used by /other). Once nobody needs them: docker image rm phillbot/gateway:1",
      ),
      stays.join("\n"),
    );
    assert.ok(stays.includes("Debian packages stay."));
  });

  it("unlinks what is linked into the ignored folder, and follows no link", async () => {
    const elsewhere = join(down.pulumi.folder, "elsewhere");
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, "kept"), "");
    symlinkSync(elsewhere, down.ignored("bin"));
    await down.run();
    assert.ok(existsSync(join(elsewhere, "kept")));
  });

  it("refuses a stack that `npm start` did not make", async () => {
    down.keep("dev", "docker:index/container:Container");
    const { settingsFile } = devFolders(down.root, "dev");
    writeFileSync(settingsFile, readFileSync(settingsFile, "utf8").replace("requireSignOff: false", "requireSignOff: true"));
    await down.fails(2, /requires sign-off/);
  });

  it("removes nothing once it was interrupted", async () => {
    down.keep("dev", "docker:index/container:Container");
    await assert.rejects(down.run(AbortSignal.abort(new Error("Ended."))), /Ended/);
    assert.ok(existsSync(devFolders(down.root, "dev").secretsFile));
  });
});
