import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { Target } from "../../checks/check.ts";
import { roundTrip } from "../../checks/telegramRoundTrip.ts";
import { emulatorServer } from "../../images/telegram/server.ts";

describe("The round trip through the bot", () => {
  const token = `4242:${randomBytes(24).toString("base64url")}`;
  const healthy = { status: "pass", summary: "Healthy.", measured: { running: true } } as const;
  let server: Server;
  let apiRoot: string;

  beforeEach(async () => {
    server = emulatorServer({ token: () => token, log: () => {} });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    apiRoot = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const travel = (limitMs: number) => {
    const settings = { host: { kind: "local" }, telegram: { apiRoot, owners: ["42"] } };
    const target = { settings, declared: { gateway: { name: "bot-1" } } } as unknown as Target;
    return roundTrip(target, healthy, AbortSignal.timeout(limitMs));
  };

  const bot = async (method: string, body: unknown) => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    return (await (await fetch(`${apiRoot}/bot${token}/${method}`, init)).json()) as { result: never };
  };

  /** What the bot is asked, as it hears it. */
  const asked = async () => {
    const { result } = await bot("getUpdates", { timeout: 10 });
    const [update] = result as { message: { text: string; from: { id: number; username: string } } }[];
    return update?.message ?? assert.fail("Nothing was asked.");
  };
  const identity = (id: number, username: string) => `🧭 Identity\nChannel: telegram\nUser id: ${id}\nUsername: @${username}`;

  it("passes with the time it took once the bot has answered the owner, and not on what it says before", async () => {
    const trip = travel(10_000);
    const { text, from } = await asked();
    assert.deepEqual([text, from.id], ["/whoami", 42]);
    await bot("sendMessage", { chat_id: 42, text: "Good morning." });
    await bot("sendMessage", { chat_id: 42, text: identity(42, from.username) });
    const { status, summary, measured } = await trip;
    assert.equal(status, "pass");
    assert.match(summary, /^Healthy\. The bot answered `\/whoami` in \d+ ms\.$/);
    assert.deepEqual([measured.running, typeof measured.roundTripMs], [true, "number"]);
  });

  it("asks under another name each time, so that a late answer to an earlier question answers no other", async () => {
    const first = travel(300);
    const { username } = (await asked()).from;
    await first;
    const second = travel(300);
    await bot("getUpdates", { timeout: 10 });
    await bot("sendMessage", { chat_id: 42, text: identity(42, username) });
    assert.equal((await second).status, "fail");
  });

  const others: Readonly<Record<string, (username: string) => { readonly chat_id: number; readonly text: string }>> = {
    "something else": () => ({ chat_id: 42, text: "Good morning." }),
    "the user's id alone": () => ({ chat_id: 42, text: "User id: 42" }),
    "the id as a part of another": (username) => ({ chat_id: 42, text: identity(1420, username) }),
    "the name as a part of another": (username) => ({ chat_id: 42, text: identity(42, `${username}_2`) }),
    "the answer in another chat": (username) => ({ chat_id: 43, text: identity(42, username) }),
  };
  for (const [what, message] of Object.entries(others)) {
    it(`fails where the bot says ${what} only`, async () => {
      const trip = travel(300);
      await bot("sendMessage", message((await asked()).from.username));
      const { status, remedy, measured } = await trip;
      assert.deepEqual([status, remedy, measured.roundTripMs], ["fail", "npx deck logs --since 5m", null]);
    });
  }

  const lies: readonly (readonly [string, object, string])[] = [
    ["that answers the question", {}, "pass"],
    ["of before the question", { seq: 1 }, "fail"],
    ["of another chat", { chat: 43 }, "fail"],
    ["of a user's", { by: "user" }, "fail"],
  ];
  for (const [what, change, wanted] of lies) {
    it(`says ${wanted} of a list that holds a message ${what}, whatever was asked for`, async () => {
      let name = "";
      const liar = createServer(async (request, response) => {
        const said = await json(request).catch(() => undefined);
        if (request.method === "POST") name = (said as { from: { username: string } }).from.username;
        const message = { seq: 8, chat: 42, by: "bot", kind: "message", text: identity(42, name), ...change };
        const heard = request.url?.includes("after=7") === true ? [message] : [];
        response.end(JSON.stringify(request.method === "POST" ? { after: 7 } : { messages: heard }));
      }).listen(0, "127.0.0.1");
      await once(liar, "listening");
      apiRoot = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
      const { status } = await travel(5000);
      liar.close();
      assert.equal(status, wanted);
    });
  }

  it("fails where the bot does not answer in time", async () => {
    const { status, summary } = await travel(100);
    assert.deepEqual([status, summary], ["fail", "The bot did not answer `/whoami` within 0 s; an answer is required."]);
  });

  it("is an error where the emulator is gone", async () => {
    server.close();
    await once(server, "close");
    const { status, summary } = await travel(5000);
    assert.deepEqual([status, summary], ["error", "The emulated Bot API took no message from a user (ECONNREFUSED)."]);
  });
});
