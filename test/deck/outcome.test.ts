import assert from "node:assert/strict";
import { z } from "zod";
import { endingOf, endingOfThrow } from "../../deck/outcome.ts";
import { type Call, DeckError } from "../../deck/verb.ts";
import { HostUnreachable } from "../../host/host.ts";

const call: Call = { verb: "docs sync", stack: "dev", json: false, yes: false, dryRun: false, args: [], options: {} };
const json = { ...call, json: true };

describe("endingOf", () => {
  it("prints the text for a person, with one final newline, and nothing on standard error", () => {
    assert.deepEqual(endingOf(call, { code: 1, data: { a: 1 }, text: "One.\n\n" }), { code: 1, stdout: "One.\n", stderr: "" });
    assert.equal(endingOf(call, { code: 0, data: {}, text: "" }).stdout, "");
  });

  it("prints one object with the verb's schema and the stack with `--json`", () => {
    const { code, stdout } = endingOf(json, { code: 0, data: { files: 3 }, text: "3 files." });
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), { schema: "phillbot/docs-sync/v1", stack: "dev", files: 3 });
  });
});

describe("endingOfThrow", () => {
  for (const [title, error, code, message] of [
    ["a finding", new DeckError("finding", "Found one."), 1, "Found one."],
    ["wrong usage", new DeckError("usage", "Not so."), 2, "Not so."],
    ["what could not be told", new DeckError("unknown", "Timed out."), 3, "Timed out."],
    ["a refusal", new DeckError("refused", "Not signed."), 4, "Not signed."],
    ["an unreachable host", new HostUnreachable("No answer.", "ssh claw@phill true"), 3, "No answer."],
    ["an unknown shape", z.object({ id: z.string() }).safeParse({}).error, 3, /unknown shape.*`id`/],
    ["an error of no known class", new TypeError("x is undefined"), 3, "TypeError: x is undefined"],
    ["what is no error at all", "text", 3, "Something that is no error was thrown."],
  ] as const) {
    it(`ends ${title} with ${code}, on standard error, without a stack trace`, () => {
      const ending = endingOfThrow(error, call);
      assert.equal(ending.code, code);
      assert.equal(ending.stdout, "");
      const [first = ""] = ending.stderr.split("\n");
      if (typeof message === "string") assert.equal(first, message);
      else assert.match(first, message);
      assert.doesNotMatch(ending.stderr, /^\s+at /m);
    });
  }

  it("adds the command to type next on a line of its own", () => {
    assert.equal(endingOfThrow(new DeckError("usage", "No.", "npm start"), call).stderr, "No.\n  npm start\n");
  });

  it("keeps the stack that was asked about in the command to type next", () => {
    const { stderr } = endingOfThrow(new DeckError("unknown", "None.", "npx deck gate"), { ...call, stack: "prod" });
    assert.equal(stderr, "None.\n  npx deck gate --stack prod\n");
    const named = endingOfThrow(new DeckError("refused", "None.", "npx deck gate --stack dev"), { ...call, stack: "prod" });
    assert.equal(named.stderr, "None.\n  npx deck gate --stack dev\n");
  });

  it("prints the error as one object too with `--json`", () => {
    const { stdout } = endingOfThrow(new DeckError("refused", "No.", "npm start"), json);
    const error = { code: 4, message: "No.", remedy: "npm start" };
    assert.deepEqual(JSON.parse(stdout), { schema: "phillbot/docs-sync/v1", stack: "dev", error });
  });
});
