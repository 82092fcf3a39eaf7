/** What is played is known, refused where only signed releases deploy, and never worded as a release. */

import assert from "node:assert/strict";
import type { SignOffStanding } from "../../model/gate.ts";
import { outcomeWords, rehearsalNote, standInsOf, verdictSentence } from "../../model/rehearsal.ts";
import { parseSettings } from "../../model/settingsParse.ts";
import { judge } from "../../model/verdict.ts";
import { noon, policyWith, resultOf } from "./gateSample.ts";
import { localSettings, sshSettings, withValue } from "./settingsSample.ts";

const played: readonly (readonly [key: string, value: string, shown?: string])[] = [
  ["telegram.apiRoot", "http://127.0.0.1:8081", "telegram.apiRoot (http://127.0.0.1:8081)"],
  ["telegram.apiRoot", "https://telegram.example.org", "telegram.apiRoot (https://telegram.example.org)"],
  ["telegram.apiRoot", "https://api.telegram.org/test"],
  ["telegram.apiRoot", "https://api.telegram.org:8443"],
  ["memory.url", "http://localhost:54321", "memory.url (http://localhost:54321)"],
  ["memory.url", "https://127.8.0.1"],
  ["memory.url", "https://supabase.localhost."],
  ["memory.url", "http://[::1]:54321"],
  ["memory.url", "https://[::ffff:127.0.0.1]"],
  ["memory.url", "https://0.0.0.0"],
  ["memory.url", "https://[::]"],
  ["memory.url", "https://ip6-localhost"],
  ["memory.url", "https://127.1"],
  ["memory.url", "https://127.0.0.1."],
  ["memory.url", "https://localhost.."],
  ...[
    ...["127.1", "127.0.0.1.", "0.0.0.0", "0", "2130706433", "0x7f.1", "0177.0.0.1"],
    ...[
      "localhost.",
      "localhost..",
      "LOCALHOST",
      "db.localhost",
      "localhost.localdomain",
      "localhost6",
      "ip6-localhost",
      "ip6-loopback.",
    ],
    ...[
      "::",
      "[::]",
      "::1",
      "::1%lo",
      "0:0:0:0:0:0:0:1",
      "::ffff:127.0.0.1",
      "[::ffff:127.0.0.1]",
      "::ffff:0.0.0.0",
      "::127.0.0.1",
    ],
  ].map((host) => ["memory.database.host", host] as const),
  ["origin", "git@127.1:bot.git"],
  ["origin", "ssh://git@ip6-localhost/bot.git"],
  ["origin", "ssh://git@127.1/bot.git"],
  ["memory.database.host", "127.0.0.1", "memory.database.host (127.0.0.1)"],
  ["origin", "/srv/git/bot.git", "origin (a folder of this machine)"],
  ["origin", "file:///srv/git/bot.git", "origin (a folder of this machine)"],
  ["origin", "https://127.0.0.1/bot.git"],
  ["origin", "git@localhost:bot.git", "origin (localhost:bot.git)"],
];
const genuine: readonly (readonly [string, string])[] = [
  ["telegram.apiRoot", "https://api.telegram.org/"],
  ["memory.url", "https://localhost.example.org"],
  ["memory.url", "https://127.example.org"],
  ["memory.database.host", "db.example.supabase.co"],
  ["memory.database.host", "db.example.supabase.co."],
  ["memory.database.host", "128.1"],
  ["memory.database.host", "10.0.0.127"],
  ["memory.database.host", "2001:db8::1"],
  ["memory.database.host", "2001:db8::7f00:1"],
  ["memory.database.host", "ip6-localhost.example.org"],
  ["memory.database.host", "mylocalhost"],
  ["origin", "git@git.example.org:bot.git"],
  ["origin", "https://git.example.org/bot.git"],
];
const faultsOf = (raw: Record<string, unknown>) => {
  const parsed = parseSettings(raw, "prod");
  return parsed.ok ? [] : parsed.faults;
};

