import assert from "node:assert/strict";
import { sanitize } from "../../checks/sanitize.ts";
import { Secret } from "../../model/secret.ts";
import { noon } from "../model/gateSample.ts";

describe("sanitize", () => {
  it("keeps JSON as it is, and makes of the rest what JSON can hold", () => {
    const circle: Record<string, unknown> = { name: "a" };
    circle.self = circle;
    const value = {
      ok: [1, true, null, "x"],
      big: 7n,
      nan: Number.NaN,
      gone: undefined,
      call: () => 1,
      at: noon,
      secret: new Secret("v"),
      circle,
    };
    assert.deepEqual(
      sanitize(value, (text) => text.toUpperCase()),
      {
        OK: [1, true, null, "X"],
        BIG: "7",
        NAN: "NaN",
        CALL: "(a function)",
        AT: noon.toISOString(),
        SECRET: "[SECRET]",
        CIRCLE: { NAME: "A", SELF: "(refers to itself)" },
      },
    );
  });
});
