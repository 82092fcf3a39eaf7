import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import type { CheckContext, Target } from "../../checks/check.ts";
import { providerCheck } from "../../checks/provider.ts";
import { judgeModel, judgeProvider } from "../../model/provider.ts";
import { Secret } from "../../model/secret.ts";
import { providerSecret, type Settings } from "../../model/settings.ts";

const accepted = {
  anthropic: { data: [{ id: "claude" }] },
  openai: { data: [{ id: "gpt" }] },
  openrouter: { data: { label: "key" } },
};
const model = { anthropic: { id: "m-20260101" }, openai: { id: "m" }, openrouter: { data: [{ id: "other" }, { id: "m" }] } };
const names = Object.keys(accepted) as (keyof typeof accepted)[];

describe("providerCheck", () => {
  const key = new Secret(randomBytes(24).toString("base64url"));
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  /** What the gateway's container says of the way, and what it was asked. */
  let way: { code: number; stdout: string };
  let commands: (readonly string[])[];
  beforeEach(() => {
    way = { code: 0, stdout: JSON.stringify({ status: 404 }) };
    commands = [];
  });
  const host = {
    kind: "ssh",
    run: async (argv: readonly string[]) => {
      commands.push(argv);
      return { ...way, stderr: "" };
    },
  };

  const probe = (provider: Settings["provider"], options: { signal?: AbortSignal; secrets?: Target["secrets"] } = {}) => {
    const secrets = options.secrets ?? new Map(Object.values(providerSecret).map((name) => [name ?? "", key]));
    const declared = { gateway: { name: "bot-gateway-1" } };
    const target = { settings: { provider, host: { kind: "local" } }, secrets, host, declared } as unknown as Target;
    return providerCheck.probe(target, { signal: options.signal ?? AbortSignal.timeout(5000) } as CheckContext);
  };

  const ask = async (name: keyof typeof accepted, listener: RequestListener, signal?: AbortSignal) => {
    server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    const apiRoot = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return await probe({ name, model: "m", apiRoot }, signal === undefined ? {} : { signal });
  };
  const answer = (status: number, body: unknown): RequestListener => {
    return (_, response) => void response.writeHead(status).end(JSON.stringify(body));
  };

  /** Each provider as it is, but for the question for a model. */
  const sound =
    (name: keyof typeof accepted, status = 200, body: unknown = model[name]): RequestListener =>
    (request, response) => {
      const isModel = request.url === (name === "openrouter" ? "/v1/models" : "/v1/models/m");
      response.writeHead(isModel ? status : 200).end(JSON.stringify(isModel ? body : accepted[name]));
    };

  it("passes without a provider, and says what that means", async () => {
    const { status, summary } = await probe({ name: "none" });
    assert.deepEqual([status, summary], ["pass", "No model provider is configured: the bot answers commands only."]);
  });

  for (const name of names) {
    it(`passes where ${name} accepts the key, which travels in a header only`, async () => {
      let seen: IncomingMessage | undefined;
      const finding = await ask(name, (request, response) => {
        seen = request;
        sound(name)(request, response);
      });
      assert.equal(finding.status, "pass", finding.summary);
      assert.ok(!JSON.stringify(commands).includes(key.reveal()));
      assert.ok(JSON.stringify(seen?.headers).includes(key.reveal()) && !seen?.url?.includes(key.reveal()));
      assert.ok(!JSON.stringify(finding).includes(key.reveal()));
    });

    it(`fails where ${name} has no such model, and names it and its setting`, async () => {
      const finding = await ask(name, name === "openrouter" ? sound(name, 200, { data: [{ id: "n" }] }) : sound(name, 404, {}));
      assert.equal(finding.status, "fail");
      assert.match(finding.summary, /the model `m`, which `phillbot:provider\.model` names/);
      assert.match(finding.remedy ?? "", /^npx deck up # once `phillbot:provider\.model`/);
    });

    it(`is inconclusive where ${name} answers the question for the model with something else`, async () => {
      assert.equal((await ask(name, sound(name, 200, {}))).status, "inconclusive");
    });

    it(`is inconclusive where ${name}'s place is taken by something that answers 200 to everything`, async () => {
      assert.equal((await ask(name, answer(200, {}))).status, "inconclusive");
    });

    it(`fails without a value for ${providerSecret[name]}`, async () => {
      const { status, summary } = await probe({ name, model: "m" }, { secrets: new Map() });
      assert.equal(status, "fail");
      assert.ok(summary.includes(providerSecret[name]));
    });
  }

  for (const [left, status] of [
    [0, "fail"],
    [-0.25, "fail"],
    [0.0001, "pass"],
    [null, "pass"],
    [undefined, "pass"],
    ["74.5", "inconclusive"],
  ] as const) {
    it(`is ${status} where ${JSON.stringify(left)} is left of the limit of openrouter's key`, async () => {
      const finding = await ask("openrouter", (request, response) => {
        if (request.url !== "/v1/key") return void sound("openrouter")(request, response);
        response.end(JSON.stringify({ data: { label: "key", limit: 5, limit_remaining: left } }));
      });
      assert.equal(finding.status, status, finding.summary);
      if (status !== "fail") return;
      assert.ok(finding.summary.includes(`what is left of its limit is ${left}; more than 0 is required`), finding.summary);
      assert.match(finding.remedy ?? "", /^npx deck up # once the key's limit is raised at https:\/\/openrouter\.ai\//);
    });
  }

  for (const [code, status] of [
    [401, "fail"],
    [403, "fail"],
    [404, "error"],
    [429, "error"],
    [500, "error"],
    [529, "error"],
  ] as const) {
    it(`is ${status} where the provider answers ${code}, with a remedy`, async () => {
      const finding = await ask("anthropic", answer(code, {}));
      assert.deepEqual([finding.status, finding.measured.httpStatus], [status, code]);
      assert.ok(finding.remedy !== undefined);
    });
  }

  it("fails where the gateway cannot reach what this machine reaches", async () => {
    way.stdout = JSON.stringify({ silent: "ENOTFOUND" });
    const { status, summary, remedy, measured } = await ask("anthropic", sound("anthropic"));
    assert.equal(status, "fail");
    assert.match(summary, /^The gateway cannot reach http:\/\/127\.0\.0\.1:\d+ \(ENOTFOUND\); any answer is required\.$/);
    assert.match(remedy ?? "", /^docker exec bot-gateway-1 node /);
    assert.equal(measured.fromGateway, null);
  });

  it("asks from the gateway at the address that the gateway uses", async () => {
    server = createServer(sound("openai")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const apiRoot = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const finding = await probe({ name: "openai", model: "m", apiRoot, gatewayApiRoot: "http://provider:8080/" });
    assert.deepEqual([finding.status, finding.measured.fromGateway], ["pass", 404]);
    assert.deepEqual(
      commands.map((argv) => [argv.slice(0, 3).join(" "), argv.at(-1)]),
      [["docker exec bot-gateway-1", "http://provider:8080"]],
    );
  });

  for (const said of [
    { code: 1, stdout: JSON.stringify({ status: 200 }) },
    { code: 0, stdout: "" },
    { code: 0, stdout: JSON.stringify({ status: 0 }) },
  ]) {
    it(`could not tell where the container ends with ${said.code} and says ${JSON.stringify(said.stdout)}`, async () => {
      way = said;
      assert.equal((await ask("anthropic", sound("anthropic"))).status, "error");
    });
  }

  it("takes openrouter's ways of serving behind a model's name, and no other", () => {
    const judged = (asked: string) => judgeModel("openrouter", asked, { status: 200, body: model.openrouter }).status;
    assert.deepEqual(["m", "m:nitro", "m:free", "mm"].map(judged), ["pass", "pass", "fail", "fail"]);
  });

  it("has no model by any status but 200", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.constantFrom(...names), (status, name) => {
        const judged = judgeModel(name, "m", { status, body: model[name] }).status;
        assert.equal(judged === "pass", status === 200);
      }),
    );
  });

  it("follows no redirect, which would carry the key elsewhere", async () => {
    let asked = 0;
    const finding = await ask("anthropic", (_, response) => {
      asked += 1;
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    assert.deepEqual([finding.status, asked], ["error", 1]);
  });

  it("is an error, in time, where the provider does not answer", async () => {
    const finding = await ask("openai", () => {}, AbortSignal.timeout(200));
    assert.equal(finding.status, "error");
    assert.match(finding.summary, /^openai at http:\/\/127\.0\.0\.1:\d+ did not answer \(no answer in time\)\.$/);
  });

  it("never passes on any status but 200", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.constantFrom(...names), (status, name) => {
        const judged = judgeProvider(name, status, accepted[name]).status;
        assert.equal(judged === "pass", status === 200);
      }),
    );
  });
});
