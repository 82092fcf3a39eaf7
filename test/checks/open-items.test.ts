import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { itemsPath, openItemsCheck } from "../../checks/openItems.ts";
import { assertPasteable } from "../model/pasteable.ts";
import { contextOn, Repository, today, treeTarget } from "../release/gitFixture.ts";

const line = (priority: string, more = "") =>
  `  - { id: X-1, priority: ${priority}, title: Slow, opened: 2026-01-01, state: open${more} }\n`;
const ledger = (...items: string[]) => ({
  [itemsPath]: `version: 1\nitems:${items.length === 0 ? " []\n" : `\n${items.join("")}`}`,
});
const deferred = (until: string) => line("P1", `, deferral: { owner: ada, until: ${until}, reason: Waits }`);

function probe(repository: Repository, options: Parameters<typeof treeTarget>[1] = {}, context = contextOn()) {
  return openItemsCheck.probe(treeTarget(repository, options), context);
}

describe("open-items in the work tree", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
  });
  afterEach(() => repository[Symbol.dispose]());

  for (const [title, items] of [
    ["nothing is open", []],
    ["only P2 and P3 are open", [line("P2"), line("P3").replace("X-1", "X-2")]],
    ["a P0 is closed", [line("P0").replace("state: open", "state: closed")]],
    ["a P1 is deferred until today", [deferred(today)]],
  ] as const) {
    it(`passes where ${title}`, async () => {
      repository.write(ledger(...items));
      assert.equal((await probe(repository)).status, "pass");
    });
  }

  for (const [title, item, says, waivable] of [
    ["a P0 is open", line("P0"), /P0 `X-1` \(Slow\) is open\./, false],
    ["a P0 is deferred", deferred("2026-12-31").replace("P1", "P0"), /is open\./, false],
    ["a P1 is not deferred", line("P1"), /is open and not deferred\./, true],
    ["a P1 is deferred without an owner", deferred("2026-12-31").replace("owner: ada, ", ""), /without an owner\./, true],
    ["a P1 is deferred without a date", deferred("2026-12-31").replace("until: 2026-12-31, ", ""), /without a date\./, true],
    ["a P1's date has passed", deferred("2026-06-14"), /until 2026-06-14, today is 2026-06-15\./, true],
  ] as const) {
    it(`fails, and names the item, where ${title}`, async () => {
      repository.write(ledger(item));
      const finding = await probe(repository);
      assert.equal(finding.status, "fail");
      assert.match(finding.summary, says);
      assertPasteable(finding.remedy ?? "");
      assert.match(finding.remedy ?? "", /^\$\{EDITOR:-vi\} operations\/items\.yaml # set `state: closed`/);
      assert.equal(finding.remedy?.includes("deferral"), waivable);
      assert.deepEqual(
        finding.items?.map(({ id, waivable: may }) => ({ id, may })),
        [{ id: "X-1", may: waivable }],
      );
    });
  }

  for (const [title, text, paths] of [
    ["is not YAML", "version: 1\nitems: [", ["line 2"]],
    ["is empty", "", ["file"]],
    [
      "holds unknown keys and bad values",
      "version: 1\nitems:\n  - { id: a b, prio: P1, priority: P4, title: x, opened: soon, state: open }\n",
      ["items[0].id", "items[0].priority", "items[0].opened", "items[0].prio"],
    ],
    ["holds an id twice", `version: 1\nitems:\n${line("P2")}${line("P2")}`, ["items[1].id"]],
  ] as const) {
    it(`is an error that names every fault by its path where the file ${title}`, async () => {
      repository.write({ [itemsPath]: text });
      const finding = await probe(repository);
      assert.equal(finding.status, "error");
      assert.deepEqual(
        (finding.measured.faults as { path: string }[]).map(({ path }) => path),
        paths,
      );
      for (const path of paths) assert.ok(finding.summary.includes(`\`${path}\``));
    });
  }

  it("is an error where the file is missing", async () => {
    const finding = await probe(repository);
    assert.equal(finding.status, "error");
    assert.match(finding.summary, /ENOENT/);
  });
});

