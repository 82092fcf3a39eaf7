/** A check that the policy adds is judged by its command's exit code, and its command sees no secret. */

import assert from "node:assert/strict";
import { additionalChecks } from "../../checks/additional.ts";
import type { Target } from "../../checks/check.ts";
import { runCheck } from "../../checks/run.ts";
import { Secret } from "../../model/secret.ts";
import { noon, policyWith } from "../model/gateSample.ts";

const target = {
  stack: "dev",
  projectRoot: process.cwd(),
  settings: { secrets: { TOKEN: { from: { env: "SAMPLE_SECRET_SOURCE" }, gateway: true } } },
  secrets: new Map([["SAMPLE_SECRET_NAME", new Secret("x")]]),
} as unknown as Target;

async function outcomeOf(command: string[], deadline = 10, environment: string[] = []) {
  const policy = policyWith({ additionalChecks: [{ id: "ours", title: "Ours holds.", command, deadline, environment }] });
  const [check] = additionalChecks(policy);
  assert.ok(check);
  return runCheck(check, target, { policy, stack: "dev", now: () => noon, redact: (text) => text });
}

describe("an additional check", () => {
  const table = [
    ["exit 0", "pass"],
    ["exit 3", "inconclusive"],
    ["exit 1", "fail"],
    ["exit 126", "fail"],
    ["kill -9 $$", "error"],
  ] as const;
  for (const [script, status] of table) {
    it(`is ${status} after \`${script}\``, async () => {
      assert.equal((await outcomeOf(["sh", "-c", script])).status, status);
    });
  }

  it("is an error when its command is not there or outlasts its deadline", async () => {
    assert.equal((await outcomeOf(["phillbot-no-such-program"])).status, "error");
    const late = await outcomeOf(["sleep", "600"], 1);
    assert.equal(late.status, "error");
    assert.match(late.summary, /deadline of 1 s/);
  });

  it("says the last line that its command wrote", async () => {
    assert.match((await outcomeOf(["sh", "-c", "echo first; echo the last >&2; exit 1"])).summary, /It says: the last$/);
  });

  const variables = {
    SAMPLE_SECRET_SOURCE: "a",
    SAMPLE_SECRET_NAME: "b",
    PULUMI_ACCESS_TOKEN: "c",
    PULUMI_CONFIG_PASSPHRASE: "d",
    PULUMI_BACKEND_URL: "e",
    AWS_SECRET_ACCESS_KEY: "f",
    SAMPLE_PROXY: "g",
  };
  const seen = async (environment: string[] = []) => {
    const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, variables);
    try {
      const script = `echo "$PHILLBOT_STACK \${HOME:+home} ${Object.keys(variables)
        .map((name) => `\${${name}-none}`)
        .join(" ")}"`;
      return (await outcomeOf(["sh", "-c", script], 10, environment)).summary;
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  };

  it("sees the stack and what any program needs, and no credential of whoever runs it", async () => {
    assert.match(await seen(), /It says: dev home none none none none none none none$/);
  });

  it("sees what the policy names for it, but never a secret of the stack or what opens its state", async () => {
    assert.match(await seen(Object.keys(variables)), /It says: dev home none none none none none f g$/);
  });
});
