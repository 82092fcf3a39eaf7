import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { documentsCheck } from "../../checks/documents.ts";
import { stampDocuments } from "../../release/documentStamp.ts";
import { OtherWorkTree, uncommitted } from "../../release/workTree.ts";
import { contextOn, Repository, treeTarget } from "./gitFixture.ts";

const migration = "memory/supabase/migrations/2_evil.sql";

describe("uncommitted", () => {
  let repository: Repository;
  let aside: string;
  beforeEach(() => {
    repository = new Repository();
    repository.write({
      "program.ts": "1\n",
      "run.sh": "exit\n",
      "Documentation/plan.md": "plan\n",
      "operations/gate.yaml": "a: 1\n",
      "memory/supabase/migrations/1_first.sql": "select 1;\n",
      'odd/"name\\ of\ntwo lines\r': "odd\n",
      "ü/é.ts": "1\n",
    });
    symlinkSync("program.ts", join(repository.folder, "link.ts"));
    chmodSync(join(repository.folder, "run.sh"), 0o755);
    repository.commit();
    aside = mkdtempSync(join(tmpdir(), "phillbot-aside-"));
  });
  afterEach(() => {
    repository[Symbol.dispose]();
    rmSync(aside, { recursive: true });
  });
  const at = (path: string) => join(repository.folder, path);
  const strays = async (stack?: string) =>
    (await uncommitted(repository.folder, stack === undefined ? {} : { stack })).map(({ path, how }) => `${path}: ${how}`);

  it("is nothing where all is as committed, and where ignored files lie elsewhere", async () => {
    repository.write({ ".phillbot/evidence/page.html": "1", "Pulumi.dev.yaml": "a: 1\n", "memory/supabase/.temp/linked": "1" });
    repository.write({ ".git/info/exclude": "Pulumi.*.yaml\n.temp\n" });
    utimesSync(at("program.ts"), new Date(0), new Date(0));
    assert.deepEqual(await strays("prod"), []);
  });

  for (const [title, make, expected] of [
    [
      "a migration that `core.excludesFile` hides",
      () => {
        repository.git("config", "core.excludesFile", join(aside, "ignore"));
        writeFileSync(join(aside, "ignore"), "*_evil.sql\n");
        repository.write({ [migration]: "1\n" });
        assert.equal(repository.git("status", "--porcelain"), "");
      },
      [`${migration}: not committed`],
    ],
    [
      "a document that `.git/info/exclude` hides",
      () => repository.write({ "Documentation/a/extra.md": "1\n", ".git/info/exclude": "extra.md\n" }),
      ["Documentation/a/extra.md: not committed"],
    ],
    [
      "a policy file that is ignored by a `.gitignore` which ignores itself",
      () => repository.write({ "operations/x/.gitignore": "*\n", "operations/x/more.yaml": "1\n" }),
      ["operations/x/.gitignore: not committed", "operations/x/more.yaml: not committed"],
    ],
    [
      "packages that outrank those at the top, which git ignores at every depth",
      () => {
        repository.write({ "release/a/known.ts": "1\n", ".gitignore": "node_modules/\npackage.json\n" });
        repository.commit();
        repository.write({ "release/node_modules/zod/index.js": "1\n", "release/node_modules/zod/package.json": "{}\n" });
        symlinkSync(aside, at("release/a/node_modules"));
        repository.write({ "release/package.json": '{ "name": "zod", "exports": "./evil.js" }\n' });
        repository.write({ "node_modules/zod/package.json": "{}\n", "package.json": "{}\n" });
      },
      ["release/a/node_modules: not committed", "release/node_modules: not committed", "release/package.json: not committed"],
    ],
    [
      "what is ignored in packages that are committed",
      () => {
        repository.write({ "release/node_modules/a/index.js": "1\n", ".gitignore": "b\n" });
        repository.commit();
        repository.write({ "release/node_modules/b/index.js": "1\n" });
      },
      ["release/node_modules/b/index.js: not committed"],
    ],
    [
      "an edit of the same size and time",
      () => {
        repository.git("config", "core.checkStat", "minimal");
        repository.git("config", "core.trustctime", "false");
        utimesSync(at("program.ts"), new Date(0), new Date(0));
        repository.git("update-index", "--refresh");
        repository.write({ "program.ts": "2\n" });
        utimesSync(at("program.ts"), new Date(0), new Date(0));
        assert.equal(repository.git("status", "--porcelain"), "");
      },
      ["program.ts: changed"],
    ],
    [
      "an edit that a filter takes back",
      () => {
        repository.git("config", "filter.back.clean", "echo 1");
        repository.write({ ".git/info/attributes": "program.ts filter=back\n", "program.ts": "2\n" });
      },
      ["program.ts: changed"],
    ],
    [
      "marked and removed files",
      () => {
        repository.git("update-index", "--skip-worktree", "run.sh");
        repository.git("update-index", "--assume-unchanged", "program.ts");
        for (const path of ["run.sh", "program.ts"]) repository.remove(path);
      },
      ["program.ts: missing", "run.sh: missing"],
    ],
    [
      "changed executable bits, whatever git is told to think of them",
      () => {
        repository.git("config", "core.fileMode", "false");
        chmodSync(at("run.sh"), 0o644);
        chmodSync(at("program.ts"), 0o755);
      },
      ["program.ts: changed", "run.sh: changed"],
    ],
    [
      "a link to somewhere else, and one in a file's place",
      () => {
        for (const path of ["link.ts", "program.ts"]) repository.remove(path);
        symlinkSync("run.sh", at("link.ts"));
        symlinkSync("run.sh", at("program.ts"));
      },
      ["link.ts: changed", "program.ts: changed"],
    ],
    [
      "a link to the same files in a folder's place",
      () => {
        cpSync(at("Documentation"), join(aside, "same"), { recursive: true });
        repository.remove("Documentation");
        symlinkSync(join(aside, "same"), at("Documentation"));
      },
      ["Documentation: not committed"],
    ],
    [
      "documents that are committed as a link out of the repository",
      () => {
        repository.remove("Documentation");
        symlinkSync(aside, at("Documentation"));
        repository.commit();
      },
      ["Documentation: a link"],
    ],
    [
      "a policy file that is committed as a link",
      () => {
        symlinkSync(join(aside, "x"), at("operations/items.yaml"));
        repository.commit();
      },
      ["operations/items.yaml: a link"],
    ],
    [
      "a file that is in the index only",
      () => {
        repository.write({ "added.ts": "1\n" });
        repository.git("add", "added.ts");
      },
      ["added.ts: not committed"],
    ],
    ["a file that git does not know", () => repository.write({ "stray.ts": "1\n" }), ["stray.ts: not committed"]],
    ["a changed file with an odd name", () => repository.write({ "ü/é.ts": "2\n" }), ["ü/é.ts: changed"]],
  ] as const) {
    it(`names ${title}`, async () => {
      make();
      assert.deepEqual((await strays()).toSorted(), expected);
    });
  }

  it("names the ignored settings file of the stack that is asked for", async () => {
    repository.commit({ ".gitignore": "Pulumi.*.yaml\n!Pulumi.prod.yaml\n" });
    repository.write({ "Pulumi.live.yaml": "a: 1\n", "Pulumi.dev.yaml": "a: 1\n" });
    assert.deepEqual(await strays("live"), ["Pulumi.live.yaml: not committed"]);
    assert.deepEqual(await strays("prod"), []);
    repository.git("add", "--force", "Pulumi.live.yaml");
    repository.git("commit", "--quiet", "--message", "Keep the settings");
    assert.deepEqual(await strays("live"), []);
  });

  it("counts commit and content of a submodule, whatever it is set to ignore, and takes none where files are deployed from", async () => {
    using other = new Repository();
    other.commit({ "part.ts": "1\n" });
    const add = (path: string) =>
      repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.address, path);
    add("part");
    repository.commit();
    assert.deepEqual(await strays(), []);
    repository.git("config", "submodule.part.ignore", "all");
    repository.write({ "part/part.ts": "2\n" });
    assert.deepEqual(await strays(), ["part/part.ts: changed"]);
    repository.git("-C", "part", "commit", "--quiet", "--all", "--message", "Move on");
    assert.deepEqual(await strays(), ["part: at another commit"]);
    add("operations/more");
    repository.commit();
    assert.equal((await strays())[0], "operations/more: a submodule");
  });

  it("takes an empty submodule for one that was not fetched", async () => {
    using other = new Repository();
    other.commit({ "part.ts": "1\n" });
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.address, "part");
    repository.commit();
    using clone = repository.clone();
    assert.deepEqual(await uncommitted(clone.folder), []);
  });

  it("refuses a work tree that is elsewhere, and says where", async () => {
    cpSync(repository.folder, join(aside, "clean"), { recursive: true });
    repository.git("config", "core.worktree", join(aside, "clean"));
    repository.write({ "program.ts": "2\n" });
    await assert.rejects(strays(), (error) => error instanceof OtherWorkTree && error.message.includes(join(aside, "clean")));
    repository.git("config", "--unset", "core.worktree");
    repository.git("config", "core.bare", "true");
    await assert.rejects(strays(), OtherWorkTree);
  });

  it("refuses a folder of another repository's work tree", async () => {
    mkdirSync(at("part"));
    await assert.rejects(uncommitted(at("part")), OtherWorkTree);
  });

  it("takes a linked work tree for its own", async () => {
    repository.git("worktree", "add", "--quiet", join(aside, "linked"));
    assert.deepEqual(await uncommitted(join(aside, "linked")), []);
  });
});

describe("documents on a stack with sign-off", () => {
  it("fail over an ignored settings file of the stack's name, and say that it is not committed", async () => {
    using repository = new Repository();
    const names = ["update_log.md", "status_tracker.md", "test_plan.md"];
    repository.commit({
      ".gitignore": "Pulumi.*.yaml\n",
      ...Object.fromEntries(names.map((name) => [`Documentation/${name}`, "# It\n"])),
    });
    await stampDocuments({ projectRoot: repository.folder, release: "1.0.0" });
    repository.commit();
    repository.git("config", "remote.origin.url", repository.address);
    const target = { ...treeTarget(repository, { requireSignOff: true, origin: repository.address }), stack: "live" };
    assert.equal((await documentsCheck.probe(target, contextOn())).status, "pass");
    repository.write({ "Pulumi.live.yaml": "a: 1\n" });
    const { status, summary } = await documentsCheck.probe(target, contextOn());
    assert.equal(status, "fail");
    assert.match(summary, /differs from the commit in 1 path, allowed are 0: `Pulumi.live.yaml` \(not committed\)/);
  });
});
