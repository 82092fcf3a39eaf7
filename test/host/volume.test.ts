import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalHost } from "../../host/local.ts";
import { refuseForeignVolume } from "../../host/volume.ts";

/** A `docker` that knows the volume that the test wrote down, and fails where there is a file `noEngine`. */
const script = `#!/bin/sh
here=$(dirname -- "$0")
[ -e "$here/noEngine" ] && exit 1
[ -e "$here/volume" ] || exit 0
case "$*" in
*"volume inspect phillbot-dev-postgres") cat "$here/volume" ;;
*"volume ls --quiet --filter name=^phillbot-dev-postgres$") echo phillbot-dev-postgres ;;
*) exit 1 ;;
esac
`;
const path = process.env.PATH;

describe("the memory that a development stack finds on its host", () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const refuse = () =>
    refuseForeignVolume(new LocalHost(), { name: "phillbot-dev", projectRoot: at("bot"), ownerFile: at("owner.json") });
  const volume = (labels: Readonly<Record<string, string>> | null) =>
    writeFileSync(at("volume"), JSON.stringify([{ Name: "phillbot-dev-postgres", CreatedAt: "2026-11-22", Labels: labels }]));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-volume-"));
    writeFileSync(at("docker"), script);
    chmodSync(at("docker"), 0o755);
    mkdirSync(at("other"));
    process.env.PATH = `${folder}:${path}`;
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });

  it("is nothing to speak of where there is none", async () => assert.equal(await refuse(), undefined));

  it("is used where this folder made it", async () => {
    volume({ "phillbot.folder": at("bot") });
    assert.equal(await refuse(), undefined);
  });

  it("is refused where another folder made it, with whose it is and the way out, also where this stack was here before", async () => {
    volume({ "phillbot.folder": at("other") });
    for (const _ of [1, 2]) {
      const said = (await refuse()) ?? "";
      assert.ok(said.includes(`\`phillbot-dev-postgres\`, made 2026-11-22 by ${at("other")}`), said);
      assert.match(said, /`npm run down` in that folder, or, .*: docker volume rm phillbot-dev-postgres$/);
      writeFileSync(at("owner.json"), "{}");
    }
  });

  it("is used without a label only where this stack was here before", async () => {
    volume(null);
    assert.match((await refuse()) ?? "", /by nobody known/);
    writeFileSync(at("owner.json"), "{}");
    assert.equal(await refuse(), undefined);
  });

  it("is not believed to be none where the engine does not answer", async () => {
    writeFileSync(at("noEngine"), "");
    await assert.rejects(refuse());
  });
});
