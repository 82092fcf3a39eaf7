import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { gatewayHealth } from "../../checks/gatewayClient.ts";
import { askBotApi } from "../../checks/telegramApi.ts";
import { Secret } from "../../model/secret.ts";

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
const soon = () => AbortSignal.timeout(200);

describe("A question to the Bot API", () => {
  const token = new Secret(`42:${randomBytes(24).toString("base64url")}`);
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  const ask = async (listener: RequestListener, signal: AbortSignal = AbortSignal.timeout(5000)) => {
    server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    return await askBotApi({ apiRoot: `http://127.0.0.1:${portOf(server)}/`, token, signal }, "getMe");
  };

  it("gives the result of an answer that is ok", async () => {
    let path: string | undefined;
    const reading = await ask((request, response) => {
      path = request.url;
      response.end(JSON.stringify({ ok: true, result: { id: 42 } }));
    });
    assert.deepEqual(reading, { answer: { id: 42 } });
    assert.equal(path, `/bot${token.reveal()}/getMe`);
  });

  for (const [title, body] of [
    ["not ok although the status is 200", JSON.stringify({ ok: false, result: { id: 42 } })],
    ["no JSON", "<html>"],
    ["a list", "[]"],
  ] as const) {
    it(`gives no result of an answer that is ${title}`, async () => {
      assert.deepEqual(await ask((_, response) => void response.end(body)), { answer: undefined });
    });
  }

  it("gives the code of a refusal", async () => {
    assert.deepEqual(await ask((_, response) => void response.writeHead(401).end("{}")), { refused: 401 });
  });

  it("follows no redirect, which would carry the token elsewhere, and does not name the token", async () => {
    let asked = 0;
    const reading = await ask((_, response) => {
      asked += 1;
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    assert.equal(asked, 1);
    assert.ok("silent" in reading && !JSON.stringify(reading).includes(token.reveal()));
  });

  it("ends in time, without the token, where there is no answer", async () => {
    const reading = await ask(() => {}, soon());
    assert.ok("silent" in reading);
    assert.match(reading.silent, /^The Bot API at http:\/\/127\.0\.0\.1:\d+ did not answer `getMe` \(no answer in time\)\.$/);
  });

  it("says by its code why there is no connection, without the token", async () => {
    const gone = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(gone, "listening");
    const apiRoot = `http://127.0.0.1:${portOf(gone)}`;
    const dropped = await askBotApi({ apiRoot, token, signal: AbortSignal.timeout(5000) }, "getMe");
    gone.close();
    await once(gone, "close");
    const refused = await askBotApi({ apiRoot, token, signal: AbortSignal.timeout(5000) }, "getMe");
    assert.match(JSON.stringify(dropped), /\((UND_ERR_SOCKET|ECONNRESET)\)/);
    assert.match(JSON.stringify(refused), /\(ECONNREFUSED\)/);
    assert.ok(!JSON.stringify([dropped, refused]).includes(token.reveal()));
  });
});

describe("A question to the gateway", () => {
  const token = new Secret(randomBytes(24).toString("base64url"));
  const asked = (port: number, signal: AbortSignal = AbortSignal.timeout(5000)) => gatewayHealth({ port, token, signal });

  it("says that nobody listens", async () => {
    const server = createTcpServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const port = portOf(server);
    server.close();
    await once(server, "close");
    const message = `No connection to the gateway on 127.0.0.1:${port} (ECONNREFUSED).`;
    await assert.rejects(asked(port), { name: "GatewaySilent", trouble: "unreachable", message });
  });

  it("ends in time where somebody listens and says nothing, and leaves no connection behind", async () => {
    const server = createTcpServer().listen(0, "127.0.0.1");
    try {
      const closed = once(server, "connection").then(([socket]) => once(socket.resume(), "close"));
      await once(server, "listening");
      await assert.rejects(asked(portOf(server), soon()), { name: "GatewaySilent", trouble: "timeout" });
      await closed;
    } finally {
      server.close();
    }
  });

  it("says that what listens is no gateway", async () => {
    const server = createServer((_, response) => void response.end("hello")).listen(0, "127.0.0.1");
    try {
      await once(server, "listening");
      await assert.rejects(asked(portOf(server)), { name: "GatewaySilent", trouble: "refused" });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("does not begin where the time is up already", async () => {
    await assert.rejects(asked(9, AbortSignal.abort()), { name: "GatewaySilent", trouble: "timeout" });
  });
});
