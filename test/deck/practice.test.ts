/** Proves that `deck practice` makes a stack that only signed releases reach, and mixes nothing up with what is there. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import { practiceBeside } from "../../deck/practice.ts";
import { readSettings } from "../../deck/stackSettings.ts";
import type { DeckError, World } from "../../deck/verb.ts";
import { isProduction } from "../../model/rehearsal.ts";
import { namespacesOf } from "../../model/signers.ts";
import { parseRoles, staleFiles } from "../../release/roles.ts";
import { Repository } from "../release/gitFixture.ts";

const project = join(import.meta.dirname, "../..");

describe("deck practice", () => {
  let repository: Repository;
  let outside: string;
  beforeEach(() => {
    repository = new Repository();
    outside = mkdtempSync(join(tmpdir(), "phillbot-practice-"));
    for (const part of ["operations", "images", ".gitignore"])
      cpSync(join(project, part), join(repository.folder, part), { recursive: true });
    // Whoever tests this project may have people on record in it; who practises has none.
    const roles = parseDocument(rolesText());
    roles.set("people", []);
    roles.delete("baseline");
    repository.write({ "operations/roles.yaml": roles.toString() });
    repository.commit({ "README.md": "# It\n" });
  });
  afterEach(() => {
    repository[Symbol.dispose]();
    rmSync(outside, { recursive: true, force: true });
  });

  const world = (): World => ({
    root: repository.folder,
    environment: {},
    output: { data: () => {}, progress: () => {}, hide: () => {} },
    now: () => new Date("2026-11-22T12:00:00.000Z"),
    signal: new AbortController().signal,
  });
  const folder = () => join(outside, "practice");
  /** Not the user's own, who may be practising. */
  const trust = () => join(outside, "trust");
  const practise = (where = folder(), dryRun = false) =>
    practiceBeside(trust()).run(
      { verb: "practice", stack: "dev", json: false, yes: false, dryRun, args: [where], options: {} },
      world(),
    );
  const rolesText = () => readFileSync(join(repository.folder, "operations/roles.yaml"), "utf8");

  it("makes settings that want sign-off, an origin that is the repository, and keys that are the user's alone", async () => {
    const head = repository.git("rev-parse", "HEAD");
    const { code, text } = await practise();
    assert.equal(code, 0);
    const settings = await readSettings(repository.folder, "practice");
    const origin = join(folder(), "origin.git");
    assert.deepEqual(
      [settings.requireSignOff, settings.rehearsal, settings.origin, settings.host.kind, isProduction(settings)],
      [true, true, origin, "local", false],
    );
    assert.equal(repository.git("remote", "get-url", "origin"), origin);
    assert.equal(execFileSync("git", ["rev-parse", "HEAD"], { cwd: origin, encoding: "utf8" }).trim(), head);
    for (const name of ["ada", "bo", "cy", "passphrase"]) assert.equal(statSync(join(folder(), name)).mode & 0o777, 0o600, name);
    assert.equal(statSync(folder()).mode & 0o077, 0);
    assert.ok(text.includes(`PULUMI_BACKEND_URL=file://${folder()}/state`), text);
    assert.ok(existsSync(join(folder(), "state")));
  });

  it("casts a Builder who operates, a Judge and an Examiner, with all that follows from the roles", async () => {
    const head = repository.git("rev-parse", "HEAD");
    await practise();
    const parsed = parseRoles(rolesText());
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const { roles } = parsed;
    assert.equal(roles.baseline, head);
    assert.ok(roles.roles.operator.paths.includes("Pulumi.practice.yaml"));
    assert.deepEqual(
      roles.people.map((person) => [person.id, person.kind, person.roles]),
      [
        ["ada", "person", ["builder", "operator"]],
        ["bo", "person", ["judge"]],
        ["cy", "machine", ["examiner"]],
      ],
    );
    assert.ok(roles.people.every((person) => namespacesOf(person).length > 0));
    assert.deepEqual(await staleFiles(repository.folder, roles), []);
    // What an operator wrote above the people stays.
    assert.match(rolesText(), /^# Who may do what\. /m);
  });

  const refused: Readonly<Record<string, readonly [prepare: () => string, says: RegExp]>> = {
    "a folder in the clone": [() => join(repository.folder, "practice"), /lies in this clone/],
    "the clone itself": [() => repository.folder, /lies in this clone/],
    "a folder that is there": [() => outside, /is there already/],
    "a stack that is there": [
      () => {
        writeFileSync(join(repository.folder, "Pulumi.practice.yaml"), "config: {}\n");
        return folder();
      },
      /The stack `practice` is there already/,
    ],
    "trust that an earlier practice left": [
      () => {
        mkdirSync(trust());
        return folder();
      },
      /An earlier practice left its trust/,
    ],
    "people on record": [
      () => {
        const people = JSON.stringify([
          {
            id: "eve",
            name: "Eve",
            emails: ["eve@example.org"],
            roles: ["builder"],
            keys: [
              {
                public: `ssh-ed25519 ${Buffer.from(`\0\0\0\x0bssh-ed25519\0\0\0 ${".".repeat(32)}`).toString("base64")}`,
                from: "2026-01-01",
              },
            ],
          },
        ]);
        repository.commit({ "operations/roles.yaml": rolesText().replace("people: []", `people: ${people}`) });
        return folder();
      },
      /names people already/,
    ],
    "changes that are not committed": [
      () => {
        repository.write({ "README.md": "# Another\n" });
        return folder();
      },
      /changes that are not committed/,
    ],
  };
  for (const [what, [prepare, says]] of Object.entries(refused))
    it(`refuses ${what} with 2, and makes nothing`, async () => {
      mkdirSync(join(repository.folder, ".phillbot"), { recursive: true });
      const where = prepare();
      await assert.rejects(practise(where), (error: DeckError) => {
        assert.equal(error.code, 2, error.message);
        assert.match(error.message, says);
        assert.match(error.remedy ?? "", /\S/);
        return true;
      });
      assert.deepEqual([existsSync(folder()), repository.git("remote")], [false, ""]);
      assert.equal(parse(rolesText()).baseline, undefined);
    });

  it("only says what it would make, if asked to", async () => {
    const { text } = await practise(folder(), true);
    assert.match(text, /^Would make the stack `practice`/);
    assert.deepEqual([existsSync(folder()), existsSync(join(repository.folder, "Pulumi.practice.yaml"))], [false, false]);
  });
});
