import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { judgeCommits, makersOf } from "../../model/commits.ts";
import { readCommits } from "../../release/commits.ts";
import { type Member, Team } from "../model/rolesSample.ts";
import { Repository } from "./gitFixture.ts";

describe("the commits of a range", () => {
  let team: Team;
  let repository: Repository;
  before(() => {
    team = new Team();
  });
  after(() => team[Symbol.dispose]());
  beforeEach(() => {
    repository = new Repository();
    repository.commit({ "README.md": "x" });
    repository.git("tag", "start");
  });
  afterEach(() => repository[Symbol.dispose]());

  interface By {
    readonly committer?: string;
    readonly author?: string;
    readonly key?: string;
    readonly message?: string;
  }
  const commit = (
    files: Record<string, string>,
    { committer = "ada", author = committer, key = committer, message = "Change" }: By = {},
  ) => {
    repository.write(files);
    repository.git("add", "--all");
    const signing =
      key === "" ? [] : ["-c", "gpg.format=ssh", "-c", `user.signingKey=${team.keyFile(key)}`, "-c", "commit.gpgsign=true"];
    const who = ["-c", `user.name=${committer}`, "-c", `user.email=${committer}@example.org`];
    repository.git(
      ...who,
      ...signing,
      "commit",
      "--quiet",
      "--author",
      `${author} <${author}@example.org>`,
      "--message",
      message,
    );
  };
  const read = (roles = team.roles()) => readCommits(repository.folder, { range: "start..HEAD", trust: team.trust(roles) });
  const faults = async (roles = team.roles()) => judgeCommits(roles, await read(roles)).map(({ problem }) => problem);

  it("are read oldest first, with all who made them, by every address, and what they change", async () => {
    commit(
      { "host/a.ts": "a" },
      { message: "First, with a colleague\n\nCo-authored-by: Cy <CY@old.example>\nCo-authored-by: Dee <dee@example.org>" },
    );
    repository.write({ ".mailmap": "Cy <cy@example.org> <cy@old.example>\n" });
    commit({ "test/a.ts": "b" }, { committer: "cy" });
    const [first, second, ...rest] = await read();
    assert.deepEqual(rest, []);
    assert.deepEqual(
      { ...first, id: "" },
      {
        id: "",
        subject: "First, with a colleague",
        author: ["ada@example.org"],
        committer: ["ada@example.org"],
        coAuthors: [["cy@old.example", "cy@example.org"], ["dee@example.org"]],
        signer: "ada",
        paths: ["host/a.ts"],
      },
    );
    assert.deepEqual(second?.paths, [".mailmap", "test/a.ts"]);
    assert.deepEqual([...makersOf(team.roles(), [first ?? assert.fail()])].toSorted(), ["ada", "cy", "dee"]);
  });

  it("pass where each is signed by its committer, who may change all of it", async () => {
    commit({ "host/a.ts": "a" });
    commit({ "test/a.ts": "a" }, { committer: "cy" });
    commit({ "operations/items.yaml": "a" }, { committer: "dee" });
    assert.deepEqual(await faults(), []);
  });

  it("are refused unsigned, and signed by a stranger", async () => {
    commit({ "host/a.ts": "a" }, { key: "" });
    commit({ "host/b.ts": "a" }, { key: "stranger" });
    assert.deepEqual(await faults(), ["It is not signed by a key on record.", "It is not signed by a key on record."]);
  });

  it("are refused where their own words say what git says of a signed one", async () => {
    for (const mark of ["\x01", "\x02", "\x03"]) {
      const forged = ["Change", ...Array.from({ length: 4 }, () => "ada@example.org"), "G", "ada", ""].join(mark);
      commit({ "host/a.ts": `by${mark}\n` }, { key: "", message: forged });
    }
    assert.deepEqual(
      await faults(),
      Array.from({ length: 3 }, () => "It is not signed by a key on record."),
    );
  });

  it("are told with the addresses that they were made with, whatever this clone is set to", async () => {
    writeFileSync(join(team.folder, "mailmap"), "Ada <ada@example.org> <zoe@example.org>\n");
    repository.git("config", "mailmap.file", join(team.folder, "mailmap"));
    repository.git("config", "log.showSignature", "true");
    commit({ "host/a.ts": "a" }, { author: "zoe" });
    assert.deepEqual(await faults(), ["Its author `zoe@example.org` is nobody on record."]);
  });

  it("are told with the `.mailmap` of the newest of them, never with what lies in the work tree or in another commit", async () => {
    const zoe = ["Its author `zoe@example.org` is nobody on record.", "Its co-author `zoe@example.org` is nobody on record."];
    const [mailmap, message] = ["Ada <ada@example.org> <zoe@example.org>\n", "x\n\nCo-authored-by: Zoe <zoe@example.org>"];
    commit({ "host/a.ts": "a" }, { author: "zoe", message });
    repository.write({ ".mailmap": mailmap });
    assert.deepEqual(await faults(), zoe);
    commit({ ".mailmap": mailmap, "host/b.ts": "b" });
    repository.remove(".mailmap");
    assert.deepEqual(
      (await read()).map(({ author, coAuthors }) => [author, coAuthors]),
      [
        [["zoe@example.org", "ada@example.org"], [["zoe@example.org", "ada@example.org"]]],
        [["ada@example.org"], []],
      ],
    );
    const roles = team.roles();
    const older = await readCommits(repository.folder, { range: "start..HEAD~1", trust: team.trust(roles) });
    assert.deepEqual(
      judgeCommits(roles, older).map(({ problem }) => problem),
      zoe,
    );
  });

  it("name every co-author, whatever this clone takes for a trailer, and wherever in the message the line stands", async () => {
    repository.git("config", "trailer.separators", "=");
    repository.git("config", "core.commentChar", "C");
    const message =
      "x\n\nCo-authored-by: Cy\n  <cy@example.org>\n\nAnd more.\nCO-AUTHORED-BY : D <dee@example.org>\n\nNot a trailer.";
    commit({ "host/a.ts": "a" }, { message });
    assert.deepEqual((await read())[0]?.coAuthors, [["cy@example.org"], ["dee@example.org"]]);
  });

  it("tell of a submodule, whatever it is set to ignore", async () => {
    repository.write({ ".gitmodules": '[submodule "part"]\n\tpath = part\n\turl = x\n\tignore = all\n' });
    repository.git("config", "diff.ignoreSubmodules", "all");
    repository.git("update-index", "--add", "--cacheinfo", `160000,${repository.git("rev-parse", "HEAD")},part`);
    repository.git("add", ".gitmodules");
    repository.git("commit", "--quiet", "--message", "Add a part");
    assert.deepEqual((await read())[0]?.paths, [".gitmodules", "part"]);
  });

  it("are refused where another than the committer signed", async () => {
    commit({ "host/a.ts": "a" }, { key: "dee" });
    assert.deepEqual(await faults(), ["`dee` signed it, but `ada` is its committer."]);
  });

  it("are refused where the key was revoked, or did not count yet", async () => {
    commit({ "host/a.ts": "a" });
    assert.deepEqual(await faults(team.roles({ ada: { revoked: "2026-02-01" } })), ["It is not signed by a key on record."]);
    assert.deepEqual(await faults(team.roles({ ada: { from: "2026-06-01" } })), ["It is not signed by a key on record."]);
  });

  it("are refused for a path outside a role, whoever of author, committer and co-author it is", async () => {
    commit({ "host/a.ts": "a" }, { committer: "cy" });
    commit({ "host/b.ts": "a" }, { author: "cy" });
    commit({ "host/c.ts": "a", "test/c.ts": "a", "deck/c.ts": "a" }, { message: "x\n\nCo-Authored-By: C <cy@example.org>" });
    assert.deepEqual(await faults(), [
      "Its author `cy` (examiner) may not change `host/a.ts`.",
      "Its committer `cy` (examiner) may not change `host/a.ts`.",
      "Its author `cy` (examiner) may not change `host/b.ts`.",
      "Its co-author `cy` (examiner) may not change `deck/c.ts` and 1 more.",
    ]);
  });

  it("are refused for people whom nobody knows", async () => {
    commit({ "host/a.ts": "a" }, { author: "zoe", message: "x\n\nCo-authored-by: nonsense" });
    assert.deepEqual(await faults(), [
      "Its author `zoe@example.org` is nobody on record.",
      "Its co-author `nonsense` is nobody on record.",
    ]);
  });

  it("are judged by what a merge changes itself", async () => {
    repository.git("checkout", "--quiet", "-b", "side");
    commit({ "test/a.ts": "a" }, { committer: "cy" });
    repository.git("checkout", "--quiet", "main");
    commit({ "host/a.ts": "a" });
    const merge = [
      "-c",
      "user.name=cy",
      "-c",
      "user.email=cy@example.org",
      "-c",
      "gpg.format=ssh",
      "-c",
      `user.signingKey=${team.keyFile("cy")}`,
    ];
    repository.git(...merge, "merge", "--quiet", "--no-ff", "--no-commit", "side");
    repository.write({ "host/evil.ts": "a" });
    repository.git("add", "--all");
    repository.git(...merge, "-c", "commit.gpgsign=true", "commit", "--quiet", "--message", "Merge");
    const said = await faults();
    assert.deepEqual(said, [
      "Its author `cy` (examiner) may not change `host/evil.ts`.",
      "Its committer `cy` (examiner) may not change `host/evil.ts`.",
    ]);
  });

  /** A merge of two commits with the tree of a third, made and signed by hand. */
  const mergeAs = (who: Member, tree: string, ...parents: readonly string[]) => {
    const by = ["-c", `user.name=${who}`, "-c", `user.email=${who}@example.org`, "-c", "gpg.format=ssh"];
    const named = parents.flatMap((parent) => ["-p", parent]);
    const key = ["-c", `user.signingKey=${team.keyFile(who)}`];
    const merge = repository.git(...by, ...key, "commit-tree", "-S", `${tree}^{tree}`, ...named, "-m", "docs: merge");
    repository.git("reset", "--quiet", "--hard", merge);
  };
  const taken = ["author", "committer"].map((part) => `Its ${part} \`dee\` (operator) may not change \`host/a.ts\`.`);

  it("are judged by what a merge takes back, from inside the range and from before it", async () => {
    commit({ "host/a.ts": "old" });
    const old = repository.git("rev-parse", "HEAD");
    commit({ "host/a.ts": "guarded" });
    const base = repository.git("rev-parse", "HEAD");
    mergeAs("dee", old, base, old);
    assert.deepEqual(await faults(), taken);
    repository.git("tag", "--force", "start", base);
    assert.deepEqual(await faults(), taken);
    mergeAs("dee", old, old, base);
    assert.deepEqual(await faults(), taken);
  });

  it("are judged by all that a merge of more than two may have touched", async () => {
    commit({ "host/a.ts": "old" });
    const old = repository.git("rev-parse", "HEAD");
    commit({ "host/a.ts": "guarded" });
    const base = repository.git("rev-parse", "HEAD");
    mergeAs("dee", old, base, old, "start");
    assert.deepEqual(await faults(), taken);
  });

  it("leave a plain merge free, whoever makes it", async () => {
    repository.git("checkout", "--quiet", "-b", "side");
    commit({ "test/a.ts": "a" }, { committer: "cy" });
    repository.git("checkout", "--quiet", "main");
    commit({ "host/a.ts": "a" });
    repository.git("tag", "--force", "start");
    repository.git("checkout", "--quiet", "side");
    repository.git("merge", "--quiet", "--no-ff", "--message", "Merge", "main");
    mergeAs("cy", "HEAD", "HEAD^1", "HEAD^2");
    assert.deepEqual(await faults(), []);
    assert.deepEqual(
      (await read()).map(({ paths }) => paths),
      [["test/a.ts"], []],
    );
  });
});
