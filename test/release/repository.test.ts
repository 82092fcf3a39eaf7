/** Proves that what git says of a failure repeats no credentials. */

import assert from "node:assert/strict";
import { GitFailed } from "../../release/repository.ts";

describe("a failure of git", () => {
  it("is told without whoever logs in at an address", () => {
    const word = "w".repeat(20);
    for (const login of [word, `ada:${word}`, `${word}:x-oauth-basic`]) {
      const { message } = new GitFailed(["fetch"], 128, `fatal: could not read Password for 'https://${login}@github.com'\n`);
      assert.ok(!message.includes(word), message);
      assert.match(message, /https:\/\/…@github\.com/);
    }
  });
});
