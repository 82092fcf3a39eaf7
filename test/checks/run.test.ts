/** Whatever a probe does (pass, hang, throw, lie, be slow), the runner ends in time with one honest result. */

import assert from "node:assert/strict";
import type { Check, CheckContext } from "../../checks/check.ts";
import { deadlineOf, type RunOptions, runCheck, runChecks } from "../../checks/run.ts";
import type { CheckResult, Finding } from "../../model/check.ts";
import { noon, policyWith } from "../model/gateSample.ts";

const finding = (status: string, changes: Partial<Finding> = {}): Finding => {
  return { status: status as Finding["status"], summary: `It is ${status}.`, measured: {}, ...changes };
};
const checkOf = (
  probe: (context: CheckContext) => Promise<Finding>,
  changes: Partial<Check<undefined>> = {},
): Check<undefined> => {
  return { id: "sample", title: "A sample.", deadlineMs: 5000, probe: (_target, context) => probe(context), ...changes };
};
const options = (changes: Partial<RunOptions> = {}): RunOptions => {
  return { policy: policyWith(), stack: "dev", now: () => noon, redact: (text) => text, ...changes };
};
const run = (check: Check<undefined>, changes: Partial<RunOptions> = {}) => runCheck(check, undefined, options(changes));
const forever = () => new Promise<never>(() => {});
/** Fails with the signal's own reason, as `fetch` does. */
const untilAborted = ({ signal }: CheckContext) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

