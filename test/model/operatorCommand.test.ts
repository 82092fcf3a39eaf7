import assert from "node:assert/strict";
import { forStack } from "../../model/operatorCommand.ts";

describe("forStack", () => {
  for (const [remedy, typed] of [
    ["npx deck up", "npx deck up --stack prod"],
    ["npx deck secrets scan", "npx deck secrets scan --stack prod"],
    ["npx deck docs stamp 0.2.0", "npx deck docs stamp --stack prod 0.2.0"],
    ["npx deck gate # if it only needs longer", "npx deck gate --stack prod # if it only needs longer"],
    ["npx deck release cut", "npx deck release cut --stack prod"],
    ["npx deck roles check a..b", "npx deck roles check --stack prod a..b"],
    ["npx deck trust show", "npx deck trust show --stack prod"],
    ["npx deck lease break --why 'a b'", "npx deck lease break --stack prod --why 'a b'"],
    ["docker restart phillbot; npx deck up", "docker restart phillbot; npx deck up --stack prod"],
    ["npx deck ps && npx deck up", "npx deck ps --stack prod && npx deck up --stack prod"],
    ["npx deck up --stack test", "npx deck up --stack test"],
    ['eval "$(npx deck env --stack prod)" && npx deck up', 'eval "$(npx deck env --stack prod)" && npx deck up --stack prod'],
    ["npx deck --help", "npx deck --help"],
    ["git fetch origin", "git fetch origin"],
  ] as const) {
    it(`makes of \`${remedy}\` what is typed for that stack`, () => {
      assert.equal(forStack(remedy, "prod"), typed);
      assert.equal(forStack(remedy, "dev"), remedy);
    });
  }
});
