import assert from "node:assert/strict";
import fc from "fast-check";
import { judgeTelegram, type TelegramReadings, telegramTerms, termIds } from "../../model/telegramHealth.ts";
import { startChannel, telegramRemedy } from "../../model/telegramRemedy.ts";
import { assertPasteable } from "./pasteable.ts";

const account = {
  running: true,
  connected: true,
  lifecycle: "ready",
  tokenStatus: "available",
  lastError: null,
  restartPending: false,
  lastTransportActivityAt: 1_000_000,
};

const health = (changes: Readonly<Record<string, unknown>> = {}) => ({
  answer: { ok: true, channels: { telegram: { accounts: { default: { ...account, ...changes } } } } },
});

const healthy: TelegramReadings = {
  gateway: health(),
  container: { answer: { muted: 0, botApi: { status: 200 } } },
  me: { answer: { id: 42, is_bot: true, username: "bot" } },
  webhook: { answer: { url: "", pending_update_count: 0 } },
  botId: "42",
  askedAtMs: 1_030_000,
};

const judge = (changes: Partial<TelegramReadings> = {}) => judgeTelegram(telegramTerms({ ...healthy, ...changes }));
const without = (record: Readonly<Record<string, unknown>>, key: string) =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));

describe("The health of the Telegram channel", () => {
  it("passes where every term holds, and reads every term", () => {
    assert.equal(judge().status, "pass");
    assert.deepEqual(
      telegramTerms(healthy).map((term) => term.id),
      [...termIds],
    );
  });

  for (const [title, changes, status, said] of [
    ["the channel does not run", { gateway: health({ running: false }) }, "fail", "`running` is false; true is required."],
    ["it is not connected", { gateway: health({ connected: false }) }, "fail", "`connected` is false; true is required."],
    ["it recovers", { gateway: health({ lifecycle: "recovering" }) }, "fail", "`lifecycle` is recovering; ready is required."],
    [
      "it has no token",
      { gateway: health({ tokenStatus: "missing" }) },
      "fail",
      "`tokenStatus` is missing; available is required.",
    ],
    ["it had an error", { gateway: health({ lastError: "x" }) }, "fail", "`lastError` is set; none is required."],
    ["it is to restart", { gateway: health({ restartPending: true }) }, "fail", "`restartPending` is true; false is required."],
    [
      "its polls find no way to Telegram, which it does not notice",
      { askedAtMs: 1_251_000 },
      "fail",
      "`lastTransportActivityAt` is 251 s old; at most 90 s is allowed: the gateway's polls do not reach Telegram.",
    ],
    [
      "it never says when it was last heard",
      { gateway: health({ lastTransportActivityAt: null }) },
      "inconclusive",
      "`lastTransportActivityAt` is missing from the gateway's answer, or no time; at most 90 s is allowed.",
    ],
    [
      "its clock cannot be compared",
      { askedAtMs: 960_000 },
      "inconclusive",
      "`lastTransportActivityAt` is 40 s ahead of the host's clock; at most 90 s is allowed.",
    ],
    [
      "the bot is another",
      { me: { answer: { id: 7, is_bot: true } } },
      "fail",
      "The Bot API's bot has id 7; the token in use is of 42.",
    ],
    [
      "a webhook is set",
      { webhook: { answer: { url: "https://x", pending_update_count: 0 } } },
      "fail",
      "A webhook is set; none is allowed, because the gateway polls.",
    ],
    [
      "updates wait",
      { webhook: { answer: { url: "", pending_update_count: 3 } } },
      "fail",
      "3 updates wait for the bot; 0 are allowed.",
    ],
    [
      "the token is refused",
      { me: { refused: 401 } },
      "fail",
      "The Bot API answered `getMe` with 401; 200 is required: the token is revoked or was never valid.",
    ],
    ["the Bot API fails", { me: { refused: 500 } }, "error", "The Bot API answered `getMe` with 500; 200 is required."],
    ["the Bot API is silent", { webhook: { silent: "No answer." } }, "error", "No answer."],
    [
      "an owner told the bot to be silent",
      { container: { answer: { muted: 1, botApi: { status: 200 } } } },
      "fail",
      "In 1 conversation the bot was told `/send off`; 0 are allowed.",
    ],
    [
      "the Bot API answers here and not there",
      { container: { answer: { muted: 0, botApi: { silent: "ECONNREFUSED" } } } },
      "error",
      "The Bot API does not answer the gateway (ECONNREFUSED); any answer is wanted.",
    ],
    ["the container cannot be asked", { container: { silent: "No container." } }, "error", "No container."],
    ["the gateway is silent", { gateway: { silent: "No gateway." } }, "error", "No gateway."],
  ] as const) {
    it(`is ${status} where ${title}`, () => {
      const { status: seen, summary } = judge(changes);
      assert.deepEqual([seen, summary], [status, said]);
    });
  }

  it("fails where a crash loop has suppressed the channel, which then says nothing of a connection", () => {
    const gateway = health({ running: false, lifecycle: "stopped", lastError: "breaker tripped" });
    const { connected: _, ...rest } = gateway.answer.channels.telegram.accounts.default;
    const suppressed = { answer: { ok: true, channels: { telegram: { accounts: { default: rest } } } } };
    const { status, measured } = judge({ gateway: suppressed });
    assert.deepEqual([status, measured.running, measured.connected, measured.lifecycle], ["fail", false, null, "stopped"]);
  });

  it("lets a measured failure decide over what could not be measured, and says both", () => {
    const { status, summary } = judge({ gateway: health({ connected: false }), me: { silent: "No answer." } });
    assert.deepEqual([status, summary], ["fail", "`connected` is false; true is required. No answer."]);
  });

  it("passes by the age of the last poll exactly while that is at most 90 s, and no clock is more than 30 s behind", () => {
    fc.assert(
      fc.property(fc.integer({ min: -10_000_000, max: 10_000_000 }), (age) => {
        const passes = judge({ askedAtMs: account.lastTransportActivityAt + age }).status === "pass";
        assert.equal(passes, age >= -30_000 && age <= 90_000);
      }),
    );
    for (const age of [-30_001, -30_000, 90_000, 90_001]) {
      const { status } = judge({ askedAtMs: account.lastTransportActivityAt + age });
      assert.equal(status === "pass", age === -30_000 || age === 90_000, String(age));
    }
    assert.notEqual(judge({ askedAtMs: Number.NaN }).status, "pass");
  });

  it("never passes with any one term of the gateway missing or of another kind", () => {
    const odd = fc.oneof(fc.constant(undefined), fc.integer(), fc.constant([]), fc.constant({}), fc.constant("yes"));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(account)), odd, (key, value) => {
        const changed = value === undefined ? without(account, key) : { ...account, [key]: value };
        const gateway = { answer: { ok: true, channels: { telegram: { accounts: { default: changed } } } } };
        assert.notEqual(judge({ gateway }).status, "pass");
      }),
    );
  });

  it("never passes with any one term flipped", () => {
    const flips: readonly Partial<TelegramReadings>[] = [
      ...Object.entries(account).map(([key, value]) => ({
        gateway: health({ [key]: typeof value === "boolean" ? !value : typeof value === "number" ? -value : `${value}-not` }),
      })),
      { gateway: { answer: { ...health().answer, ok: false } } },
      { me: { answer: { id: 42, is_bot: false } } },
      { botId: "4" },
      { webhook: { answer: { url: "h", pending_update_count: 0 } } },
      { webhook: { answer: { url: "", pending_update_count: 1 } } },
    ];
    fc.assert(
      fc.property(fc.constantFrom(...flips), (flip) => {
        assert.notEqual(judge(flip).status, "pass");
      }),
    );
  });

  it("never passes on an answer of unknown shape, whatever it is, from any side", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("gateway", "container", "me", "webhook"), (answer, side) => {
        assert.notEqual(judge({ [side]: { answer } }).status, "pass");
      }),
    );
  });

  it("never passes on a refusal, whatever its code", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.constantFrom("me", "webhook"), (refused, side) => {
        assert.notEqual(judge({ [side]: { refused } }).status, "pass");
      }),
    );
  });

  it("does not pass where terms were not read at all", () => {
    for (const id of termIds) {
      const { status, summary } = judgeTelegram(telegramTerms(healthy).filter((term) => term.id !== id));
      assert.deepEqual([status, summary], ["inconclusive", `These terms were not read: ${id}.`]);
    }
    assert.equal(judgeTelegram([]).status, "inconclusive");
  });

  it("repeats nothing of an error's text and nothing odd of a word", () => {
    const { summary } = judge({ gateway: health({ lastError: "https://api/bot42:secret", lifecycle: "a b\u001b[2J<script>" }) });
    assert.ok(!summary.includes("secret"));
    assert.match(summary, /`lifecycle` is a\?b\?\?2J\?script\?;/);
  });
});

