/** Proves that a failed push is told without what was remembered. */

import assert from "node:assert/strict";
import { pushFailure } from "../../memory/migrate.ts";

describe("pushFailure", () => {
  for (const [title, message, told] of [
    [
      "leaves out the row of a detail",
      'ERROR: could not create unique index "i" (SQLSTATE 23505)\nKey (value)=(remembered) is duplicated.\nAt statement: 0\ncreate unique index i',
      'ERROR: could not create unique index "i" (SQLSTATE 23505), At statement: 0',
    ],
    [
      "leaves out a value that does not fit",
      'ERROR: invalid input syntax for type integer: "remembered" (SQLSTATE 22P02)\nAt statement: 2\nselect 1',
      "ERROR (SQLSTATE 22P02), At statement: 2",
    ],
    [
      "leaves out a value of more lines than one",
      'ERROR: cannot use "remembered\nmore" (SQLSTATE 42P01)\nAt statement: 1',
      "ERROR (SQLSTATE 42P01), At statement: 1",
    ],
    [
      "tells a fault of the migration itself",
      'ERROR: syntax error at or near "selec" (SQLSTATE 42601)\nAt statement: 0\nselec 1\n^',
      'ERROR: syntax error at or near "selec" (SQLSTATE 42601), At statement: 0',
    ],
    ["tells what no database said", "failed to connect", "failed to connect"],
  ] as const) {
    it(title, () => assert.equal(pushFailure(message), told));
  }
});
