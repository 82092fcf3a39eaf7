import assert from "node:assert/strict";
import fc from "fast-check";
import { countedTags, isWanted, sameRepository, wantedAddress, wantedOrigin, withoutLogin } from "../../model/origin.ts";

const wanted = { repository: "Example/bot" };

describe("isWanted", () => {
  for (const address of [
    "https://github.com/example/bot.git",
    "https://github.com/Example/Bot",
    "https://ada@github.com/example/bot/",
    "ssh://git@github.com/example/bot.git",
    "ssh://git@github.com:22/example/bot",
    "ssh://git@ssh.github.com:443/example/bot.git",
    "git@github.com:example/bot.git",
  ]) {
    it(`takes ${address} for the repository on GitHub`, () => assert.ok(isWanted(address, wanted)));
  }

  for (const address of [
    "http://github.com/example/bot.git",
    "git://github.com/example/bot.git",
    "https://github.com.example.org/example/bot.git",
    "https://github.com@example.org/example/bot.git",
    "https://example.org/github.com/example/bot.git",
    "https://github.com/example/bot2.git",
    "https://github.com/example/bot/../other",
    "https://github.com/stranger/bot.git",
    "git@github.com.example.org:example/bot.git",
    "ext::sh -c git@github.com:example/bot.git",
    "file:///github.com/example/bot.git",
    "/example/bot",
    "example/bot",
    "",
  ]) {
    it(`does not take ${address || "nothing"} for it`, () => assert.ok(!isWanted(address, wanted)));
  }

  it("takes an exact address for itself and for nothing else, and nothing where nothing is named", () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.string(), (address, other) => {
        assert.ok(isWanted(address, { address }));
        assert.equal(isWanted(other, { address }), other === address);
        assert.ok(!isWanted(address, {}));
      }),
    );
  });
});

describe("wantedOrigin", () => {
  const github = { repository: "example/bot", defaultBranch: "main", scopes: [] };

  it("is the exact address where both are given, else the name, else nothing", () => {
    assert.deepEqual(wantedOrigin({ origin: "/srv/bot.git", github }), { address: "/srv/bot.git" });
    assert.deepEqual(wantedOrigin({ github }), { repository: "example/bot" });
    assert.equal(wantedAddress(wantedOrigin({ github })), "https://github.com/example/bot.git");
    assert.equal(wantedAddress(wantedOrigin({})), undefined);
  });

  it("lets a clone's own tags count only where nothing is signed off", () => {
    assert.deepEqual(countedTags({ requireSignOff: false, github }), { from: "clone" });
    assert.deepEqual(countedTags({ requireSignOff: true, github }), { from: "origin", wanted: { repository: "example/bot" } });
  });
});

describe("withoutLogin", () => {
  const word = "p".repeat(9);
  for (const [address, shown] of [
    [`https://${word}@example.org/a`, "https://…@example.org/a"],
    [`https://ada:${word}@example.org/a`, "https://…@example.org/a"],
    [`https://ada:x@${word}@example.org/a`, "https://…@example.org/a"],
    [`https://ada:x'${word}@example.org/a`, "https://…@example.org/a"],
    [`git://ada:${word}@example.org/a`, "git://…@example.org/a"],
    [`ssh://ada:${word}@example.org/a`, "ssh://…@example.org/a"],
    [`ada:${word}@example.org:a.git`, "…@example.org:a.git"],
    [`https://example.org/a.git?private_token=${word}`, "https://example.org/a.git?…"],
    [`ssh://git@example.org/a?token=${word}`, "ssh://git@example.org/a?…"],
    ["ssh://git@example.org/a", "ssh://git@example.org/a"],
    ["git@github.com:example/bot.git", "git@github.com:example/bot.git"],
    ["https://example.org/a.git", "https://example.org/a.git"],
    ["/srv/a?b", "/srv/a?b"],
  ] as const)
    it(`of ${address} leaves out who logs in, and how`, () => assert.equal(withoutLogin(address), shown));

  it("also where git's own words are around it", () => {
    const said = `fatal: unable to access 'https://ada:x'${word}@example.org/a.git/': Could not resolve host: example.org`;
    assert.equal(
      withoutLogin(said),
      "fatal: unable to access 'https://…@example.org/a.git/': Could not resolve host: example.org",
    );
    const git = `fatal: Unable to look up ada:${word}@example.org (port 9418) (Name or service not known)`;
    assert.ok(!withoutLogin(git).includes(word), withoutLogin(git));
    const query = `fatal: repository 'https://example.org/a?private_token=${word}' not found`;
    assert.equal(withoutLogin(query), "fatal: repository 'https://example.org/a?…' not found");
    const plain = "fatal: couldn't find remote ref refs/heads/records";
    assert.equal(withoutLogin(plain), plain);
  });
});

describe("sameRepository", () => {
  it("is one by https and by ssh, and no other host's or folder's", () => {
    const https = "https://git.example.org/team/bot.git";
    for (const same of [https, "git@git.example.org:team/bot", "ssh://git@git.example.org:22/team/bot.git"])
      assert.ok(sameRepository(https, same), same);
    for (const other of [
      "git@git.example.org:team/fork",
      "git@example.org:team/bot",
      "ssh://git@git.example.org:2222/team/bot.git",
      "http://git.example.org/team/bot.git",
      "/team/bot.git",
    ])
      assert.ok(!sameRepository(https, other), other);
    assert.ok(sameRepository("https://github.com/Example/Bot", "ssh://git@ssh.github.com:443/example/bot.git"));
    assert.ok(sameRepository("/srv/a", "/srv/a") && !sameRepository("/srv/a", "/srv/b"));
  });
});
