/** Proves what the `memory` check makes of each answer that the memory can give. */

import assert from "node:assert/strict";
import { type BySql, probeCanary, probeRefusal, probeSameDatabase } from "../../checks/memory.ts";
import type { MemoryClient, MemoryFailureKind, MemoryResult } from "../../memory/client.ts";
import { assertPasteable } from "../model/pasteable.ts";

const refused: MemoryResult<never> = {
  ok: false,
  failure: { kind: "refused", code: "42501", status: 401, message: "permission denied" },
};
const failing = (kind: MemoryFailureKind): MemoryResult<never> => ({
  ok: false,
  failure: { kind, code: "", status: 500, message: "said so" },
});

function clientThat(
  answers: Partial<Record<keyof MemoryClient, MemoryResult<never>>>,
  rest: MemoryResult<never> = refused,
): MemoryClient {
  const answer = (name: keyof MemoryClient) => async () => answers[name] ?? rest;
  return {
    remember: answer("remember"),
    recall: answer("recall"),
    search: answer("search"),
    forget: answer("forget"),
    probe: answer("probe"),
  };
}

const never = new AbortController().signal;
const done = { ok: true, value: "x" } as unknown as MemoryResult<never>;

describe("probeCanary", () => {
  it("passes on a canary that came back, with its time measured", async () => {
    const finding = await probeCanary(clientThat({ probe: done }), never);
    assert.equal(finding.status, "pass");
    assert.equal(typeof finding.measured.roundTripMs, "number");
  });

  for (const [kind, status] of [
    ["refused", "fail"],
    ["unauthorized", "fail"],
    ["read-only", "fail"],
    ["missing", "fail"],
    ["aborted", "error"],
    ["unreachable", "error"],
    ["invalid", "error"],
    ["broken", "error"],
  ] as const) {
    it(`takes ${kind} for ${status}, with a remedy`, async () => {
      const finding = await probeCanary(clientThat({ probe: failing(kind) }), never);
      assert.equal(finding.status, status);
      assert.ok(finding.remedy);
      assert.match(finding.summary, /^[A-Z].*\.$/);
    });
  }
});

describe("probeRefusal", () => {
  it("passes only where the database refuses every function", async () => {
    const finding = await probeRefusal(clientThat({}), never);
    assert.equal(finding.status, "pass");
    assert.deepEqual(finding.measured.stranger, {
      memory_recall: "42501",
      memory_search: "42501",
      memory_forget: "42501",
      memory_probe: "42501",
    });
  });

  for (const name of ["recall", "search", "forget", "probe"] as const) {
    it(`fails and names memory_${name} where a stranger may call it`, async () => {
      const finding = await probeRefusal(clientThat({ [name]: done }), never);
      assert.equal(finding.status, "fail");
      assert.match(finding.summary, new RegExp(`may call memory_${name};`));
    });
  }

  it("fails on one that is allowed even where another could not be told", async () => {
    const finding = await probeRefusal(clientThat({ recall: failing("unreachable"), probe: done }), never);
    assert.equal(finding.status, "fail");
  });

  for (const [kind, status] of [
    ["unauthorized", "inconclusive"],
    ["unreachable", "error"],
    ["aborted", "error"],
    ["missing", "error"],
    ["broken", "error"],
    ["read-only", "error"],
  ] as const) {
    it(`takes one answer of ${kind} for ${status}`, async () => {
      const finding = await probeRefusal(clientThat({ forget: failing(kind) }), never);
      assert.equal(finding.status, status);
    });
  }
});

