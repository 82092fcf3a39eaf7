/** Proves what counts as this tree's migrations. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { migrationText, readMigrations } from "../../memory/files.ts";

const projectRoot = dirname(dirname(import.meta.dirname));

describe("readMigrations", () => {
  let root: string;
  const put = (file: string, text: string) => writeFileSync(join(root, "memory/supabase/migrations", file), text);
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "phillbot-files-"));
    mkdirSync(join(root, "memory/supabase/migrations"), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("digests the bytes of each file, oldest first", () => {
    put("20270101000000_later.sql", "select 2;\n");
    put("20260101000000_first.sql", "select 1;\n");
    const [first, later, ...rest] = readMigrations(root);
    assert.equal(first?.name, "first");
    assert.equal(first?.sha256, createHash("sha256").update("select 1;\n").digest("hex"));
    assert.equal(later?.version, "20270101000000");
    assert.deepEqual(rest, []);
  });

  it("refuses a folder without migrations", () => assert.throws(() => readMigrations(root), /There is no migration in/));

  it("refuses, by name, a file that the Supabase CLI would skip", () => {
    put("20260101000000_first.sql", "select 1;");
    put("Fix.sql", "select 1;");
    assert.throws(() => readMigrations(root), /`Fix\.sql` is not named/);
  });

  it("refuses two files of one version", () => {
    put("20260101000000_a.sql", "select 1;");
    put("20260101000000_b.sql", "select 1;");
    assert.throws(() => readMigrations(root), /share the version 20260101000000/);
  });

  it("reads this project's own migrations, none of which opens or ends a transaction of its own", () => {
    for (const migration of readMigrations(projectRoot)) {
      assert.doesNotMatch(migrationText(projectRoot, migration), /^\s*(begin|commit|rollback)\s*;/im);
    }
  });
});