describe("a stand-in", () => {
  for (const [key, value, shown] of played) {
    it(`is ${key} at ${value}: refused with sign-off, named in a rehearsal`, () => {
      const raw = withValue(sshSettings(), key, value);
      const [fault] = faultsOf(raw);
      assert.equal(fault?.key, `phillbot:${key}`);
      assert.match(fault?.wanted ?? "", /`phillbot:rehearsal`/);
      const stays = faultsOf(withValue(raw, "rehearsal", true)).filter(({ wanted }) => /phillbot:rehearsal/.test(wanted));
      assert.deepEqual(stays, []);
      const [standIn] = standInsOf(raw);
      assert.equal(standIn?.path.join("."), key);
      if (shown !== undefined) assert.equal(standIn?.shown, shown);
    });
  }

  for (const [key, value] of genuine) {
    it(`is not ${key} at ${value}`, () => {
      assert.deepEqual(standInsOf(withValue(sshSettings(), key, value)), []);
    });
  }

  it("is a model provider on this machine as well", () => {
    const provider = { name: "openai", model: "gpt-5", apiRoot: "http://127.0.0.1:9" };
    assert.deepEqual(
      standInsOf(withValue(sshSettings(), "provider", provider)).map(({ shown }) => shown),
      ["provider.apiRoot (http://127.0.0.1:9)"],
    );
  });

  it("shows no part of an address that may be a credential", () => {
    const [standIn] = standInsOf({ origin: "https://somebody:password@127.0.0.1/bot.git?key=1" });
    assert.equal(standIn?.shown, "origin (https://127.0.0.1)");
  });

  it("may be had where nothing is signed, and in a rehearsal that is called so by a text as Pulumi writes it", () => {
    assert.deepEqual(faultsOf(localSettings()), []);
    const parsed = parseSettings(withValue(withValue(sshSettings(), "rehearsal", "true"), "origin", "/srv/git/bot.git"));
    assert.equal(parsed.ok && parsed.settings.rehearsal, true);
    assert.equal(faultsOf(withValue(sshSettings(), "rehearsal", "yes"))[0]?.key, "phillbot:rehearsal");
  });
});

describe("the words of a verdict", () => {
  const none: SignOffStanding = { kind: "none" };
  const judged = (status: string, standIns?: readonly string[], signOff: SignOffStanding | undefined = none) => ({
    verdict: judge({
      ...{ results: [resultOf("memory", status)], policy: policyWith(), policyDigest: "0".repeat(64), required: ["memory"] },
      ...{ now: noon, toolVersion: "0.1.0", rehearsed: { rehearsal: standIns !== undefined, standIns: standIns ?? [] } },
    }),
    signOff,
  });
  const [reasons, remedy] = [["It is not on record."], "npx deck release cut"];

  it("are open and blocked where the services were the real ones", () => {
    assert.equal(verdictSentence(judged("pass"), 1), "The release gate is open: 1 checks.");
    assert.equal(verdictSentence(judged("fail")), "The release gate is blocked by memory; this is not released.");
    assert.deepEqual([outcomeWords(judged("pass")), rehearsalNote(judged("pass").verdict)], ["open", undefined]);
  });

  it("say of a rehearsal that it was one, what was played, and never that the gate is open", () => {
    const rehearsed = judged("pass", ["memory.url (http://localhost:1)"]);
    const { verdict } = rehearsed;
    assert.deepEqual([verdict.outcome, verdict.rehearsal, verdict.standIns], ["open", true, ["memory.url (http://localhost:1)"]]);
    const sentence = verdictSentence(rehearsed, 10);
    assert.match(sentence, /^Rehearsed, not released: the gate would be open: 10 checks\. Stand-ins answered for memory\.url \(/);
    assert.doesNotMatch(sentence, /gate is open/);
    assert.equal(outcomeWords(rehearsed), "rehearsed, would be open");
    assert.equal(outcomeWords(judged("fail", [])), "rehearsed, blocked");
    assert.match(
      verdictSentence(judged("fail", [])),
      /^Rehearsed: the release gate is blocked by memory; this is not released\.$/,
    );
  });

  it("call what is signed open, and what nobody signed not released", () => {
    assert.equal(verdictSentence(judged("pass", undefined, { kind: "signed", signer: "bo" })), "The release gate is open.");
    for (const [signOff, note] of [
      [{ kind: "unsigned", reasons, remedy }, "nobody signed this for this stack"],
      [{ kind: "unknown", reasons, remedy }, "whether this is signed could not be told"],
    ] as const) {
      const open = judged("pass", undefined, signOff);
      assert.equal(verdictSentence(open, 2), `The release gate is open: 2 checks; not released: ${note}.`);
      assert.equal(outcomeWords(open), `open (not released: ${note})`);
      assert.equal(outcomeWords(judged("fail", undefined, signOff)), "blocked");
      assert.equal(outcomeWords(judged("pass", [], signOff)), "rehearsed, would be open");
      assert.ok(
        verdictSentence(judged("pass", [], signOff))
          .toLowerCase()
          .endsWith(` ${note}.`),
      );
    }
    // Evidence that does not say is no proof that it is signed.
    assert.match(outcomeWords({ verdict: judged("pass").verdict }), /not released/);
  });
});
