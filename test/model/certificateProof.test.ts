import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { unprovenCertificates } from "../../model/certificateProof.ts";

const name = "NODE_TLS_REJECT_UNAUTHORIZED";

describe("unprovenCertificates", () => {
  it("refuses an environment in which Node verifies no certificate, with the command that mends it", () => {
    assert.equal(unprovenCertificates({ [name]: "0" })?.remedy, `unset ${name}`);
  });

  for (const value of [undefined, "", "1", "false", "00", " 0"]) {
    it(`agrees with Node about ${JSON.stringify(value)}: Node warns where it verifies nothing`, () => {
      const script = "require('node:tls').connect({ port: 9, host: '127.0.0.1' }).on('error', () => undefined)";
      const env = { PATH: process.env.PATH, [name]: value };
      const { stderr } = spawnSync(process.execPath, ["-e", script], { env, encoding: "utf8", timeout: 30_000 });
      assert.equal(unprovenCertificates({ [name]: value }) !== undefined, stderr.includes(name), stderr);
    });
  }
});
