import assert from "node:assert/strict";
import type { Check, Target } from "../../checks/check.ts";
import { runCheck } from "../../checks/run.ts";
import { telegramCheck } from "../../checks/telegram.ts";
import { type ChatOptions, chat } from "../../deck/chat.ts";
import { execute } from "../../host/execute.ts";
import { LocalHost } from "../../host/local.ts";
import type { CheckResult } from "../../model/check.ts";
import { gatePolicySchema } from "../../model/gate.ts";
import { Secret } from "../../model/secret.ts";
import { docker, type GatewayStack, owner, startGatewayStack, until } from "./gatewayStack.ts";
import { setTelegramFault, type TelegramFault } from "./telegramFault.ts";

/** A reading by the real gateway and the emulated Bot API takes a moment; a booting gateway on a busy machine takes minutes. */
const bootLimitMs = 240_000;

describe("The telegram check on a real gateway", function () {
  this.timeout(600_000);
  let stack: GatewayStack;

  const target = (secrets = stack.secrets, name = stack.gateway) =>
    ({
      settings: stack.settings,
      secrets,
      host: new LocalHost(),
      declared: { gateway: { name, port: stack.settings.gateway.port, composeProject: "none" } },
    }) as unknown as Target;

  /** One reading: the check's own retries would hide how long a fault is seen. */
  const read = (at = target(), check: Check = { ...telegramCheck, settles: false }): Promise<CheckResult> =>
    runCheck(check, at, {
      policy: gatePolicySchema.parse({ version: 1 }),
      stack: "dev",
      now: () => new Date(),
      redact: (text) => text,
    });
  const reads = (status: CheckResult["status"], limitMs = bootLimitMs) =>
    until(
      `a reading that is ${status}`,
      async () => {
        const result = await read();
        if (result.status !== status) throw new Error(`It is ${result.status}: ${result.summary}`);
        return result;
      },
      limitMs,
    );
  const passes = () => reads("pass");
  const broken = (result: CheckResult, allowed: Readonly<Record<string, unknown>>) =>
    Object.entries(allowed).flatMap(([term, value]) => (result.measured[term] === value ? [] : [term]));
  const good = { running: true, connected: true, lifecycle: "ready", lastError: "none", webhook: "none", pending: 0 };

  before(async () => {
    stack = await startGatewayStack();
    await passes();
  });

  const setFault = (fault: TelegramFault) => setTelegramFault(stack.settings.telegram.apiRoot, fault);
  // What a test that failed left set would be the next one's failure.
  afterEach(() => setFault("none"));

  after(async () => {
    await stack?.[Symbol.asyncDispose]();
  });

  it("passes with every term read and a round trip, and no secret in it", async () => {
    const result = await passes();
    assert.deepEqual(broken(result, good), []);
    assert.equal(typeof result.measured.roundTripMs, "number");
    for (const secret of stack.secrets.values()) assert.ok(!JSON.stringify(result).includes(secret.reveal()));
  });

  it("finds every method that the gateway calls in the emulator", async () => {
    const calls = (await (await fetch(`${stack.settings.telegram.apiRoot}/_control/calls`)).json()) as {
      counts: Record<string, number>;
      unknown: string[];
    };
    assert.deepEqual(calls.unknown, []);
    for (const method of ["getMe", "deleteWebhook", "setMyCommands", "getUpdates", "sendMessage"]) {
      assert.ok((calls.counts[method] ?? 0) > 0, `\`${method}\` was not called`);
    }
  });

  it("answers `deck chat --text /whoami`, and a stranger not", async () => {
    const said: string[] = [];
    const say = (id: number, answerLimitMs: number) => {
      const output = { data: (text: string) => void said.push(text), progress: () => {} };
      const { apiRoot } = stack.settings.telegram;
      const options: Omit<ChatOptions, "input"> = {
        ...{ apiRoot, from: { id, username: "tester" }, text: "/whoami", answerLimitMs, output },
        signal: AbortSignal.timeout(100_000),
      };
      return chat({ ...options, input: process.stdin });
    };
    assert.equal((await say(Number(owner), 90_000)).code, 0);
    assert.match(said.join(""), new RegExp(`User id: ${owner}`));
    const stranger = await say(4711, 5000);
    assert.ok(!stranger.answers.join("").includes("4711"));
  });

  it("fails with a token that the Bot API does not know", async () => {
    const [id] = stack.secrets.get("TELEGRAM_BOT_TOKEN")?.reveal().split(":") ?? [];
    const secrets = new Map([...stack.secrets, ["TELEGRAM_BOT_TOKEN", new Secret(`${id}:${"x".repeat(35)}`)]]);
    const { status, summary } = await read(target(secrets));
    assert.equal(status, "fail");
    assert.match(summary, /`getMe` with 401/);
  });

  it("is an error, not a failure, with a gateway token that the gateway refuses, and does not wait for another", async () => {
    const secrets = new Map([...stack.secrets, ["OPENCLAW_GATEWAY_TOKEN", new Secret("x".repeat(32))]]);
    const { status, summary, remedy, durationMs } = await read(target(secrets), telegramCheck);
    assert.equal(status, "error");
    assert.match(summary, /^What runs was deployed with another gateway token .* Refused by the gateway/);
    assert.equal(remedy, "npx deck up");
    assert.ok(durationMs < telegramCheck.deadlineMs / 3, `It took ${durationMs} ms.`);
  });

  it("does not wait for a container that is not there, and names the command that makes it", async () => {
    const { status, summary, remedy, durationMs } = await read(target(stack.secrets, "phillbot-none-1"), telegramCheck);
    assert.equal(status, "error");
    assert.match(summary, /^There is no container `phillbot-none-1`/);
    assert.equal(remedy, "npx deck up");
    assert.ok(durationMs < telegramCheck.deadlineMs / 3, `It took ${durationMs} ms.`);
  });

  // Under `hang` the gateway's own question runs out of time as well, which it tells as an error of the channel.
  for (const [fault, why, seen] of [
    ["gone", "did not answer `getMe`", "error"],
    ["hang", "`lastError` is set; none is required.", "fail"],
    ["500", "answered `getMe` with 500", "error"],
  ] as const) {
    it(`is ${seen} under the fault ${fault}, and passes again by itself`, async () => {
      await setFault(fault);
      const { status, summary, remedy } = await read();
      assert.equal(status, seen);
      assert.ok(summary.includes(why), summary);
      assert.match(remedy ?? "", /^curl /);
      await setFault("none");
      await passes();
    });
  }

  it("fails under a second poller although `getMe` answers, and passes again by itself once that has ended", async () => {
    await setFault("409");
    const result = await reads("fail");
    assert.deepEqual(broken(result, good).slice(0, 3), ["connected", "lifecycle", "lastError"]);
    assert.match(result.remedy ?? "", /another poller/);
    await setFault("none");
    await passes();
  });

  it("is an error where the gateway alone lost its way to Telegram, also without a round trip, and passes again by itself", async () => {
    const { name } = stack.settings;
    const { devServices: _, ...hosted } = stack.settings;
    const readHosted = () => read({ ...target(), settings: hosted } as Target);
    // Without its alias the gateway does not find it, though this machine does by its port. Only a restart ends the poll under way.
    const reconnect = async (...options: readonly string[]) => {
      await docker("network", "disconnect", name, stack.emulator);
      await docker("network", "connect", ...options, name, stack.emulator);
      await docker("restart", "--time", "1", stack.emulator);
    };
    await reconnect();
    try {
      // Long before the gateway's own memory of its last poll is too old.
      const cut = await until("the Bot API to answer this machine and not the gateway", async () => {
        const result = await readHosted();
        const alone = result.measured.fromGateway !== 200 && result.measured.getMe !== null && result.measured.pending !== null;
        return alone ? result : undefined;
      });
      assert.equal(cut.status, "error");
      assert.match(cut.summary, /The Bot API does not answer the gateway \((?:ENOTFOUND|EAI_AGAIN)\); any answer is wanted\./);
      assert.match(cut.remedy ?? "", /^docker exec /);
    } finally {
      await reconnect("--alias", "telegram");
    }
    await passes();
  });

  it("fails where the owner told the bot to be silent, and passes again once told to speak", async () => {
    const say = (text: string) => {
      const from = { id: Number(owner), username: "tester" };
      return fetch(`${stack.settings.telegram.apiRoot}/_control/messages`, {
        ...{ method: "POST", headers: { "content-type": "application/json" } },
        body: JSON.stringify({ from, text }),
      });
    };
    await say("/send off");
    const muted = await until("the silence alone to be seen", async () => {
      const result = await read();
      return result.measured.muted === 1 && broken(result, good).length === 0 ? result : undefined;
    });
    assert.deepEqual([muted.status, muted.summary], ["fail", "In 1 conversation the bot was told `/send off`; 0 are allowed."]);
    assert.match(muted.remedy ?? "", /`\/send on`/);
    await say("/send on");
    await passes();
  });

  it("fails with a revoked token, and passes again by the remedy once the token is valid", async () => {
    await setFault("401");
    const refused = await reads("fail");
    assert.match(refused.remedy ?? "", /^npx deck up # once the variable `UNUSED` gives a valid token/);
    await until("the channel to stop", async () => ((await read()).measured.running === false ? true : undefined));
    await setFault("none");
    const stopped = await reads("fail");
    assert.deepEqual(broken(stopped, { running: true, webhook: "none" }), ["running"]);
    await follow(stopped);
  });

  it("fails where a crash loop has suppressed the channel, and passes again by the remedy", async () => {
    for (let kill = 1; kill <= 3; kill += 1) {
      await docker("kill", "--signal", "KILL", stack.gateway);
      await docker("start", stack.gateway);
      await until("the gateway to serve", async () => ((await isServing()) ? true : undefined), bootLimitMs);
    }
    const suppressed = await reads("fail");
    assert.deepEqual(broken(suppressed, { running: true, tokenStatus: "available", webhook: "none" }), ["running"]);
    await follow(suppressed);
  });

  const isServing = async () => (await fetch(`http://127.0.0.1:${stack.settings.gateway.port}/healthz`)).ok;

  /** Types the remedy as an operator would, and waits until it has helped. */
  const follow = async ({ remedy }: CheckResult) => {
    assert.equal(remedy, `docker exec ${stack.gateway} openclaw gateway call channels.start --params '{"channel":"telegram"}'`);
    const { code, stderr } = await execute(["sh", "-c", remedy], { timeoutMs: 120_000 });
    assert.equal(code, 0, stderr);
    await passes();
  };
});
