/** Proves what the memory's client sends, and how it tells each answer. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { failureKind, memoryClient, memoryLimits } from "../../memory/client.ts";
import { Secret } from "../../model/secret.ts";

interface Seen {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly key: string | undefined;
  readonly body: unknown;
}

const random = () => randomBytes(12).toString("hex");
const opaque = () => ({ key: new Secret(random()) });

/** Answers every request with one status and body, or never. */
async function serve(
  answer: { status: number; body: unknown } | "never",
  keys: { key: Secret; publishable?: Secret } = opaque(),
) {
  const seen: Seen[] = [];
  const bearers: (string | undefined)[] = [];
  const server: Server = createServer(async (request: IncomingMessage, response) => {
    bearers.push(request.headers.authorization);
    seen.push({ method: request.method, path: request.url, key: String(request.headers.apikey), body: await json(request) });
    if (answer === "never") return;
    response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = memoryClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...keys });
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { client, seen, bearers, ...keys, [Symbol.asyncDispose]: close };
}

const soon = () => AbortSignal.timeout(5_000);
const row = { key: "k", value: "v", created_at: "2026-11-22T09:00:00.5+00:00", updated_at: "2026-11-22 10:00:00.123456+00" };
const item = { key: "k", value: "v", createdAt: "2026-11-22T09:00:00.500Z", updatedAt: "2026-11-22T10:00:00.123Z" };

describe("memoryClient", () => {
  it("posts to the function with the key, and reads both ways of writing a time", async () => {
    await using server = await serve({ status: 200, body: [row] });
    assert.deepEqual(await server.client.recall("k", soon()), { ok: true, value: item });
    assert.deepEqual(server.seen, [
      { method: "POST", path: "/rest/v1/rpc/memory_recall", key: server.key.reveal(), body: { p_key: "k" } },
    ]);
  });

  it("sends a key that the project gave as both, also beside a publishable one", async () => {
    const keys = { key: new Secret(`sb_secret_${random()}`), publishable: new Secret(random()) };
    await using server = await serve({ status: 200, body: [row] }, keys);
    await server.client.recall("k", soon());
    assert.deepEqual([server.seen[0]?.key, server.bearers[0]], [keys.key.reveal(), `Bearer ${keys.key.reveal()}`]);
  });

  it("sends a signed key as the bearer's, and the publishable one as the project's", async () => {
    const keys = { key: new Secret([random(), random(), random()].join(".")), publishable: new Secret(random()) };
    await using server = await serve({ status: 200, body: [row] }, keys);
    await server.client.recall("k", soon());
    assert.deepEqual([server.seen[0]?.key, server.bearers[0]], [keys.publishable.reveal(), `Bearer ${keys.key.reveal()}`]);
  });

  it("tells a key without an item from an item", async () => {
    await using server = await serve({ status: 200, body: [] });
    assert.deepEqual(await server.client.recall("k", soon()), { ok: true, value: null });
    assert.deepEqual(await server.client.search("k", 3, soon()), { ok: true, value: [] });
  });

  it("takes a remembering that returns no row for broken", async () => {
    await using server = await serve({ status: 200, body: [] });
    const answer = await server.client.remember("k", "v", soon());
    assert.equal(answer.ok, false);
    assert.equal(!answer.ok && answer.failure.kind, "broken");
  });

  it("takes a probe that returns another nonce for broken", async () => {
    await using server = await serve({ status: 200, body: "other" });
    const answer = await server.client.probe("nonce", soon());
    assert.equal(!answer.ok && answer.failure.kind, "broken");
  });

  it("takes an empty success for broken, never for done", async () => {
    await using server = await serve({ status: 200, body: null });
    for (const answer of [
      await server.client.probe("n", soon()),
      await server.client.forget("k", soon()),
      await server.client.recall("k", soon()),
    ]) {
      assert.equal(!answer.ok && answer.failure.kind, "broken");
    }
  });

  it("sends a failing call once", async () => {
    await using server = await serve({ status: 503, body: { code: "PGRST000", message: "no database" } });
    const answer = await server.client.probe("n", soon());
    assert.deepEqual(answer, {
      ok: false,
      failure: { kind: "unreachable", code: "PGRST000", status: 503, message: "no database" },
    });
    assert.equal(server.seen.length, 1);
  });

  it("ends a call that nobody answers when its signal says so", async () => {
    await using server = await serve("never");
    const answer = await server.client.probe("n", AbortSignal.timeout(50));
    assert.equal(!answer.ok && answer.failure.kind, "aborted");
  });

  it("tells that nobody listens", async () => {
    const client = memoryClient({ url: "http://127.0.0.1:1", key: new Secret("unused") });
    const answer = await client.probe("n", soon());
    assert.equal(!answer.ok && answer.failure.kind, "unreachable");
  });

  for (const [name, key] of [
    ["an empty key", ""],
    ["a key that is too long", "x".repeat(memoryLimits.key + 1)],
  ] as const) {
    it(`refuses ${name} without sending it`, async () => {
      await using server = await serve({ status: 200, body: [row] });
      const answers = [
        await server.client.remember(key, "v", soon()),
        await server.client.recall(key, soon()),
        await server.client.forget(key, soon()),
      ];
      assert.deepEqual(
        answers.map((answer) => !answer.ok && answer.failure.kind),
        ["invalid", "invalid", "invalid"],
      );
      assert.deepEqual(server.seen, []);
    });
  }

  it("counts characters as the database does", async () => {
    await using server = await serve({ status: 200, body: [row] });
    assert.equal((await server.client.remember("🙂".repeat(memoryLimits.key), "v", soon())).ok, true);
  });
});

describe("failureKind", () => {
  for (const [code, status, kind] of [
    ["42501", 403, "refused"],
    ["42501", 401, "refused"],
    ["25006", 405, "read-only"],
    ["PGRST202", 404, "missing"],
    ["42883", 404, "missing"],
    ["", 401, "unauthorized"],
    ["PGRST301", 401, "unauthorized"],
    ["", 403, "unauthorized"],
    ["", 0, "unreachable"],
    ["PGRST003", 504, "unreachable"],
    ["55P03", 500, "broken"],
    ["", 200, "broken"],
    ["", 500, "broken"],
  ] as const) {
    it(`takes ${code || "no code"} with status ${status} for ${kind}`, () => assert.equal(failureKind(code, status), kind));
  }
});
