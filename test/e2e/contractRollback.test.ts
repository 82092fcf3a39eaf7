/** Proves on a real PostgreSQL that what an applied contract cut off does not come back, whoever still knows the contract's text. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { refuseCutOff } from "../../deck/cutOff.ts";
import type { DatabaseAccess } from "../../memory/database.ts";
import { readMigrations } from "../../memory/files.ts";
import { migrationLabel } from "../../model/migrations.ts";
import { contractText, migrations, RanSample } from "../deck/ranSample.ts";
import { fails, worldIn } from "../deck/verbCalls.ts";
import { beforeMigratedMemory, type MemoryStack, migrate, projectRoot } from "./memoryStack.ts";

describe("A release that an applied contract cut off", () => {
  let stack: MemoryStack;
  beforeMigratedMemory((started) => {
    stack = started;
  });

  const contract = `${migrations}/29990101000000_later.sql`;
  const own = [
    "memory/supabase/roles.sql",
    ...readMigrations(projectRoot).map((each) => `${migrations}/${migrationLabel(each)}.sql`),
  ];
  let sample: RanSample;
  let database: DatabaseAccess;
  beforeEach(async () => {
    sample = new RanSample();
    database = await stack.database();
    const files = Object.fromEntries(own.map((path) => [path, readFileSync(join(projectRoot, path), "utf8")]));
    sample.ran("1.0.0", { ...files, [`${migrations}/29980101000000_notes.sql`]: "create table memory.notes ();\n" });
    sample.ran("1.1.0", { a: "x" });
    await migrate(database, sample.repository.folder);
    sample.ran("1.2.0", { [contract]: contractText("1.0.0") });
  });
  afterEach(() => sample[Symbol.dispose]());

  const asked = async (name: string) => {
    const deployment = sample.all.find((each) => each.name === name);
    const secrets = { MEMORY_DATABASE_PASSWORD: { from: { env: "PASSWORD" }, gateway: false } };
    const memory = { ...stack.target.settings.memory, database: database.address };
    const settings = { ...stack.target.settings, memory, secrets };
    const ran = sample.on({ settings, environment: { PASSWORD: database.password.reveal() } });
    if (deployment !== undefined) await refuseCutOff(deployment, ran, worldIn(sample.repository.folder));
  };
  const apply = () => migrate(database, sample.repository.folder);
  const why =
    /`1\.0\.0` cannot come back: the contract migration `29990101000000_later` took away what was last needed by 1\.0\.0/;
  const isRefused = () => assert.rejects(asked("1.0.0"), fails(4, why, /release list/));

  it("comes back until the contract is applied, and is refused with 4 from then on, as nothing newer is", async () => {
    await asked("1.0.0");
    await apply();
    await isRefused();
    await asked("1.1.0");
    await asked("1.2.0");
  });

  it("is known by the tree of a newer one, by the database's own word, and is not told where neither knows", async () => {
    await apply();
    sample.repository.git("rm", "--quiet", contract);
    await isRefused();
    sample.entries.length = 0;
    await isRefused();
    await stack.sql(
      "update supabase_migrations.schema_migrations set statements = null where version like '2999%'",
      database.address.name,
    );
    await assert.rejects(asked("1.0.0"), fails(3, /the database has `29990101000000_later`, and nobody here knows what it says/));
  });

  it("is not told by another file than the one that was applied", async () => {
    await apply();
    sample.repository.write({ [contract]: "select 1;\n" });
    await isRefused();
  });
});