describe("The remedy for the Telegram channel", () => {
  const context = {
    host: { kind: "local" },
    container: "bot-gateway-1",
    fromHere: "https://api.telegram.org",
    fromGateway: "http://telegram:8081",
    token: { file: ".phillbot/secrets/dev.env" },
    isStandIn: false,
  } as const;
  const remedy = (changes: Partial<TelegramReadings>) => telegramRemedy(telegramTerms({ ...healthy, ...changes }), context);
  const start = `docker exec bot-gateway-1 openclaw gateway call channels.start --params '{"channel":"telegram"}'`;
  const stopped = health({ running: false, connected: false, lifecycle: "blocked", lastError: "x" });

  it("is none where all is well", () => {
    assert.equal(remedy({}), undefined);
  });

  it("starts the channel that stands still", () => {
    assert.equal(remedy({ gateway: stopped }), start);
  });

  it("wants a valid token first where the token is refused", () => {
    assert.match(remedy({ gateway: stopped, me: { refused: 401 } }) ?? "", /TELEGRAM_BOT_TOKEN/);
  });

  it("names where the token stands, and who gives one: nobody, where a stand-in takes any", () => {
    const terms = telegramTerms({ ...healthy, me: { refused: 401 } });
    const line = "the line `TELEGRAM_BOT_TOKEN` of `.phillbot/secrets/dev.env`";
    assert.equal(telegramRemedy(terms, context), `npx deck up # once ${line} gives a valid token; @BotFather issues one`);
    const played = telegramRemedy(terms, { ...context, isStandIn: true }) ?? "";
    assert.match(played, /; the stand-in takes any of the form/);
    assert.doesNotMatch(played, /BotFather/);
    assertPasteable(played);
    assert.match(telegramRemedy(terms, { ...context, token: { env: "BOT" } }) ?? "", /# once the variable `BOT` gives/);
  });

  it("points to the other poller where the channel runs without a connection", () => {
    const conflict = health({ connected: false, lifecycle: "recovering", lastError: "x" });
    assert.match(remedy({ gateway: conflict }) ?? "", /^npx deck logs --since 5m .*another poller/);
  });

  it("asks the Bot API from inside the gateway where the gateway's polls do not reach it", () => {
    const asked = `docker exec bot-gateway-1 node -e 'console.log((await fetch("http://telegram:8081")).status)'`;
    assert.equal(remedy({ gateway: health({ lastTransportActivityAt: 1 }) }), asked);
    assert.equal(remedy({ container: { answer: { muted: 0, botApi: { silent: "ECONNREFUSED" } } } }), asked);
    const timedOut = { answer: { ok: true, channels: { telegram: { accounts: { default: { lastError: "timeout" } } } } } };
    assert.equal(remedy({ gateway: timedOut }), asked);
  });

  it("wants the word that ends the silence where an owner asked for it", () => {
    assert.match(
      remedy({ container: { answer: { muted: 1, botApi: { status: 200 } } } }) ?? "",
      /^npx deck smoke telegram # .*`\/send on`$/,
    );
  });

  it("asks the Bot API by hand, without a token, where it is silent", () => {
    assert.equal(remedy({ me: { silent: "No answer." } }), "curl -sS -o /dev/null -w '%{http_code}\\n' https://api.telegram.org");
  });

  it("is a command on the host, by its own port, where the host is another machine", () => {
    const host = { kind: "ssh", address: "phill", user: "claw", port: 2222, hostKey: "ssh-ed25519 AAAA" } as const;
    assert.match(
      startChannel({ host, container: "bot" }),
      /^ssh -p 2222 claw@phill 'docker exec bot openclaw gateway call channels\.start/,
    );
  });

  it("exists wherever anything is wrong", () => {
    const wrong: readonly Partial<TelegramReadings>[] = [
      ...Object.keys(account).map((key) => ({ gateway: health({ [key]: 7 }) })),
      { gateway: { silent: "x" } },
      { container: { silent: "x" } },
      { container: { answer: { muted: 0, botApi: { silent: "x" } } } },
      { container: { answer: { muted: 1, botApi: { status: 200 } } } },
      { me: { answer: null } },
      { webhook: { answer: null } },
      { webhook: { answer: { url: "h", pending_update_count: 0 } } },
      { webhook: { answer: { url: "", pending_update_count: 1 } } },
      { webhook: { refused: 429 } },
    ];
    for (const changes of wrong) assert.notEqual(remedy(changes), undefined);
  });
});
