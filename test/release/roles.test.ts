import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { covers, roleNames } from "../../model/roles.ts";
import { generate, generatedFiles, parseRoles, rolesFile, staleFiles } from "../../release/roles.ts";
import { Team } from "../model/rolesSample.ts";
import { Repository } from "./gitFixture.ts";

const root = join(import.meta.dirname, "../..");

describe("the project's own roles", () => {
  const roles = () => {
    const parsed = parseRoles(readFileSync(join(root, rolesFile), "utf8"));
    return parsed.ok ? parsed.roles : assert.fail(JSON.stringify(parsed.faults));
  };

  it("leave no committed file that nobody may change", () => {
    const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" })
      .split("\0")
      .filter((path) => path !== "");
    const parts = roleNames.flatMap((role) => roles().roles[role].paths);
    assert.deepEqual(
      files.filter((path) => !parts.some((part) => covers(part, path))),
      [],
    );
  });

  it("name no part that is not there", () => {
    const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
    const parts = roleNames.flatMap((role) => roles().roles[role].paths);
    const optional = [".mailmap"];
    assert.deepEqual(
      parts.filter((part) => !optional.includes(part) && !files.some((path) => covers(part, path))),
      [],
    );
  });

  it("have generated files that are current", async () => assert.deepEqual(await staleFiles(root, roles()), []));
});

describe("what is generated from the roles", () => {
  it("is told where it is stale or not there, written anew, and left alone where it is current", async () => {
    using team = new Team();
    using repository = new Repository();
    const roles = team.roles();
    assert.equal((await staleFiles(repository.folder, roles)).length, 3);
    assert.deepEqual(await generate(repository.folder, roles), [...generatedFiles(roles).keys()]);
    assert.deepEqual(await generate(repository.folder, roles), []);
    repository.write({ "operations/allowed_signers": `mallory ${team.publicKey("stranger")}\n` });
    assert.deepEqual(await staleFiles(repository.folder, roles), ["operations/allowed_signers"]);
  });

  it("cannot be made from a file that is not YAML, which is told by its line", () => {
    const parsed = parseRoles("version: 1\nroles: [\n");
    assert.ok(!parsed.ok && parsed.faults.some(({ path }) => path.startsWith("line ")));
  });
});
