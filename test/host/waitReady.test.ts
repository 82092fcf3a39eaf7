/** The wait that comes before indexing, run by this Node as the gateway's container would. */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { execa } from "execa";
import { nodeScriptText } from "../../host/script.ts";

describe("The wait for a gateway that boots", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** Answers each path by its own turn; counts how often each was asked. */
  async function gateway(answer: (path: string, turn: number) => number): Promise<{ port: number; asked: Map<string, number> }> {
    const asked = new Map<string, number>();
    const listening = createServer(({ url = "" }, response) => {
      const turn = (asked.get(url) ?? 0) + 1;
      asked.set(url, turn);
      response.writeHead(answer(url, turn)).end();
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    return { port: (listening.address() as AddressInfo).port, asked };
  }

  const wait = (port: number, alive: number, ready: number) =>
    execa("node", ["--input-type=module", "--eval", nodeScriptText("wait-ready"), "--", `${port}`, `${alive}`, `${ready}`], {
      reject: false,
    });

  it("goes on once the gateway is alive and its channels are ready, and not before", async () => {
    const { port, asked } = await gateway((path, turn) => (turn < (path === "/healthz" ? 2 : 3) ? 503 : 200));
    const { exitCode } = await wait(port, 30, 30);
    assert.deepEqual([exitCode, Object.fromEntries(asked)], [0, { "/healthz": 2, "/readyz": 3 }]);
  });

  it("goes on without a channel that does not come, which is the gate's matter", async () => {
    const { port, asked } = await gateway((path) => (path === "/healthz" ? 200 : 503));
    const { exitCode } = await wait(port, 30, 0.4);
    assert.equal(exitCode, 0);
    assert.ok((asked.get("/readyz") ?? 0) >= 2);
  });

  it("fails where the gateway does not come alive, and says so", async () => {
    const { port } = await gateway(() => 503);
    const { exitCode, stderr } = await wait(port, 0.4, 30);
    assert.deepEqual([exitCode, stderr], [69, "The gateway is not alive after 0.4 s."]);
  });
});
