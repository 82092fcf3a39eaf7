import assert from "node:assert/strict";
import { refuseUnprovenCertificates } from "../../stacks/inputs.ts";

describe("the program, where nobody's certificate would be verified", () => {
  const name = "NODE_TLS_REJECT_UNAUTHORIZED";
  const before = process.env[name];
  afterEach(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });

  it("refuses to begin, and goes on where they are", () => {
    process.env[name] = "0";
    assert.throws(refuseUnprovenCertificates, /is 0, wanted is[\s\S]*\n {2}unset NODE_TLS_REJECT_UNAUTHORIZED$/);
    process.env[name] = "1";
    refuseUnprovenCertificates();
  });
});
