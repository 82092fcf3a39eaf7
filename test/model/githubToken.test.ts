import assert from "node:assert/strict";
import { excessScopes, scopesIn } from "../../model/githubToken.ts";

describe("excessScopes", () => {
  for (const [held, allowed, excess] of [
    [[], [], []],
    [["repo"], ["repo"], []],
    [["repo"], ["public_repo"], ["repo"]],
    [["public_repo"], ["repo"], []],
    [["read:org"], ["admin:org"], []],
    [["admin:org"], ["read:org"], ["admin:org"]],
    [["workflow", "delete_repo"], ["repo"], ["delete_repo", "workflow"]],
    [["repo:status"], [], ["repo:status"]],
  ] as const) {
    it(`finds ${excess.join(", ") || "nothing"} too many in ${held.join(", ") || "none"}, where ${allowed.join(", ") || "none"} is allowed`, () => {
      assert.deepEqual(excessScopes(held, allowed), excess);
    });
  }
});

describe("scopesIn", () => {
  it("reads GitHub's header, also an empty one", () => {
    assert.deepEqual(scopesIn("repo, read:org"), ["repo", "read:org"]);
    assert.deepEqual(scopesIn(""), []);
  });
});
