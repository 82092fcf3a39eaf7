import assert from "node:assert/strict";
import { ask } from "../../toolchain/command.ts";

describe("ask", () => {
  const name = "PHILLBOT_TEST_VARIABLE";
  before(() => {
    process.env[name] = "the caller's";
  });
  after(() => {
    delete process.env[name];
  });
  const argv = ["sh", "-c", `echo "$${name}"`] as const;

  it("hands on the caller's environment where none is given, and nothing of it where one is", async () => {
    assert.equal(await ask([...argv]), "the caller's");
    assert.equal(await ask([...argv], { PATH: process.env.PATH }), "");
  });

  it("gives nothing of a program that fails or is missing", async () => {
    assert.equal(await ask(["sh", "-c", "echo no; exit 1"]), undefined);
    assert.equal(await ask(["phillbot-no-such-program"]), undefined);
  });
});
