/** What of an older release is always today's, and what makes it another stack's. */

import assert from "node:assert/strict";
import { movedSince, rollbackIn, rollbackVariable, withToday } from "../../model/rollback.ts";

const older = {
  host: { kind: "ssh", address: "phill", user: "claw", hostKey: "ssh-ed25519 OLD" },
  name: "phillbot",
  baseFolder: "/srv/phillbot",
  memory: { database: { host: "db.example" } },
  gateway: { image: "gateway:1" },
  secrets: { A: { from: { env: "OLD_A" }, gateway: true }, B: { from: { env: "OLD_B" } } },
};

describe("An older release's settings", () => {
  it("keep what is the release's, and take host key and sources of secrets from today", () => {
    // A field of the host that a program of then cannot know is not handed on.
    const today = {
      ...older,
      host: { ...older.host, hostKey: "ssh-ed25519 NEW", jumpHost: "elsewhere" },
      gateway: { image: "gateway:2" },
      secrets: { A: { from: { file: "/today" } }, C: { from: { env: "NEW_C" } } },
    };
    assert.deepEqual(withToday(older, today), {
      ...older,
      host: { ...older.host, hostKey: "ssh-ed25519 NEW" },
      secrets: { A: { from: { file: "/today" }, gateway: true }, B: { from: { env: "OLD_B" } } },
    });
  });

  it("are another stack's where the gateway, its host or its memory is another; a default that is written out is none", () => {
    assert.deepEqual(movedSince(older, { ...older, requireSignOff: true, host: { ...older.host, port: 22 } }), []);
    const others = [
      { ...older, name: "other" },
      { ...older, baseFolder: "/elsewhere" },
      { ...older, host: { ...older.host, address: "elsewhere" } },
      { ...older, memory: { database: { host: "db.other" } } },
      { ...older, requireSignOff: false },
      { ...older, rehearsal: "true" },
    ];
    const keys = others.map((today) => movedSince(older, today));
    assert.deepEqual(keys, [
      ["name"],
      ["baseFolder"],
      ["host.address"],
      ["memory.database.host"],
      ["requireSignOff"],
      ["rehearsal"],
    ]);
  });
});

describe("What is handed over", () => {
  const rollback = { name: "0.1.0", tree: "a".repeat(40), today: { root: "/project", settings: older } };

  it("is read as it was, and is none where nothing is", () => {
    assert.deepEqual(rollbackIn({ [rollbackVariable]: JSON.stringify(rollback) }), rollback);
    assert.equal(rollbackIn({}), undefined);
    // A newer one hands more over than this program knows.
    assert.deepEqual(rollbackIn({ [rollbackVariable]: JSON.stringify({ ...rollback, more: 1 }) }), rollback);
    assert.equal(rollbackIn({ [rollbackVariable]: "" }), undefined);
  });

  it("is refused where it is no rollback, and never taken for none", () => {
    for (const text of ["yes", "{}", JSON.stringify({ ...rollback, tree: "main" })])
      assert.throws(() => rollbackIn({ [rollbackVariable]: text }), /is set and is no rollback/);
  });
});
