import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { handOver } from "../../deck/handOver.ts";
import { operatorEnvironment } from "../../stacks/handedOver.ts";

describe("operatorEnvironment", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-hand-over-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is the program's own where nothing is handed over, as in a bare `pulumi up`", async () => {
    for (const environment of [{ A: "1" }, { A: "1", PHILLBOT_SECRETS_SOCKET: "" }])
      assert.deepEqual(await operatorEnvironment(environment), environment);
  });

  it("takes what the command line hands over, as often as it is asked", async () => {
    await using offered = await handOver(folder, { A_KEY: "grüße, “planted”" });
    const environment = { B: "2", PHILLBOT_SECRETS_SOCKET: offered.path };
    for (let time = 0; time < 2; time += 1) {
      const { A_KEY, B } = await operatorEnvironment(environment);
      assert.deepEqual([A_KEY, B], ["grüße, “planted”", "2"]);
    }
  });

  it("fails where what is to hand over is gone, and says no value", async () => {
    const offered = await handOver(folder, { A_KEY: "planted" });
    await offered[Symbol.asyncDispose]();
    await assert.rejects(operatorEnvironment({ PHILLBOT_SECRETS_SOCKET: offered.path }), (error) => {
      assert.doesNotMatch(String(error), /planted/);
      return true;
    });
  });
});
