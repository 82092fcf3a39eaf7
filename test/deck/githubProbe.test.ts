import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TreeTarget } from "../../checks/check.ts";
import { githubCheck } from "../../deck/githubProbe.ts";
import { DeckError } from "../../deck/verb.ts";
import { Secret } from "../../model/secret.ts";
import { context } from "../checks/gatewayHost.ts";

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

describe("deck smoke github", () => {
  const token = randomBytes(20).toString("hex");
  const asked: { path: string | undefined; authorization: string | undefined }[] = [];
  let server: Server;
  let answers: Record<string, Answer>;

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    asked.push({ path: request.url, authorization: request.headers.authorization });
    const { status = 200, headers = {}, body = {} } = answers[request.url ?? ""] ?? { status: 404 };
    response.writeHead(status, headers).end(JSON.stringify(body));
  };
  const api = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const probe = (settings: unknown = { github: { repository: "ann/bot", defaultBranch: "main", scopes: ["repo"] } }) => {
    const target = { settings, secrets: new Map([["GITHUB_TOKEN", new Secret(token)]]) } as unknown as TreeTarget;
    return githubCheck({ GITHUB_API_URL: api() }).probe(target, context());
  };

  before((done) => {
    server = createServer(answer).listen(0, "127.0.0.1", done);
  });
  after((done) => {
    server.close(done);
  });
  beforeEach(() => {
    asked.length = 0;
    answers = {
      "/repos/ann/bot": { headers: { "x-oauth-scopes": "repo" }, body: { full_name: "ann/bot", default_branch: "main" } },
      "/repos/ann/bot/branches/main": { body: { name: "main" } },
    };
  });

  it("passes a valid token with the declared scopes, and sends it in the header only", async () => {
    const finding = await probe();
    assert.equal(finding.status, "pass");
    assert.deepEqual(
      asked.map(({ authorization }) => authorization),
      [`Bearer ${token}`, `Bearer ${token}`],
    );
    assert.ok(!JSON.stringify([finding, asked.map(({ path }) => path)]).includes(token));
  });

  const repository = "/repos/ann/bot";
  for (const [title, change, status, words] of [
    ["a token that is not valid", { [repository]: { status: 401 } }, "fail", /does not accept the token \(401\)/],
    ["a repository that cannot be read", { [repository]: { status: 404 } }, "fail", /`ann\/bot` is not readable/],
    ["a repository that was moved", { [repository]: { status: 301, headers: { location: "/elsewhere" } } }, "fail", /was moved/],
    ["a branch that cannot be read", { [`${repository}/branches/main`]: { status: 404 } }, "fail", /branch `main`.*not readable/],
    ["a spent rate", { [repository]: { status: 429 } }, "inconclusive", /too many requests/],
    ["a missing right", { [repository]: { status: 403 } }, "inconclusive", /no right to it/],
    ["a failing GitHub", { [repository]: { status: 502 } }, "error", /answered 502; 200 is wanted/],
  ] as const) {
    it(`says ${status} of ${title}`, async () => {
      answers = { ...answers, ...change };
      const finding = await probe();
      assert.equal(finding.status, status);
      assert.match(finding.summary, words);
    });
  }

  const withScopes = (scopes: Record<string, string>, branch = "main") => {
    answers[repository] = { headers: scopes, body: { full_name: "ann/bot", default_branch: branch } };
  };

  it("fails scopes wider than declared, by name", async () => {
    withScopes({ "x-oauth-scopes": "repo, delete_repo" });
    const { status, summary } = await probe();
    assert.equal(status, "fail");
    assert.match(summary, /scopes `delete_repo` too many; allowed are `repo`/);
  });

  it("cannot tell of a token whose scopes GitHub does not name", async () => {
    withScopes({});
    assert.equal((await probe()).status, "inconclusive");
  });

  it("fails another default branch, with both names", async () => {
    withScopes({ "x-oauth-scopes": "" }, "trunk");
    assert.match((await probe()).summary, /is `trunk`; declared is `main`/);
  });

  it("throws on an answer of another shape", async () => {
    answers[repository] = { body: { nothing: true } };
    await assert.rejects(probe());
  });

  it("cannot be asked without settings or token", async () => {
    assert.equal((await probe({})).status, "error");
    assert.deepEqual(asked, []);
  });

  for (const url of ["http://example.org", "ftp://127.0.0.1", "nonsense"]) {
    it(`refuses to send a token to ${url}`, () => {
      assert.throws(
        () => githubCheck({ GITHUB_API_URL: url }),
        (error) => error instanceof DeckError && error.code === 2,
      );
    });
  }
});
