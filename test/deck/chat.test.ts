import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type ChatOptions, chat } from "../../deck/chat.ts";
import { chatVerb } from "../../deck/chatVerb.ts";
import { ensureDevStack } from "../../deck/devStack.ts";
import { emulatorServer } from "../../images/telegram/server.ts";

describe("deck chat", () => {
  const token = `4242:${randomBytes(24).toString("base64url")}`;
  let server: Server;
  let apiRoot: string;
  let input: PassThrough;
  let said: string[];
  let bot: AbortController;

  beforeEach(async () => {
    server = emulatorServer({ token: () => token, log: () => {} });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    apiRoot = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    input = new PassThrough();
    said = [];
    bot = new AbortController();
  });

  afterEach(() => {
    bot.abort();
    server.closeAllConnections();
    server.close();
  });

  const call = async (method: string, body: unknown) => {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body), signal: bot.signal };
    return (await (await fetch(`${apiRoot}/bot${token}/${method}`, init)).json()) as { result: never };
  };

  /** A bot that answers each message by `reply`, until the test ends. */
  const runBot = async (reply: (text: string) => string) => {
    for (let offset = 0; ; ) {
      const { result } = await call("getUpdates", { offset, timeout: 50 });
      for (const update of result as { update_id: number; message: { text: string; chat: { id: number } } }[]) {
        offset = update.update_id + 1;
        await call("sendMessage", { chat_id: update.message.chat.id, text: reply(update.message.text) });
      }
    }
  };
  const startBot = (reply: (text: string) => string) => runBot(reply).catch(() => undefined);

  const options = (more: Partial<ChatOptions> = {}): ChatOptions => ({
    apiRoot,
    from: { id: 42, username: "owner" },
    input,
    output: { data: (text) => said.push(text), progress: () => {} },
    signal: bot.signal,
    ...more,
  });

  it("says one text and prints its answer, with exit code 0", async () => {
    void startBot((text) => `You said ${text}`);
    assert.deepEqual(await chat(options({ text: "/whoami" })), { code: 0, answers: ["You said /whoami"] });
    assert.deepEqual(said, ["You said /whoami\n"]);
  });

  it("ends with 3 where no answer comes in time", async () => {
    assert.deepEqual(await chat(options({ text: "/whoami", answerLimitMs: 50 })), { code: 3, answers: [] });
  });

  it("does not take another chat's answer for its own", async () => {
    const waiting = chat(options({ text: "/whoami", answerLimitMs: 150 }));
    await call("sendMessage", { chat_id: 7, text: "not for you" });
    assert.equal((await waiting).code, 3);
  });

  it("prints nothing that steers a terminal", async () => {
    void startBot(() => "\u001b[2Jgone\u009b1m\nstill here");
    await chat(options({ text: "hello" }));
    assert.deepEqual(said, ["[2Jgone1m\nstill here\n"]);
  });

  it("fails with 3 and a remedy where the emulator is not there", async () => {
    server.close();
    await once(server, "close");
    await assert.rejects(chat(options({ text: "hello" })), { name: "DeckError", code: 3, remedy: `curl -sS ${apiRoot}/healthz` });
  });

  const terminal = () => Object.assign(input, { isTTY: true });

  it("converses line by line until the input ends", async () => {
    void startBot((text) => text.toUpperCase());
    const heard = Promise.withResolvers<void>();
    const output = {
      data: (text: string) => {
        said.push(text);
        if (said.length === 2) heard.resolve();
      },
      progress: () => {},
    };
    const talk = chat(options({ output, input: terminal() }));
    input.write("one\n\ntwo\n");
    await heard.promise;
    input.end();
    assert.deepEqual(await talk, { code: 0, answers: ["ONE", "TWO"] });
  });

  it("shows on a terminal where to type, and takes that away for each answer and at the end", async () => {
    void startBot((text) => text.toUpperCase());
    const drawn: string[] = [];
    const heard = Promise.withResolvers<void>();
    const data = (text: string) => {
      drawn.push(text);
      heard.resolve();
    };
    const talk = chat(
      options({ output: { data, progress: () => {} }, input: terminal(), draw: (text) => void drawn.push(text) }),
    );
    input.write("one\n");
    await heard.promise;
    input.end();
    await talk;
    const erase = "\r\u001b[2K";
    assert.equal(drawn[0], `${erase}> `);
    assert.equal(drawn[drawn.indexOf("ONE\n") - 1], erase);
    assert.equal(drawn[drawn.indexOf("ONE\n") + 1], `${erase}> `);
    assert.equal(drawn.at(-1), erase);
  });

  it("refuses whom it cannot speak as before it says anything else", async () => {
    const root = mkdtempSync(join(tmpdir(), "phillbot-chat-"));
    try {
      const images = { gateway: "test/gateway:1", telegram: "test/telegram:1", rest: "test/rest:1", postgres: "test/postgres:1" };
      await ensureDevStack({ projectRoot: root, stack: "dev", images, ownPorts: true });
      const call = { verb: "chat", stack: "dev", json: false, yes: false, dryRun: false, args: ["hi"], options: { as: "bob" } };
      const output = { data: () => {}, progress: (line: string) => void said.push(line), hide: () => {} };
      const world = { root, environment: {}, output, now: () => new Date(), signal: bot.signal };
      await assert.rejects(chatVerb.run(call, world), { code: 2, message: /must be a numeric Telegram user id/ });
      assert.deepEqual(said, []);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it("ends the conversation when it is interrupted", async () => {
    const interrupt = new AbortController();
    const talk = chat(options({ signal: interrupt.signal, input: terminal() }));
    interrupt.abort();
    assert.deepEqual(await talk, { code: 0, answers: [] });
  });

  it("waits for the answer to each line of a pipe, also behind its end", async () => {
    void startBot((text) => text.toUpperCase());
    input.end("one\n\ntwo");
    assert.deepEqual(await chat(options()), { code: 0, answers: ["ONE", "TWO"] });
    assert.deepEqual(said, ["ONE\n", "TWO\n"]);
  });

  it("ends with 3 where one line of a pipe has no answer in time, and says which", async () => {
    const progress: string[] = [];
    input.end("one\n");
    const output = { data: () => {}, progress: (line: string) => void progress.push(line) };
    assert.deepEqual(await chat(options({ output, answerLimitMs: 50 })), { code: 3, answers: [] });
    assert.match(progress.join(), /did not answer "one" within 0.05 s/);
  });

  it("has not heard all where it is interrupted while a pipe waits", async () => {
    const interrupt = new AbortController();
    const talk = chat(options({ signal: interrupt.signal }));
    input.end("one\n");
    setImmediate(() => interrupt.abort());
    assert.deepEqual(await talk, { code: 3, answers: [] });
  });
});
