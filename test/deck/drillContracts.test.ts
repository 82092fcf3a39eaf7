/** A drill goes back across a contract that what runs no longer needs, and says before it starts where it cannot. */

import assert from "node:assert/strict";
import { refuseUncrossable } from "../../deck/drillContracts.ts";
import type { Source } from "../../deck/drillSource.ts";
import type { Deployment } from "../../model/deployments.ts";
import { assertPasteable } from "../model/pasteable.ts";
import { contractText, migrations, RanSample } from "./ranSample.ts";
import { fails, worldIn } from "./verbCalls.ts";

describe("A drill whose candidate holds a contract", () => {
  let sample: RanSample;
  beforeEach(() => {
    sample = new RanSample();
    for (const name of ["1.0.0", "1.1.0"]) {
      sample.ran(name, { a: name, [`${migrations}/20260101000000_first.sql`]: "create table notes ();\n" });
      sample.repository.release(name);
    }
  });
  afterEach(() => sample[Symbol.dispose]());

  const practise = async (running: Deployment | undefined, lastNeededBy: string) => {
    const candidate = sample.ran("candidate", { [`${migrations}/20260301000000_third.sql`]: contractText(lastNeededBy) });
    const of = ({ name, tree, commit = "" }: Deployment) => ({
      named: { name, tree, commit, standsIn: null },
      content: { base: commit, commit },
      gateway: {},
    });
    assert.ok(running);
    const source: Source = { running: of(running), candidate: of(candidate) };
    await refuseUncrossable(source, worldIn(sample.repository.folder));
  };

  it("begins where what runs is newer than the last that needs what goes", () => practise(sample.all[0], "1.0.0"));

  it("is refused with 4 where what runs is that very one, or older", async () => {
    const remedy =
      /^git stash push --include-untracked -- memory\/supabase\/migrations\/20260301000000_third\.sql # release without it first/;
    const why =
      /across the contract migration `20260301000000_third`: `1\.\d\.0`, which runs, is no newer than 1\.1\.0.*Nothing was started/;
    const [newer, older] = sample.all;
    for (const running of [newer, older])
      await assert.rejects(practise(running, "1.1.0"), (error: never) => {
        assertPasteable((error as { remedy: string }).remedy);
        return fails(4, why, remedy)(error);
      });
  });

  it("cannot tell by a name that no release bears", () =>
    assert.rejects(practise(sample.all[0], "0.9.0"), fails(3, /no release on record is called 0\.9\.0\. Nothing was started/)));

  it("begins where what runs holds it itself", async () => {
    await practise(sample.all[0], "1.0.0");
    const [ran] = sample.all;
    await practise(ran, "1.1.0").catch((error: Error) => assert.fail(error.message));
  });
});
