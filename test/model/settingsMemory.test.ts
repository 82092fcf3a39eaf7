/** Proves which database goes with which address of a hosted memory. */

import assert from "node:assert/strict";
import { parseSettings } from "../../model/settingsParse.ts";
import { sshSettings, withValue } from "./settingsSample.ts";

const pooler = "aws-0-eu-central-1.pooler.supabase.com";

type Settings = readonly [url: string, host: string, user?: string];

function faultsOf([url, host, user = "postgres"]: Settings) {
  const raw = Object.entries({ "memory.url": url, "memory.database.host": host, "memory.database.user": user }).reduce(
    (settings, [key, value]) => withValue(settings, key, value),
    sshSettings(),
  );
  const parsed = parseSettings(raw, "prod");
  return parsed.ok ? [] : parsed.faults;
}

describe("the memory's address and its database", () => {
  for (const [what, settings] of [
    ["the project's own host", ["https://one.supabase.co", "db.one.supabase.co"]],
    ["the same in capitals", ["https://ONE.supabase.co/", "db.One.supabase.co"]],
    ["a pooler with the project's user", ["https://one.supabase.co", pooler, "postgres.one"]],
    ["a domain of one's own", ["https://memory.example.org", "db.one.supabase.co"]],
    ["a server of one's own", ["https://memory.example.org", "database.example.org"]],
  ] satisfies readonly (readonly [string, Settings])[]) {
    it(`may be ${what}`, () => assert.deepEqual(faultsOf(settings), []));
  }

  for (const [what, key, settings] of [
    ["another project's", "host", ["https://one.supabase.co", "db.two.supabase.co"]],
    ["a host that only starts alike", "host", ["https://one.supabase.co", "db.one.supabase.co.example.org"]],
    ["no project's", "host", ["https://one.supabase.co", "database.example.org"]],
    ["a pooler with another project's user", "user", ["https://one.supabase.co", pooler, "postgres.two"]],
    ["a pooler with a user of no project", "user", ["https://one.supabase.co", pooler, "postgres"]],
    ["a pooler with a user that only ends alike", "user", ["https://one.supabase.co", pooler, "postgres.twoone"]],
  ] satisfies readonly (readonly [string, "host" | "user", Settings])[]) {
    it(`must not be ${what}; both are named`, () => {
      const faults = faultsOf(settings);
      assert.deepEqual(
        faults.map((fault) => fault.key),
        [`phillbot:memory.database.${key}`],
      );
      assert.ok(faults[0]?.found.includes(settings[key === "host" ? 1 : 2] ?? "?"), faults[0]?.found);
      assert.match(faults[0]?.wanted ?? "", /`memory\.url` is `https:\/\/one\.supabase\.co`/);
    });
  }
});