describe("runCheck", () => {
  it("names the stack in the command to type, unless it is the one that a bare command means", async () => {
    const check = checkOf(async () => finding("fail", { remedy: "npx deck up" }));
    assert.equal((await run(check, { stack: "prod" })).remedy, "npx deck up --stack prod");
    assert.equal((await run(check)).remedy, "npx deck up");
  });

  it("gives the probe's finding an id, a start and a duration", async () => {
    const result = await run(checkOf(async () => finding("pass", { measured: { ms: 4 } })));
    assert.deepEqual(
      { ...result, durationMs: 0 },
      { ...finding("pass", { measured: { ms: 4 } }), id: "sample", startedAt: noon.toISOString(), durationMs: 0 },
    );
    assert.ok(result.durationMs >= 0 && result.durationMs < 5000);
  });

  it("takes nothing from a probe but a finding: no other id, no other times, no further members", async () => {
    const extra = { ...finding("pass"), id: "telegram", startedAt: "1970-01-01", durationMs: -1, verdict: "open" } as Finding;
    const result = await run(checkOf(async () => extra));
    assert.deepEqual(Object.keys(result).sort(), ["durationMs", "id", "measured", "startedAt", "status", "summary"]);
    assert.deepEqual([result.id, result.startedAt], ["sample", noon.toISOString()]);
  });

  for (const [how, probe] of [
    ["ignores its signal", forever],
    ["heeds its signal", untilAborted],
  ] as const) {
    it(`ends a probe that hangs and ${how}, as an error that names the deadline`, async () => {
      const result = await run(checkOf(probe, { deadlineMs: 50 }));
      assert.equal(result.status, "error");
      assert.match(result.summary, /no answer by its deadline of 0.05 s/);
      assert.ok(result.durationMs >= 45 && result.durationMs < 3000, `${result.durationMs}`);
    });
  }

  it("lets the probe see the deadline, so that it can stop its own work", async () => {
    const seen: boolean[] = [];
    await run(
      checkOf(({ signal }) => new Promise(() => signal.addEventListener("abort", () => seen.push(signal.aborted))), {
        deadlineMs: 20,
      }),
    );
    assert.deepEqual(seen, [true]);
  });

  it("keeps what a probe says at its deadline, but never a pass that comes late", async () => {
    const atDeadline = (status: string) =>
      checkOf(({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(finding(status)))), {
        deadlineMs: 20,
      });
    assert.equal((await run(atDeadline("inconclusive"))).status, "inconclusive");
    assert.equal((await run(atDeadline("pass"))).status, "error");
  });

  it("takes its deadline from the policy where the policy has one", async () => {
    const policy = policyWith({ deadlines: { sample: 7 } });
    assert.equal(deadlineOf({ id: "sample", deadlineMs: 20 }, policy), 7000);
    assert.equal(deadlineOf({ id: "toString", deadlineMs: 20 }, policy), 20);
  });

  it("turns what a probe throws into an error with message, cause and remedy", async () => {
    const thrown = Object.assign(new Error("The host is gone.", { cause: new Error("ECONNREFUSED") }), {
      remedy: "ssh phill true",
    });
    const result = await run(checkOf(async () => Promise.reject(thrown)));
    assert.deepEqual(
      [result.status, result.summary, result.remedy],
      ["error", "The host is gone. (ECONNREFUSED)", "ssh phill true"],
    );
  });

  it("survives a probe that throws at once, throws no error, or gives no finding", async () => {
    const odd: ((context: CheckContext) => Promise<Finding>)[] = [
      () => {
        throw new Error("at once");
      },
      () => Promise.reject(undefined),
      async () => undefined as unknown as Finding,
      async () => finding("green"),
      async () => finding("pass", { summary: " " }),
      async () => ({ status: "pass" }) as Finding,
    ];
    for (const probe of odd) {
      const result = await run(checkOf(probe));
      assert.equal(result.status, "error");
      assert.notEqual(result.summary, "");
    }
  });

  it("redacts everything a probe says: findings, errors and live lines", async () => {
    const secret = "s3cr3t";
    const redact = (text: string) => text.replaceAll(secret, "***");
    const lines: string[] = [];
    const speaks = checkOf(async ({ progress }) => {
      progress(`found ${secret}`);
      const items = [{ id: secret, summary: secret, location: secret, waivable: true }];
      return finding("fail", { summary: secret, remedy: secret, items, measured: { [secret]: [{ a: secret }] } });
    });
    const results = [
      await run(speaks, { redact, onProgress: (_id, line) => lines.push(line) }),
      await run(
        checkOf(async () => Promise.reject(new Error(secret, { cause: new Error(secret) }))),
        { redact },
      ),
    ];
    assert.deepEqual(lines, ["found ***"]);
    assert.ok(!JSON.stringify(results).includes(secret));
  });

  it("says a live line once, until it says another", async () => {
    const lines: string[] = [];
    const speaks = checkOf(async ({ progress }) => {
      for (const line of ["a", "a", "b", "a"]) progress(line);
      return finding("pass");
    });
    await run(speaks, { onProgress: (_id, line) => void lines.push(line) });
    assert.deepEqual(lines, ["a", "b", "a"]);
  });

  it("redacts a long message before it cuts it", async () => {
    const secret = "0123456789";
    const message = `${"x".repeat(495)}${secret}`;
    const result = await run(
      checkOf(async () => Promise.reject(new Error(message))),
      { redact: (text) => text.replaceAll(secret, "***") },
    );
    assert.equal(result.summary, `${"x".repeat(495)}***`);
  });

  it("says that it was stopped when the whole run is", async () => {
    const stop = new AbortController();
    const running = run(checkOf(untilAborted), { signal: stop.signal });
    stop.abort();
    const result = await running;
    assert.deepEqual([result.status, result.summary], ["error", "It was stopped before it had an answer."]);
  });
});

