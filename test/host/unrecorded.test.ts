import assert from "node:assert/strict";
import type { Host } from "../../host/host.ts";
import { findLabelled, removeContainers, removeNetworks } from "../../host/unrecorded.ts";

/** An engine that answers by the first words after `docker`, and keeps what it was asked. */
function engine(answers: Readonly<Record<string, string>>, failing?: string) {
  const asked: string[] = [];
  const run: Host["run"] = async ([, ...words]) => {
    const line = words.join(" ");
    asked.push(line);
    if (failing !== undefined && line.startsWith(failing)) return { code: 1, stdout: "", stderr: "It does not answer." };
    const found = Object.entries(answers).find(([start]) => line.startsWith(start));
    return { code: 0, stdout: found?.[1] ?? "", stderr: "" };
  };
  return { host: { kind: "local", description: "this machine", docker: {}, run } as unknown as Host, asked };
}

describe("findLabelled", () => {
  const container = { Id: "c", Name: "/a-1", Config: { Labels: { x: "1" } }, NetworkSettings: { Networks: { a: {}, b: {} } } };
  const network = { Id: "n", Name: "a", Labels: null };

  it("tells of containers and networks of the stack's label, and who is on a network, running or not", async () => {
    const { host, asked } = engine({
      "container ls --all --filter label=phillbot.stack=dev ": "c\n",
      "container inspect c": JSON.stringify([container]),
      "network ls --filter label=phillbot.stack=dev ": "n\n",
      "network inspect n": JSON.stringify([network]),
      "container ls --all --no-trunc --quiet --filter network=n": "c\nd\n",
    });
    assert.deepEqual(await findLabelled(host, "dev"), {
      containers: [{ id: "c", name: "a-1", labels: { x: "1" }, networks: ["a", "b"] }],
      networks: [{ id: "n", name: "a", labels: {}, users: ["c", "d"] }],
    });
    assert.ok(asked.filter((line) => / ls /.test(line)).every((line) => line.includes("--no-trunc")));
  });

  it("inspects nothing where there is nothing", async () => {
    const { host, asked } = engine({});
    assert.deepEqual(await findLabelled(host, "dev"), { containers: [], networks: [] });
    assert.equal(asked.length, 2);
  });

  for (const failing of ["container ls", "network ls"])
    it(`is no empty answer where \`${failing}\` fails`, async () => {
      await assert.rejects(findLabelled(engine({}, failing).host, "dev"), /It does not answer/);
    });

  it("is no guess where the engine answers in another shape", async () => {
    const { host } = engine({ "container ls": "c\n", "container inspect": '[{"Id":"c"}]' });
    await assert.rejects(findLabelled(host, "dev"));
  });
});

describe("removal", () => {
  it("lets a container end its work before it goes, and its named volumes stay", async () => {
    const { host, asked } = engine({});
    await removeContainers(host, [{ id: "a" }, { id: "b" }]);
    assert.deepEqual(asked, ["container stop a b", "container rm --force --volumes a b"]);
  });

  it("removes none that could not be stopped", async () => {
    const { host, asked } = engine({}, "container stop");
    await assert.rejects(removeContainers(host, [{ id: "a" }]), /ended with 1, wanted 0/);
    assert.deepEqual(asked, ["container stop a"]);
  });

  it("runs nothing where nothing is to go", async () => {
    const { host, asked } = engine({});
    await removeContainers(host, []);
    await removeNetworks(host, []);
    assert.deepEqual(asked, []);
  });
});
