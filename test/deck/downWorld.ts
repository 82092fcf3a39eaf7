/** A clone with a development stack whose Pulumi and Docker are played, for tests of how it is taken down. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { devFolders, ensureDevStack } from "../../deck/devStack.ts";
import { type SetUp, takeDown } from "../../deck/takeDown.ts";
import { DeckError, type World } from "../../deck/verb.ts";
import { type FakePulumi, fakePulumi } from "./fakePulumi.ts";

/** PATH as it was before Docker was played. */
export const realPath = process.env.PATH;

/** A `docker` that answers from the files beside it, and fails where there is a file `noEngine`. */
const docker = `#!/bin/sh
here=$(dirname -- "$0")
[ -e "$here/noEngine" ] && exit 1
echo "$*" >>"$here/docker.calls"
case "$1 $2 $*" in
version*) echo 29.0 ;;
ps*--format*json*) cat "$here/foreign" 2>/dev/null ;;
ps*) cat "$here/containers" 2>/dev/null ;;
"volume inspect"*) cat "$here/volume" ;;
volume*label=*) cat "$here/ownVolumes" 2>/dev/null ;;
"volume ls"*) cat "$here/volumes" 2>/dev/null ;;
network*label=*) cat "$here/ownNetworks" 2>/dev/null ;;
network*) cat "$here/networks" 2>/dev/null ;;
esac
exit 0
`;

/** Makes a development stack of that name in the clone. */
export const makeDevStack = (root: string, stack: string) => {
  const images = { gateway: "test/gateway:1", telegram: "test/telegram:1", rest: "test/rest:1", postgres: "test/postgres:1" };
  return ensureDevStack({ projectRoot: root, stack, images, ownPorts: true });
};

export class DownWorld implements Disposable {
  readonly pulumi: FakePulumi = fakePulumi();
  readonly root = this.pulumi.call().root;
  readonly said: string[] = [];
  world: World;
  setUp: SetUp = {
    removeImages: async () => ({ removed: ["phillbot/rest:1"], kept: [] }),
    stopEngine: async () => ({ outcome: "not ours", sentence: "The engine goes on." }),
    packagesLeft: () => undefined,
  };

  static async begin(): Promise<DownWorld> {
    const down = new DownWorld();
    await makeDevStack(down.root, "dev");
    return down;
  }

  private constructor() {
    writeFileSync(this.bin("docker"), docker);
    chmodSync(this.bin("docker"), 0o755);
    process.env.PATH = `${this.pulumi.folder}:${realPath}`;
    mkdirSync(join(this.root, "operations"));
    writeFileSync(join(this.root, "operations/exposures.yaml"), "version: 1\nexposures: []\n");
    this.world = {
      root: this.root,
      environment: { PATH: process.env.PATH },
      output: { data: () => {}, progress: (line) => void this.said.push(line), hide: () => {} },
      now: () => new Date(),
      signal: new AbortController().signal,
    };
  }

  [Symbol.dispose](): void {
    process.env.PATH = realPath;
    this.pulumi.remove();
  }

  /** Takes the stack down; what stays, in sentences. */
  run(signal = this.world.signal): Promise<readonly string[]> {
    return takeDown("dev", { ...this.world, signal }, this.setUp);
  }

  bin(name: string): string {
    return join(this.pulumi.folder, name);
  }

  written(name: string): string {
    return existsSync(this.bin(name)) ? readFileSync(this.bin(name), "utf8") : "";
  }

  /** What Pulumi was asked to do. */
  verbs(): readonly string[] {
    const calls = (this.pulumi.said("calls") ?? "").split("\n");
    return calls.flatMap((line) => line.split(" ", 1).filter(Boolean));
  }

  ignored(...parts: readonly string[]): string {
    return join(this.root, ".phillbot", ...parts);
  }

  /** Keeps a stack in the state, with resources of those types. */
  keep(stack: string, ...types: readonly string[]): void {
    const folder = this.ignored("state/.pulumi/stacks/phillbot");
    mkdirSync(folder, { recursive: true });
    const latest = { resources: types.map((type) => ({ type, urn: "urn", id: `${type}-id` })) };
    writeFileSync(join(folder, `${stack}.json`), JSON.stringify({ version: 3, checkpoint: { stack, latest } }));
    writeFileSync(join(folder, `${stack}.json.attrs`), "{}");
  }

  lock(content: object): void {
    const folder = this.ignored("state/.pulumi/locks/organization/phillbot/dev");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "1.json"), JSON.stringify(content));
  }

  /** Is refused with that code and text, and keeps what cannot be made again. */
  async fails(code: number, text: RegExp): Promise<void> {
    await assert.rejects(this.run(), (error) => {
      assert.ok(error instanceof DeckError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, text);
      return true;
    });
    assert.ok(existsSync(devFolders(this.root, "dev").secretsFile), "the secrets are kept");
    assert.ok(existsSync(devFolders(this.root, "dev").passphraseFile), "the passphrase is kept");
    assert.ok(existsSync(this.ignored("state")), "the state is kept");
  }
}
