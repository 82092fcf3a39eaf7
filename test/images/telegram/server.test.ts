import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { emulatorServer } from "../../../images/telegram/server.ts";

type Answer = { status: number; body: { ok: boolean; result?: unknown; description?: string; [other: string]: unknown } };

describe("The emulated Bot API over HTTP", () => {
  let server: Server;
  let root: string;
  let token: string | undefined;
  let logged: string[];

  beforeEach(async () => {
    token = `4242:${randomBytes(24).toString("base64url")}`;
    logged = [];
    server = emulatorServer({ token: () => token, log: (line) => logged.push(line) });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const send = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(root + path, { signal: AbortSignal.timeout(5000), ...init });
    return { status: response.status, body: (await response.json()) as Answer["body"] };
  };
  const json = (method: string, body: unknown): RequestInit => ({
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const bot = (method: string, body: unknown = {}, init: RequestInit = {}) =>
    send(`/bot${token}/${method}`, { ...json("POST", body), ...init });
  const write = (text: string, id = 42) => send("/_control/messages", json("POST", { from: { id, username: "owner" }, text }));
  const setFault = (fault: string) => send("/_control/fault", json("PUT", { fault }));
  const texts = (answer: Answer) => (answer.body.messages as { text: string }[]).map((entry) => entry.text);
  const polled = async () => {
    while (!(await send("/_control/calls")).body.counts?.["getUpdates" as never]) await new Promise(setImmediate);
  };

  it("answers `getMe` with the bot that the token belongs to", async () => {
    const { id, is_bot } = (await bot("getMe")).body.result as { id: number; is_bot: boolean };
    assert.deepEqual({ id, is_bot }, { id: 4242, is_bot: true });
  });

  it("refuses another token, an empty one on its own side included, and never logs one", async () => {
    const wrong = `4242:${randomBytes(24).toString("base64url")}`;
    assert.equal((await send(`/bot${wrong}/getMe`)).status, 401);
    const real = token ?? "";
    token = undefined;
    assert.equal((await send(`/bot${real}/getMe`)).status, 401);
    assert.equal((await send("/healthz")).status, 503);
    assert.ok(logged.length > 0 && !logged.join().includes(wrong) && !logged.join().includes(real));
  });

  it("accepts a rotated token at once", async () => {
    token = `4242:${randomBytes(24).toString("base64url")}`;
    assert.equal((await bot("getMe")).status, 200);
  });

  it("answers a method it does not know with 404 and names it in its log", async () => {
    assert.equal((await bot("createInvoiceLink")).status, 404);
    assert.match(logged.join("\n"), /Unknown Bot API method `createInvoiceLink`/);
    assert.deepEqual((await send("/_control/calls")).body.unknown, ["createInvoiceLink"]);
  });

  for (const [form, init] of [
    ["JSON", json("POST", { chat_id: 42, text: "hello" })],
    ["a form", { method: "POST", body: new URLSearchParams({ chat_id: "42", text: "hello" }) }],
    ["multipart", { method: "POST", body: multipart({ chat_id: "42", text: "hello" }) }],
  ] as const) {
    it(`understands ${form}`, async () => {
      assert.equal((await send(`/bot${token}/sendMessage`, init)).status, 200);
      assert.deepEqual(texts(await send("/_control/messages?chat=42&by=bot")), ["hello"]);
    });
  }

  it("understands a GET with a query, and methods in any case", async () => {
    assert.equal((await send(`/bot${token}/SENDMESSAGE?chat_id=42&text=hello`)).status, 200);
    assert.deepEqual(texts(await send("/_control/messages?chat=42&by=bot")), ["hello"]);
  });

  it("refuses what Telegram refuses: a body that is no JSON, an empty text, a file it does not have", async () => {
    const broken = await bot("sendMessage", {}, { body: "{" });
    assert.equal(broken.status, 400);
    assert.equal((await bot("sendMessage", { chat_id: 42, text: " " })).status, 400);
    assert.equal((await bot("getFile", { file_id: "x" })).status, 400);
  });

  it("wakes a long poll as soon as a user writes, and repeats the update until it is confirmed", async () => {
    const poll = bot("getUpdates", { timeout: 50 });
    await polled();
    const written = (await write("/whoami")).body.update_id as number;
    const heard = (await poll).body.result as { update_id: number; message: { text: string; from: { id: number } } }[];
    assert.deepEqual(
      heard.map((update) => [update.update_id, update.message.text, update.message.from.id]),
      [[written, "/whoami", 42]],
    );
    assert.deepEqual((await bot("getUpdates")).body.result, heard);
    assert.equal(((await send("/_control/updates")).body.updates as unknown[]).length, 1);
    assert.deepEqual((await bot("getUpdates", { offset: written + 1 })).body.result, []);
    assert.deepEqual((await send("/_control/updates")).body.updates, []);
  });

  it("ends an older poll with 409 when another begins", async () => {
    const older = bot("getUpdates", { timeout: 50 });
    await polled();
    assert.equal((await bot("getUpdates", { timeout: 0 })).status, 200);
    const { status, body } = await older;
    assert.deepEqual([status, body.error_code], [409, 409]);
  });

  it("does not hand an update to a poller that has left", async () => {
    const leaving = new AbortController();
    const left = bot("getUpdates", { timeout: 50 }, { signal: leaving.signal });
    await polled();
    leaving.abort();
    await assert.rejects(left);
    await write("hello");
    assert.equal(((await bot("getUpdates", { timeout: 5 })).body.result as unknown[]).length, 1);
  });

  it("conflicts while a webhook is set, shows it, and counts what waits", async () => {
    await bot("setWebhook", { url: "https://example.org/hook" });
    await write("hello");
    assert.equal((await bot("getUpdates")).status, 409);
    const { url, pending_update_count } = (await bot("getWebhookInfo")).body.result as Record<string, unknown>;
    assert.deepEqual({ url, pending_update_count }, { url: "https://example.org/hook", pending_update_count: 1 });
    await bot("deleteWebhook");
    assert.equal((await bot("getUpdates")).status, 200);
  });

  for (const [fault, method, status] of [
    ["401", "getMe", 401],
    ["409", "getMe", 200],
    ["409", "getUpdates", 409],
    ["500", "getMe", 500],
  ] as const) {
    it(`answers \`${method}\` with ${status} under the fault ${fault}, and as before without it`, async () => {
      await setFault(fault);
      assert.equal((await bot(method)).status, status);
      await setFault("none");
      assert.equal((await bot(method)).status, 200);
    });
  }

  it("closes connections without an answer when `gone`, the waiting poll included", async () => {
    const poll = bot("getUpdates", { timeout: 50 });
    const refused = assert.rejects(poll);
    await polled();
    await setFault("gone");
    await refused;
    await assert.rejects(bot("getMe"));
    await setFault("none");
    assert.equal((await bot("getMe")).status, 200);
  });

  it("leaves calls unanswered when told to hang, until told otherwise", async () => {
    await setFault("hang");
    const hung = bot("getMe").then(
      () => "answered",
      () => "let go",
    );
    while (!(await send("/_control/calls")).body.counts?.["getMe" as never]) await new Promise(setImmediate);
    assert.equal(await Promise.race([hung, write("hello").then(() => "still hanging")]), "still hanging");
    await setFault("none");
    assert.equal(await hung, "let go");
  });

  it("waits for what the bot says, and for no longer than asked", async () => {
    const { after } = (await write("/whoami")).body;
    const waiting = send(`/_control/messages?chat=42&by=bot&wait=5000&after=${after}`);
    await bot("sendMessage", { chat_id: 42, text: "<b>you</b>", parse_mode: "HTML" });
    assert.deepEqual(texts(await waiting), ["you"]);
    assert.deepEqual(texts(await send(`/_control/messages?chat=7&wait=1&after=${after}`)), []);
  });

  it("carries a pressed button to the bot and its answer back", async () => {
    const keyboard = { inline_keyboard: [[{ text: "Yes", callback_data: "yes" }]] };
    const sent = (await bot("sendMessage", { chat_id: 42, text: "Sure?", reply_markup: keyboard })).body.result as {
      message_id: number;
    };
    await send("/_control/presses", json("POST", { from: { id: 42 }, message_id: sent.message_id, data: "yes" }));
    const [update] = (await bot("getUpdates")).body.result as { callback_query: { id: string; data: string } }[];
    assert.equal(update?.callback_query.data, "yes");
    await bot("answerCallbackQuery", { callback_query_id: update?.callback_query.id, text: "Done" });
    assert.deepEqual(texts(await send("/_control/messages?chat=42&by=bot")), ["Sure?", "Done"]);
  });

  for (const [title, headers] of [
    ["from another site", { origin: "https://example.org", "content-type": "application/json" }],
    ["under a name rebound to this machine", { host: "example.org", "content-type": "application/json" }],
    ["that a form of another site could make", { "content-type": "text/plain" }],
  ] as const) {
    it(`refuses control ${title}`, async () => {
      const { hostname, port } = new URL(root);
      const asked = httpRequest({ hostname, port, path: "/_control/clear", method: "POST", headers }).end("{}");
      const [response] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
      response.resume();
      assert.equal(response.statusCode, 403);
    });
  }

  it("refuses an unknown fault, a message without text, a user without id", async () => {
    assert.equal((await setFault("503")).status, 400);
    assert.equal((await write("")).status, 400);
    assert.equal((await write("hello", 0)).status, 400);
  });

  it("serves a page that may run nothing but its own script", async () => {
    const response = await fetch(root);
    assert.match(await response.text(), /<form id="say">/);
    assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'.*script-src 'sha256-/);
  });
});

function multipart(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}
