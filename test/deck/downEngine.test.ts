import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DownWorld } from "./downWorld.ts";

describe("takeDown and what the engine holds", () => {
  let down: DownWorld;
  beforeEach(async () => {
    down = await DownWorld.begin();
  });
  afterEach(() => down[Symbol.dispose]());

  it("leaves another folder's containers of the same name alone, and says whose they are", async () => {
    down.keep("dev", "docker:index/container:Container");
    writeFileSync(
      down.bin("foreign"),
      JSON.stringify({ Names: "phillbot-dev-rest-1", CreatedAt: "today", Labels: "phillbot.folder=/other" }),
    );
    await down.fails(2, /phillbot-dev-rest-1, made today by \/other/);
    assert.deepEqual(down.verbs(), []);
    assert.doesNotMatch(down.written("docker.calls"), /^rm /m);
  });

  it("removes containers that no state knows by this folder's and this stack's labels only", async () => {
    writeFileSync(down.bin("containers"), "id1 phillbot-dev-postgres-1\n");
    await down.run();
    const asked =
      down
        .written("docker.calls")
        .split("\n")
        .find((line) => line.includes("{{.Names}}")) ?? "";
    assert.ok(asked.includes(`--filter label=phillbot.folder=${down.root} --filter label=phillbot.stack=dev`), asked);
    assert.match(down.written("docker.calls"), /^rm --force --volumes id1$/m);
    assert.match(down.said.join("\n"), /phillbot-dev-postgres-1/);
  });

  it("removes such containers before the stack, whose network they hold, and leaves the stack's own to Pulumi", async () => {
    down.keep("dev", "docker:index/container:Container");
    writeFileSync(down.bin("containers"), "docker:index/container:Container-id known\nid2 unknown\n");
    down.pulumi.set("exit", "255");
    await assert.rejects(down.run());
    assert.match(down.written("docker.calls"), /^stop --time 30 id2\nrm --force --volumes id2$/m);
  });

  it("leaves them alone while an update is at work, which may be making them", async () => {
    down.keep("dev", "docker:index/container:Container");
    writeFileSync(down.bin("containers"), "id2 unknown\n");
    down.lock({ pid: 1, hostname: "another-machine" });
    await down.fails(3, /is at work/);
    assert.doesNotMatch(down.written("docker.calls"), /^(stop|rm) /m);
  });

  it("removes the bot's memory that the state knows, which Pulumi itself leaves, once the stack is destroyed", async () => {
    down.keep("dev", "docker:index/volume:Volume");
    await down.run();
    assert.match(down.written("docker.calls"), /^volume rm --force docker:index\/volume:Volume-id$/m);
    assert.match(down.said.join("\n"), /The bot's memory is removed/);
  });

  it("keeps the bot's memory where the destruction fails", async () => {
    down.keep("dev", "docker:index/volume:Volume");
    down.pulumi.set("exit", "255");
    await down.fails(3, /ended with 255/);
    assert.doesNotMatch(down.written("docker.calls"), /volume rm/);
  });

  const memory = "docker:index/volume:Volume-id";
  const memoryIs = (labels: object | null) => {
    down.keep("dev", "docker:index/volume:Volume");
    writeFileSync(down.bin("volumes"), `${memory}\n`);
    writeFileSync(down.bin("volume"), JSON.stringify([{ Name: memory, CreatedAt: "today", Labels: labels }]));
  };

  it("keeps a memory that the state knows and another clone made, and says whose it is", async () => {
    memoryIs({ "phillbot.folder": down.pulumi.folder });
    const stays = await down.run();
    assert.doesNotMatch(down.written("docker.calls"), /volume rm/);
    assert.ok(stays.includes(`The volume ${memory} stays, because ${down.pulumi.folder} made it.`), stays.join("\n"));
  });

  for (const [which, labels] of [
    ["of its own", () => ({ "phillbot.folder": down.root })],
    ["from before volumes were labelled", () => null],
    ["that it made before it was moved", () => ({ "phillbot.folder": join(down.root, "gone") })],
  ] as const) {
    it(`removes a memory ${which} that the state knows`, async () => {
      memoryIs(labels());
      const stays = await down.run();
      assert.match(down.written("docker.calls"), new RegExp(`^volume rm --force ${memory}$`, "m"));
      assert.deepEqual(stays, ["The project's packages stay: rm -r node_modules"]);
    });
  }

  it("names a volume and a network of this clone that no state knows, and leaves them", async () => {
    writeFileSync(down.bin("ownVolumes"), "phillbot-dev-postgres\n");
    writeFileSync(down.bin("ownNetworks"), "phillbot-dev\n");
    const stays = await down.run();
    assert.ok(stays.some((line) => line.endsWith("docker volume rm phillbot-dev-postgres")));
    assert.ok(stays.some((line) => line.endsWith("docker network rm phillbot-dev")));
    assert.doesNotMatch(down.written("docker.calls"), /^(volume|network) rm/m);
    assert.ok(down.written("docker.calls").includes(`--filter label=phillbot.folder=${down.root} `));
  });

  it("says nothing of a volume and a network of that name that another clone made", async () => {
    writeFileSync(down.bin("volumes"), "phillbot-dev-postgres\n");
    writeFileSync(down.bin("networks"), "phillbot-dev\n");
    assert.deepEqual(await down.run(), ["The project's packages stay: rm -r node_modules"]);
    assert.doesNotMatch(down.written("docker.calls"), /^(volume|network) rm/m);
  });
});
