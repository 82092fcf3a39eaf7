/** Proves that set-up takes back an image only where this clone made it and nobody else uses it. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeImages } from "../../toolchain/down.ts";
import { claimImages } from "../../toolchain/imageClaims.ts";
import { imageNames, imageSteps } from "../../toolchain/images.ts";
import { layoutOf } from "../../toolchain/layout.ts";

/** A `docker` that builds whatever is asked, and lists images and containers from the files beside it. */
const script = `#!/bin/sh
here=$(dirname -- "$0")
echo "$*" >>"$here/calls"
case "$*" in
"image ls "*) cat "$here/images" ;;
"ps --all --quiet --filter ancestor="*) cat "$here/containers" 2>/dev/null ;;
esac
exit 0
`;
const path = process.env.PATH;

describe("removeImages", () => {
  let folder: string;
  let project: string;
  let telegram: string;
  const at = (...parts: string[]) => join(folder, ...parts);
  const removeFrom = () => removeImages(project, at("claims"));
  const removals = () => readFileSync(at("calls"), "utf8").match(/^image rm .*$/gm) ?? [];
  const make = async () => {
    const step = imageSteps(layoutOf(project)).find(({ title }) => title.includes("Bot API"));
    assert.ok(step);
    await step.run({ signal: new AbortController().signal, say: () => {} });
  };
  const claim = (clone: string, isSetUp = true) => {
    mkdirSync(at(clone, isSetUp ? ".phillbot" : ""), { recursive: true });
    claimImages(at("claims"), { project: at(clone), images: [telegram] });
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-images-"));
    project = at("mine");
    for (const name of ["gateway", "postgres", "rest", "telegram"]) {
      mkdirSync(join(project, "images", name), { recursive: true });
      writeFileSync(join(project, "images", name, "Dockerfile"), "FROM scratch\n");
    }
    telegram = imageNames(project).telegram;
    writeFileSync(at("docker"), script);
    chmodSync(at("docker"), 0o755);
    writeFileSync(at("images"), `${telegram}\nphillbot/strange:1\n`);
    writeFileSync(at("calls"), "");
    process.env.PATH = `${folder}:${path}`;
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });

  it("removes what this clone made, once nobody uses it, and takes back its own claim", async () => {
    await make();
    claim("mine");
    assert.deepEqual(await removeFrom(), { removed: [telegram], kept: [] });
    assert.deepEqual(removals(), [`image rm ${telegram}`]);
    assert.deepEqual(readdirSync(at("claims")), []);
  });

  it("keeps what this clone did not make", async () => {
    assert.deepEqual((await removeFrom()).kept, [{ name: telegram, why: "not made by this folder's set-up" }]);
    assert.deepEqual(removals(), []);
  });

  it("keeps what another clone uses, and says which", async () => {
    await make();
    claim("other");
    assert.deepEqual(await removeFrom(), { removed: [], kept: [{ name: telegram, why: `used by ${at("other")}` }] });
    assert.deepEqual(removals(), []);
    assert.ok(existsSync(at("claims", readdirSync(at("claims"))[0] ?? "")));
  });

  it("passes over the claim of a clone that is gone, or is down itself", async () => {
    await make();
    claim("other", false);
    assert.deepEqual((await removeFrom()).removed, [telegram]);
  });

  it("keeps everything under a claim that cannot be read", async () => {
    await make();
    mkdirSync(at("claims"));
    writeFileSync(at("claims/x.json"), "{");
    assert.deepEqual((await removeFrom()).kept, [{ name: telegram, why: `used by ${at("claims/x.json")}` }]);
  });

  it("keeps what a container is made from, whoever's it is, running or not", async () => {
    await make();
    writeFileSync(at("containers"), "0123\n");
    assert.deepEqual((await removeFrom()).kept, [{ name: telegram, why: "used by a container" }]);
    assert.deepEqual(removals(), []);
  });

  it("removes what this clone made by an older recipe, too", async () => {
    await make();
    writeFileSync(join(project, "images/telegram/Dockerfile"), "FROM scratch\nUSER 1\n");
    assert.notEqual(imageNames(project).telegram, telegram);
    assert.deepEqual((await removeFrom()).removed, [telegram]);
  });
});
