import assert from "node:assert/strict";
import { foldersAbove } from "../../model/layout.ts";

describe("foldersAbove", () => {
  const cases = [
    ["/base/docs", []],
    ["/base/docs/context", ["/base/docs"]],
    ["/base/a/b/c", ["/base/a", "/base/a/b"]],
  ] as const;
  for (const [path, above] of cases) {
    it(`of ${path} below /base: ${above.join(", ") || "none"}`, () => {
      assert.deepEqual(foldersAbove(path, "/base"), above);
    });
  }
});