describe("probeSameDatabase", () => {
  /** A memory behind REST, and what the database holds: the same items, or others. */
  function stackWith(read: (items: ReadonlyMap<string, string>, key: string) => string | undefined) {
    const items = new Map<string, string>();
    const bot: MemoryClient = {
      ...clientThat({}),
      remember: async (key, value) => {
        items.set(key, value);
        return { ok: true, value: { key, value, createdAt: "", updatedAt: "" } };
      },
      search: async (query, limit) => {
        const found = [...items].filter(([, value]) => value.toLowerCase().split(" ").includes(query)).slice(0, limit);
        return { ok: true, value: found.map(([key, value]) => ({ key, value, createdAt: "", updatedAt: "" })) };
      },
      forget: async (key) => ({ ok: true, value: items.delete(key) }),
    };
    const sql: BySql = {
      between: "`memory.url` (a) and `memory.database` (b)",
      remedy: "pulumi config get phillbot:memory",
      read: async ({ key, written }) => ((await written) ? read(items, key) : undefined),
    };
    return { items, bot, sql };
  }
  const code = (sqlstate: string) => () => {
    throw Object.assign(new Error("said so"), { code: sqlstate });
  };

  for (const [what, read, status, says] of [
    ["what was remembered is there", (items, key) => items.get(key), "pass", /in the database that is migrated/],
    ["it is not there", () => undefined, "fail", /\(a\) and .*\(b\) lead to different databases/],
    ["something else is there", () => "other", "fail", /different databases/],
    ["there is no such table", code("42P01"), "fail", /different databases/],
    ["the password is wrong", code("28P01"), "error", /could not be told \(28P01: said so\)/],
    ["rows are hidden", code("42501"), "error", /could not be told/],
    ["nobody answers", code("ECONNREFUSED"), "error", /could not be told/],
  ] as const satisfies readonly (readonly [string, Parameters<typeof stackWith>[0], string, RegExp])[]) {
    it(`takes it for ${status} where ${what}, and leaves nothing behind`, async () => {
      const { items, bot, sql } = stackWith(read);
      const finding = await probeSameDatabase(bot, sql, never);
      assert.equal(finding.status, status);
      assert.match(finding.summary, says);
      assert.equal(items.size, 0);
    });
  }

  for (const [kind, left] of [
    ["plain letters", /^[a-z]+$/],
    ["other letters", /ö/],
    ["digits", /[0-9]/],
  ] as const) {
    it(`fails, and leaves nothing behind, where words of ${kind} are not found`, async () => {
      const { items, bot, sql } = stackWith((all, key) => all.get(key));
      const search: MemoryClient["search"] = async (query, limit, signal) =>
        left.test(query) ? { ok: true, value: [] } : bot.search(query, limit, signal);
      const finding = await probeSameDatabase({ ...bot, search }, sql, never);
      assert.equal(finding.status, "fail");
      assert.match(finding.summary, /does not find what it was told: of 3 words of a canary, memory_search found it by 2\./);
      assertPasteable(finding.remedy ?? "");
      assert.equal(items.size, 0);
    });
  }

  it("fails where a word is not found that was told with a capital beyond A to Z", async () => {
    const { items, bot, sql } = stackWith((all, key) => all.get(key));
    const search: MemoryClient["search"] = async (query) => {
      const lower = (value: string) => value.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      const found = [...items].filter(([, value]) => lower(value).split(" ").includes(query));
      return { ok: true, value: found.map(([key, value]) => ({ key, value, createdAt: "", updatedAt: "" })) };
    };
    const finding = await probeSameDatabase({ ...bot, search }, sql, never);
    assert.equal(finding.status, "fail");
    assert.match(finding.summary, /of 3 words of a canary, memory_search found it by 2\./);
  });

  it("does not take another item for the one that was told, nor a search that failed for one that found", async () => {
    const other = { key: "other", value: "", createdAt: "", updatedAt: "" };
    for (const [search, status] of [
      [async () => ({ ok: true as const, value: [other] }), "fail"],
      [async () => failing("unreachable"), "error"],
      [async () => refused, "fail"],
    ] as const) {
      const { items, bot, sql } = stackWith((all, key) => all.get(key));
      assert.equal((await probeSameDatabase({ ...bot, search }, sql, never)).status, status);
      assert.equal(items.size, 0);
    }
  });

  it("removes also what was written although no answer came, and nothing after a refusal", async () => {
    for (const [kind, sqlstate, left] of [
      ["aborted", "", 0],
      ["unreachable", "PGRST003", 0],
      ["broken", "55P03", 1],
    ] as const) {
      const { items, bot, sql } = stackWith(() => undefined);
      const remember: MemoryClient["remember"] = async (key, value) => {
        items.set(key, value);
        return { ok: false, failure: { kind, code: sqlstate, status: 0, message: "" } };
      };
      const finding = await probeSameDatabase({ ...bot, remember }, sql, never);
      assert.equal(finding.status, "error");
      assert.equal(items.size, left);
    }
  });

  it("does not pass where the canary stays", async () => {
    for (const forget of [async () => failing("unreachable"), async () => ({ ok: true, value: false }) as const]) {
      const { bot, sql } = stackWith((items, key) => items.get(key));
      assert.equal((await probeSameDatabase({ ...bot, forget }, sql, never)).status, "error");
    }
  });
});
