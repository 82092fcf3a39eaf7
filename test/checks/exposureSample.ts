/** What the tests of `exposure` share: a probe of a repository, and a look at what failed without a value in sight. */

import assert from "node:assert/strict";
import { exposuresPath, treeExposureCheck } from "../../checks/exposure.ts";
import type { Finding } from "../../model/check.ts";
import { Secret } from "../../model/secret.ts";
import { contextOn, type Repository, today, treeTarget } from "../release/gitFixture.ts";
import { random, telegramToken } from "./exposureTokens.ts";

export const emptyLedger = { [exposuresPath]: "version: 1\nexposures: []\n" };
export const inUse = () =>
  new Map([
    ["TELEGRAM_BOT_TOKEN", new Secret(telegramToken())],
    ["MEMORY_DATABASE_PASSWORD", new Secret(random(24))],
  ]);

export function probe(repository: Repository, secrets: ReadonlyMap<string, Secret> = new Map(), day = today): Promise<Finding> {
  return treeExposureCheck.probe(treeTarget(repository, { secrets }), contextOn(day));
}

/** A failed finding's items as `location`, and proof that none of these values is in it. */
export function locations(finding: Finding, ...values: readonly string[]): string[] {
  assert.equal(finding.status, "fail", finding.summary);
  for (const value of values) assert.ok(!JSON.stringify(finding).includes(value), "a value is in the finding");
  return (finding.items ?? []).map(({ location }) => location ?? "");
}
