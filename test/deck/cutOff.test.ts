/** What a contract migration cut off does not come back; where the database does not say what it has, nothing is assumed. */

import assert from "node:assert/strict";
import { refuseCutOff } from "../../deck/cutOff.ts";
import { deploymentLine } from "../../deck/rollbackChoice.ts";
import type { Deployment } from "../../model/deployments.ts";
import { contractText, migrations, RanSample } from "./ranSample.ts";
import { fails, worldIn } from "./verbCalls.ts";

describe("What a contract cut off, where the database does not answer", () => {
  let sample: RanSample;
  let [first, second]: readonly (Deployment | undefined)[] = [];
  beforeEach(() => {
    sample = new RanSample();
    first = sample.ran("1.0.0", { [`${migrations}/20260101000000_first.sql`]: "create table notes ();\n" });
    second = sample.ran("1.1.0", { [`${migrations}/20260201000000_second.sql`]: "create table more ();\n" });
  });
  afterEach(() => sample[Symbol.dispose]());

  const asked = async (deployment: Deployment | undefined) => {
    assert.ok(deployment);
    await refuseCutOff(deployment, sample.on(), worldIn(sample.repository.folder));
  };
  const contract = (lastNeededBy: string) => ({ [`${migrations}/20260301000000_third.sql`]: contractText(lastNeededBy) });
  const untold = (why: RegExp, remedy = /^npx deck schema status --stack prod$/) => fails(3, why, remedy);

  it("comes back where no tree since holds a contract", async () => {
    await asked(first);
    sample.ran("1.2.0", { a: "x" });
    await asked(first);
    await asked(second);
  });

  it("is not assumed to be without the contract that the tree of a newer one holds", async () => {
    sample.ran("1.2.0", contract("1.0.0"));
    sample.repository.commit({ [`${migrations}/20260301000000_third.sql`]: "select 1;\n" });
    const why = /no value here, and it may have `20260301000000_third`: .*last needed by 1\.0\.0\. Nothing was touched/;
    await assert.rejects(asked(first), untold(why));
  });

  it("is not assumed to be without the contract that lies in the work tree alone", async () => {
    sample.repository.write(contract("1.1.0"));
    await assert.rejects(asked(first), untold(/third/));
    await assert.rejects(asked(second), untold(/third/));
  });

  it("is nothing newer than the last that needs what went, and nothing that holds the contract itself", async () => {
    const third = sample.ran("1.2.0", contract("1.0.0"));
    await asked(second);
    await asked(third);
  });

  it("is not told where what was brought up since is not in this clone, or nobody looked at it", async () => {
    sample.began("f".repeat(40));
    await assert.rejects(asked(first), untold(/this clone does not hold ffffffffffff/, /^git fetch origin # /));
    sample.entries.pop();
    sample.began("");
    await assert.rejects(asked(first), untold(/does not hold what was brought up since/, /^git fetch origin # /));
  });

  it("is not told where no release bears the name that the contract gives", async () => {
    const third = sample.ran("1.2.0", contract("0.9.0"));
    await assert.rejects(asked(first), untold(/no release on record is called 0\.9\.0/, /git fetch --tags origin/));
    // What holds it itself ran on what it left.
    await asked(third);
  });

  it("is never said to come back at once, though it is kept", () => {
    const ran = sample.on();
    const kept = [{ tree: first?.tree ?? "", commit: "", image: { name: "", id: "" } }];
    const line = (kind?: "refused" | "unknown") => {
      const cut = new Map(kind === undefined ? [] : [[first?.tree ?? "", { kind, why: "because" }]]);
      return deploymentLine(first as Deployment, { ...ran, kept, cut }, new Date("2026-03-10T13:00:00Z"));
    };
    assert.match(line(), /, can come back at once$/);
    assert.match(line("refused"), /, cannot come back: because$/);
    assert.match(line("unknown"), /, whether it can come back cannot be told: because$/);
  });
});
