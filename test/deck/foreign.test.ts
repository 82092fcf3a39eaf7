import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refuseForeignContainers } from "../../deck/foreign.ts";
import { DeckError } from "../../deck/verb.ts";

/** A `docker` that lists the containers that the test wrote down. */
const script = `#!/bin/sh
here=$(dirname -- "$0")
printf '%s\\n' "$@" >"$here/argv"
cat "$here/containers"
`;
const path = process.env.PATH;
const listed = (name: string, labels: string) =>
  JSON.stringify({ ID: "0", Names: name, CreatedAt: "2026-11-22 10:00:00 +0000 UTC", Labels: labels, State: "exited" });

describe("refuseForeignContainers", () => {
  let folder: string;
  const containers = (...lines: string[]) => writeFileSync(join(folder, "containers"), `${lines.join("\n")}\n`);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-docker-"));
    writeFileSync(join(folder, "docker"), script);
    chmodSync(join(folder, "docker"), 0o755);
    process.env.PATH = `${folder}:${path}`;
  });
  after(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });
  const refuse = () => refuseForeignContainers("phillbot-dev", "/work/bot");

  it("lets this folder's own containers pass, running or not, whatever their other labels", async () => {
    containers(
      listed("phillbot-dev-postgres-1", "phillbot.folder=/work/bot"),
      listed("phillbot-dev-rest-1", "a=b,phillbot.folder=/work/bot,phillbot.stack=dev"),
    );
    await refuse();
    assert.ok(readFileSync(join(folder, "argv"), "utf8").includes("name=^/phillbot-dev-"));
  });

  it("lets an engine without such containers pass", async () => {
    containers();
    await refuse();
  });

  for (const [whose, labels, owner] of [
    ["of another folder", "phillbot.folder=/work/bot2", "/work/bot2"],
    ["of a folder below", "phillbot.folder=/work/bot/clone", "/work/bot/clone"],
    ["of no folder", "a=b", "nobody known"],
    ["that only end like ours", "x.phillbot.folder=/work/bot", "nobody known"],
  ] as const) {
    it(`refuses those ${whose}, and says whose they are, since when, and how to remove them`, async () => {
      containers(listed("phillbot-dev-postgres-1", "phillbot.folder=/work/bot"), listed("phillbot-dev-rest-1", labels));
      await assert.rejects(refuse(), (error) => {
        assert.ok(error instanceof DeckError);
        assert.equal(error.code, 2);
        assert.ok(error.message.includes(`phillbot-dev-rest-1, made 2026-11-22 10:00:00 +0000 UTC by ${owner}`));
        assert.doesNotMatch(`${error.message}${error.remedy}`, /postgres/);
        assert.match(error.remedy ?? "", /docker rm --force phillbot-dev-rest-1 # or `npm run down` in that folder$/);
        return true;
      });
    });
  }
});
