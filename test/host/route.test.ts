import assert from "node:assert/strict";
import type { Host, RunResult } from "../../host/host.ts";
import { LocalHost } from "../../host/local.ts";
import { ownershipRoute } from "../../host/route.ts";

describe("ownershipRoute", () => {
  const answering = (stdout: string, code = 0): Host => {
    const result: RunResult = { code, stdout, stderr: "" };
    return Object.assign(new LocalHost("unix:///e.sock"), { run: async () => result });
  };
  const owner = { uid: 1000, gid: 1000 };

  for (const [title, stdout, kind] of [
    ["root", "0\n0\n", "direct"],
    ["the owner in its group", "1000\n27 1000\n", "direct"],
    ["the owner without the group", "1000\n100\n", "container"],
    ["another user", "1001\n1001 1000\n", "container"],
  ] as const) {
    it(`is ${kind} for ${title}`, async () => {
      assert.equal((await ownershipRoute(answering(stdout), owner, "gateway:1")).kind, kind);
    });
  }

  it("hands a local engine's address on to the container's client", async () => {
    const route = await ownershipRoute(answering("1001\n1001\n"), owner, "gateway:1");
    assert.deepEqual(route, { kind: "container", image: "gateway:1", engine: "unix:///e.sock" });
  });

  it("fails where the host does not say who it is", async () => {
    await assert.rejects(ownershipRoute(answering("", 1), owner, "gateway:1"), /`id` on this machine ended with 1/);
    await assert.rejects(ownershipRoute(answering("0\n"), owner, "gateway:1"), /`id` on this machine/);
  });
});