describe("a check that settles", () => {
  const series = (findings: readonly (Finding | Error)[]) => {
    let count = 0;
    const probe = async () => {
      const next = findings[Math.min(count, findings.length - 1)];
      count += 1;
      if (next === undefined || next instanceof Error) throw next;
      return next;
    };
    return { probe, count: () => count };
  };

  it("is not tried again where the probe says that waiting cannot change it", async () => {
    const { probe, count } = series([{ ...finding("fail"), isFinal: true }, finding("pass")]);
    const result = await run(checkOf(probe, { settles: true }));
    assert.equal(result.status, "fail");
    assert.equal(count(), 1);
    assert.ok(!("isFinal" in result));
  });

  it("is tried again until it passes, over failures and exceptions alike", async () => {
    const { probe, count } = series([finding("fail"), new Error("not up yet"), finding("pass")]);
    assert.equal((await run(checkOf(probe, { settles: true }))).status, "pass");
    assert.equal(count(), 3);
  });

  it("keeps its last finding, and says that it was still so at the deadline", async () => {
    const result = await run(
      checkOf(series([finding("fail", { measured: { n: 1 } })]).probe, { settles: true, deadlineMs: 400 }),
    );
    assert.deepEqual([result.status, result.measured], ["fail", { n: 1 }]);
    assert.match(result.summary, /^It is fail\. Still so at the deadline of 0\.4 s, after [12] readings?\.$/);
  });

  it("keeps its last whole finding when the deadline cuts the next reading short, which then says that it had no answer", async () => {
    let first = true;
    const probe = async ({ signal }: CheckContext): Promise<Finding> => {
      if (first) {
        first = false;
        return finding("fail");
      }
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      return finding("error");
    };
    const result = await run(checkOf(probe, { settles: true, deadlineMs: 600 }));
    assert.deepEqual(
      [result.status, result.summary],
      ["fail", "It is fail. Still so at the deadline of 0.6 s, after 1 reading."],
    );
  });

  it("keeps its last finding when the next reading hangs", async () => {
    let first = true;
    const probe = async (): Promise<Finding> => {
      if (!first) return forever();
      first = false;
      return finding("fail");
    };
    assert.equal((await run(checkOf(probe, { settles: true, deadlineMs: 400 }))).status, "fail");
  });

  it("is read once when it does not settle", async () => {
    const { probe, count } = series([finding("fail")]);
    assert.equal((await run(checkOf(probe))).status, "fail");
    assert.equal(count(), 1);
  });

  it("stops waiting between readings at once when the run is stopped", async () => {
    const stop = new AbortController();
    const probe = async () => finding("fail");
    const onProgress = () => stop.abort();
    const result = await run(checkOf(probe, { settles: true, deadlineMs: 60_000 }), { signal: stop.signal, onProgress });
    assert.ok(result.durationMs < 5000);
    assert.equal(result.status, "error");
  });
});

describe("runChecks", () => {
  it("runs side by side: each of two checks ends only once the other has begun", async () => {
    const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const checks = begun.map((own, index) =>
      checkOf(
        async () => {
          own.resolve();
          await begun[1 - index]?.promise;
          return finding("pass");
        },
        { id: `c${index}` },
      ),
    );
    const results = await runChecks(checks, undefined, options());
    assert.deepEqual(
      results.map(({ id, status }) => [id, status]),
      [
        ["c0", "pass"],
        ["c1", "pass"],
      ],
    );
  });

  it("gives a result of every check, in order, however each ends", async () => {
    const probes = [
      async () => finding("pass"),
      async () => Promise.reject(new Error("no")),
      forever,
      async () => finding("fail"),
    ];
    const checks = probes.map((probe, index) => checkOf(probe, { id: `c${index}`, deadlineMs: 50 }));
    const results = await runChecks(checks, undefined, options());
    assert.deepEqual(
      results.map(({ status }) => status),
      ["pass", "error", "error", "fail"],
    );
  });

  it("takes the second reading after all others have ended, handed the first", async () => {
    const events: string[] = [];
    const last = Promise.withResolvers<void>();
    const runtime = checkOf(async () => finding("pass", { measured: { restarts: 0 } }), {
      id: "runtime",
      confirm: async (_target, _context, first) => {
        events.push(`confirm after ${JSON.stringify(first.measured)}`);
        return finding("fail", { summary: "It restarted." });
      },
    });
    const slow = checkOf(
      async () => {
        await last.promise;
        events.push("slow ended");
        return finding("pass");
      },
      { id: "slow" },
    );
    const quick = checkOf(async () => finding("pass"), { id: "quick" });
    const finals: CheckResult[] = [];
    const onResult = (result: CheckResult) => {
      finals.push(result);
      if (result.id === "quick") last.resolve();
    };
    const results = await runChecks([runtime, slow, quick], undefined, options({ onResult }));
    assert.deepEqual(events, ["slow ended", 'confirm after {"restarts":0}']);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fail", "pass", "pass"],
    );
    assert.deepEqual(
      finals.map(({ id }) => id),
      ["quick", "slow", "runtime"],
    );
  });

  it("takes no second reading of what did not pass the first", async () => {
    const confirm = async () => finding("pass");
    const results = await runChecks([checkOf(async () => finding("fail"), { confirm })], undefined, options());
    assert.equal(results[0]?.status, "fail");
  });

  it("bounds the second reading as well", async () => {
    const results = await runChecks(
      [checkOf(async () => finding("pass"), { confirm: forever, deadlineMs: 50 })],
      undefined,
      options(),
    );
    assert.equal(results[0]?.status, "error");
  });
});