describe("open-items where sign-off is required", () => {
  let origin: Repository;
  let clone: Repository;
  beforeEach(() => {
    origin = new Repository();
    origin.commit(ledger());
    clone = origin.clone();
  });
  const signed = (more: Parameters<typeof treeTarget>[1] = {}, context = contextOn()) =>
    probe(clone, { requireSignOff: true, origin: origin.address, ...more }, context);
  afterEach(() => {
    origin[Symbol.dispose]();
    clone[Symbol.dispose]();
  });

  for (const branch of [undefined, "main"]) {
    it(`reads the tip of ${branch === undefined ? "origin's default branch" : "the branch that the settings name"}, not the work tree`, async () => {
      assert.equal((await signed(branch === undefined ? {} : { branch })).status, "pass");
      origin.commit(ledger(line("P0")));
      const finding = await signed(branch === undefined ? {} : { branch });
      assert.equal(finding.status, "fail");
      assert.equal(finding.measured.commit, origin.git("rev-parse", "HEAD"));
      assert.equal(finding.measured.ageSeconds, 0);
    });
  }

  it("is inconclusive, and names both, where the settings name another branch than origin's HEAD, until they name that", async () => {
    origin.git("switch", "--quiet", "--create", "trunk");
    origin.commit(ledger(line("P0")));
    const finding = await signed({ branch: "main" });
    assert.equal(finding.status, "inconclusive");
    assert.match(finding.summary, /name `main` as the default branch, and the HEAD of `origin` is `trunk`/);
    assert.match(
      finding.remedy ?? "",
      /pulumi config set --stack prod --type string --path 'phillbot:github.defaultBranch' trunk$/,
    );
    assert.equal((await signed({ branch: "trunk" })).status, "fail");
  });

  it("offers no command with a branch's name that a shell would run", async () => {
    origin.git("switch", "--quiet", "--create", "x'$(id)'");
    const { status, remedy } = await signed({ branch: "main" });
    assert.equal(status, "inconclusive");
    assert.ok(!remedy?.includes("$(id)"), remedy);
  });

  it("does not go on with what it read before origin's default branch became another one", async () => {
    assert.equal((await signed({ branch: "main" })).status, "pass");
    origin.git("switch", "--quiet", "--create", "trunk");
    assert.equal((await signed({ branch: "main" })).status, "inconclusive");
  });

  for (const branch of [undefined, "main"]) {
    it(`is inconclusive, in a clear sentence, where origin's HEAD leads nowhere and ${branch === undefined ? "no branch" : "a branch"} is named`, async () => {
      using bare = origin.clone("--bare");
      bare.git("symbolic-ref", "HEAD", "refs/heads/gone");
      clone.git("remote", "set-url", "origin", bare.address);
      const { status, summary } = await signed({ origin: bare.address, ...(branch !== undefined && { branch }) });
      assert.equal(status, "inconclusive");
      assert.match(summary, /is not read: the HEAD of `origin` leads to no commit, so that it has no default branch\./);
    });
  }

  it("reads an origin whose HEAD is a bare commit where no branch is named, and is inconclusive where one is", async () => {
    origin.git("switch", "--quiet", "--detach");
    assert.equal((await signed()).status, "pass");
    const { status, summary } = await signed({ branch: "main" });
    assert.equal(status, "inconclusive");
    assert.match(summary, /the HEAD of `origin` names no branch/);
  });

  it("leaves the work tree, its branches and FETCH_HEAD as they are", async () => {
    const state = () => [
      clone.git("status", "--porcelain"),
      clone.git("branch", "--all", "--verbose"),
      clone.git("rev-parse", "HEAD"),
    ];
    const before = state();
    origin.commit(ledger(line("P0")));
    await signed();
    assert.deepEqual(state(), before);
    assert.throws(() => clone.git("rev-parse", "--verify", "--quiet", "FETCH_HEAD"));
  });

  it("does not pass on the work tree's word: an item closed here and open there blocks", async () => {
    origin.commit(ledger(line("P0")));
    clone.write(ledger());
    assert.equal((await signed()).status, "fail");
  });

  it("goes on with what it read shortly before, and says how old that is, where origin is unreachable", async () => {
    await signed();
    rmSync(origin.folder, { recursive: true });
    const later = { ...contextOn(), now: () => new Date(`${today}T12:05:00.000Z`) };
    const finding = await signed({}, later);
    assert.equal(finding.status, "pass");
    assert.equal(finding.measured.ageSeconds, 300);
  });

  for (const [title, at] of [
    ["is older than allowed", "12:05:01"],
    ["comes from the future", "11:59:59"],
  ] as const) {
    it(`is inconclusive where origin is unreachable and the last reading ${title}`, async () => {
      await signed();
      rmSync(origin.folder, { recursive: true });
      const finding = await signed({}, { ...contextOn(), now: () => new Date(`${today}T${at}.000Z`) });
      assert.equal(finding.status, "inconclusive");
      assert.match(finding.summary, /allowed are 300 s/);
    });
  }

  it("does not go on with what another branch said", async () => {
    await signed();
    assert.equal((await signed({ branch: "elsewhere" })).status, "inconclusive");
  });

  for (const [title, mislead] of [
    ["another repository", (forged: string) => clone.git("remote", "set-url", "origin", forged)],
    [
      "another repository by a rewriting rule",
      (forged: string) => clone.git("config", `url.${forged}.insteadOf`, origin.address),
    ],
  ] as const) {
    it(`is inconclusive, and names both, where \`origin\` leads to ${title}`, async () => {
      using forged = new Repository();
      forged.commit(ledger());
      origin.commit(ledger(line("P0")));
      mislead(forged.address);
      const finding = await signed();
      assert.equal(finding.status, "inconclusive");
      assert.ok(finding.summary.includes(forged.address) && finding.summary.includes(origin.address), finding.summary);
      assert.match(finding.remedy ?? "", /^git remote set-url origin file:/);
    });
  }

  it("does not go on with what a misleading `origin` said before", async () => {
    using forged = new Repository();
    forged.commit(ledger());
    clone.git("remote", "set-url", "origin", forged.address);
    assert.equal((await signed({ origin: forged.address })).status, "pass");
    rmSync(origin.folder, { recursive: true });
    clone.git("remote", "set-url", "origin", origin.address);
    assert.equal((await signed()).status, "inconclusive");
  });

  it("is not misled by the caller's own GIT_* variables", async () => {
    using forged = new Repository();
    forged.commit(ledger());
    origin.commit(ledger(line("P0")));
    const forgery = {
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `url.${forged.address}.insteadOf`,
      GIT_CONFIG_VALUE_0: origin.address,
    };
    Object.assign(process.env, forgery);
    try {
      assert.equal((await signed()).status, "fail");
    } finally {
      for (const name of Object.keys(forgery)) delete process.env[name];
    }
  });

  it("is inconclusive where no setting names the repository", async () => {
    const finding = await probe(clone, { requireSignOff: true });
    assert.equal(finding.status, "inconclusive");
    assert.match(finding.summary, /no setting names the repository/);
  });

  it("is inconclusive where there is no remote", async () => {
    clone.git("remote", "remove", "origin");
    assert.equal((await signed()).status, "inconclusive");
  });

  it("is an error where the default branch does not hold the file", async () => {
    origin.remove(itemsPath);
    origin.commit();
    const finding = await signed();
    assert.equal(finding.status, "error");
    assert.match(finding.summary, /is not in commit [0-9a-f]{40}/);
  });

  it("ends when it is told to", async () => {
    const aborted = AbortSignal.abort(new Error("deadline"));
    await assert.rejects(signed({}, contextOn(today, aborted)), /deadline/);
  });
});
