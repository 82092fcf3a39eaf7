import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { confirm } from "../../deck/confirm.ts";
import { DeckError } from "../../deck/verb.ts";

describe("confirm", () => {
  const ask = async (args: readonly string[], answer?: string) => {
    const input = Object.assign(new PassThrough(), answer === undefined ? {} : { isTTY: true });
    const output = new PassThrough();
    if (answer !== undefined) input.end(answer);
    const { signal } = new AbortController();
    await confirm(args, { consequence: "All is lost.", withoutQuestion: "npm run down -- --yes", input, output, signal });
    return String(output.read() ?? "");
  };
  const refused =
    (text: RegExp, code = 2) =>
    (error: unknown) => {
      assert.ok(error instanceof DeckError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, text);
      return true;
    };

  it("asks nobody with `--yes`", async () => assert.equal(await ask(["--yes"]), ""));

  for (const answer of ["yes\n", " YES \n"])
    it(`takes ${JSON.stringify(answer)} for a yes, after it said what is lost`, async () => {
      assert.match(await ask([], answer), /All is lost\. Go on\?/);
    });

  for (const answer of ["", "\n", "yes", "y\n", "no\n", "yes please\n", "no\nyes\n"])
    it(`takes ${JSON.stringify(answer)} for a no`, () => assert.rejects(ask([], answer), refused(/Nothing was removed/, 4)));

  it("refuses without a terminal and without `--yes`", () => assert.rejects(ask([]), refused(/no terminal to ask on/)));

  it("refuses what it does not know, also beside `--yes`", async () => {
    await assert.rejects(ask(["--yes", "--force"]), refused(/`--force` is not known/));
    await assert.rejects(ask(["-y"], "yes\n"), refused(/`-y` is not known/));
  });

  it("takes an interrupt for a no", async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const signal = AbortSignal.abort(new Error("Ended by the test."));
    const asking = { consequence: "", withoutQuestion: "", input, output: new PassThrough(), signal };
    await assert.rejects(confirm([], asking), refused(/Nothing was removed/, 4));
  });
});
