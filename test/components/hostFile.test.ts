import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, readFileSync, rmdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { HostFile } from "../../components/hostFile.ts";
import { type Folder, HostFolders } from "../../components/hostFolders.ts";
import { FolderHost, owner } from "./folderHost.ts";
import { plain, type Recorder, record, secretIn, settle } from "./recorder.ts";

describe("HostFile", () => {
  let recorder: Recorder;
  let host: FolderHost;
  let path: string;
  beforeEach(() => {
    host = new FolderHost();
    path = join(host.folder, "file");
  });
  afterEach(async () => {
    await recorder.end();
    host.remove();
  });

  const write = async (content: pulumi.Input<string>, preview = false) => {
    recorder = await record({ preview });
    const file = new HostFile("file", { host, content, path, mode: 0o640, ...owner, via: { kind: "direct" } });
    const settled = await settle(file.settled);
    await recorder.end();
    return { settled, command: recorder.get("file-write") };
  };

  it("hands the content on by standard input, framed by its length in bytes", async () => {
    const { command } = await write("grüße\n");
    assert.equal(command.inputs.stdin, "8\ngrüße\n");
    assert.doesNotMatch(String(command.inputs.create), /grüße/);
  });

  it("keeps a secret content secret, and whatever the command may print", async () => {
    const value = randomBytes(16).toString("hex");
    const { command } = await write(pulumi.secret(value));
    assert.equal(secretIn(command.inputs.stdin), `32\n${value}`);
    assert.ok(!plain(command.inputs).includes(value));
    assert.deepEqual([...command.options.additionalSecretOutputs].sort(), ["stderr", "stdout"]);
    assert.equal(command.inputs.logging, "none");
  });

  it("has no command for deletion, and hands no earlier output on", async () => {
    const { command } = await write("content");
    for (const absent of ["delete", "update", "triggers", "environment"]) assert.ok(!(absent in command.inputs), absent);
    assert.equal(command.inputs.addPreviousOutputInEnv, false);
    assert.equal(command.parent, "file");
  });

  for (const [what, change] of [
    ["has other content", () => host.write(path, "other", 0o640)],
    ["has another mode", () => host.write(path, "content", 0o644)],
    ["is gone", () => {}],
  ] as const) {
    it(`mends a file that ${what} on the host, and says so`, async () => {
      change();
      const { settled } = await write("content");
      assert.equal(settled, path);
      assert.equal(readFileSync(path, "utf8"), "content");
      assert.equal(statSync(path).mode & 0o777, 0o640);
      assert.deepEqual(
        recorder.logs.map(({ level, resource }) => [level, resource]),
        [["warn", "file"]],
      );
      assert.match(recorder.logs[0]?.text ?? "", /was changed outside the stack \(.+\); it is mended/);
    });
  }

  it("leaves a file alone that is as declared, and says nothing", async () => {
    host.write(path, "content", 0o640);
    const { ino } = statSync(path);
    await write("content");
    assert.equal(statSync(path).ino, ino);
    assert.ok(!host.asked.includes("write-file"));
    assert.deepEqual(recorder.logs, []);
  });

  it("does not settle where the file cannot be mended", async () => {
    mkdirSync(path);
    await assert.rejects(write("content"), /the host|cannot|ended with/);
  });

  it("looks only after the command has run", async () => {
    host.write(path, "content", 0o640);
    recorder = await record({ slow: ["file-write"] });
    const run = host.run.bind(host);
    host.run = (argv, options) => {
      assert.ok(recorder.events.includes("end file-write"));
      return run(argv, options);
    };
    const args = { host, content: "content", path, mode: 0o640, ...owner, via: { kind: "direct" } as const };
    await settle(new HostFile("file", args).settled);
    assert.notEqual(host.ran.length, 0);
  });

  it("asks the host nothing in a preview", async () => {
    assert.equal((await write("content", true)).settled, path);
    assert.deepEqual(host.ran, []);
  });
});

describe("HostFolders", () => {
  const direct = { kind: "direct" } as const;
  let recorder: Recorder;
  let host: FolderHost;
  beforeEach(() => {
    host = new FolderHost();
  });
  afterEach(async () => {
    await recorder.end();
    host.remove();
  });

  it("makes all folders in one command, parents first, with owner and mode, and has none for deletion", async () => {
    recorder = await record({ preview: true });
    const folders = [
      { path: "/srv/bot", mode: 0o755 },
      { path: "/srv/bot/state", mode: 0o700 },
    ];
    const { settled } = new HostFolders("folders", { host, folders, uid: 1000, gid: 1001, via: direct });
    await settle(settled);
    await recorder.end();
    const { inputs, options, parent } = recorder.get("folders-make");
    const [first = "", second = "", ...rest] = String(inputs.create).split(" && env -i ");
    assert.deepEqual(rest, []);
    assert.match(first, /make-folder \/srv bot \/srv\/bot 755 1000:1001$/);
    assert.match(second, /make-folder \/srv\/bot state \/srv\/bot\/state 700 1000:1001$/);
    for (const absent of ["delete", "update", "triggers", "stdin"]) assert.ok(!(absent in inputs), absent);
    assert.equal(inputs.addPreviousOutputInEnv, false);
    assert.deepEqual([options.deleteBeforeReplace, parent], [false, "folders"]);
    assert.deepEqual(host.ran, []);
  });

  /** Settles the folders of a stack, as an update without a change does. */
  const update = async (more: Partial<Folder> = {}) => {
    recorder = await record();
    const state = { path: join(host.folder, "state"), mode: 0o700, ...more };
    await settle(new HostFolders("folders", { host, folders: [state], ...owner, via: direct }).settled);
    await recorder.end();
    return recorder.logs.map(({ level, text }) => `${level}: ${text}`);
  };
  const make = (mode: number) => {
    const path = join(host.folder, "state");
    mkdirSync(path);
    chmodSync(path, mode);
    chownSync(path, owner.uid, owner.gid);
    return path;
  };

  it("leaves folders alone that are as declared, and says nothing", async () => {
    make(0o700);
    assert.deepEqual(await update(), []);
    assert.ok(!host.asked.includes("make-folder"));
  });

  for (const [what, change, words] of [
    ["has another mode", (path: string) => chmodSync(path, 0o755), /mode 755, declared 700/],
    ["is gone", (path: string) => rmdirSync(path), /it was gone/],
    // Only root can give a folder away; whoever else runs this sees the mode that comes with it.
    [
      "belongs to somebody else",
      (path: string) => (process.getuid?.() === 0 ? chownSync(path, 0, 0) : chmodSync(path, 0o500)),
      process.getuid?.() === 0 ? /owner 0:0, declared 1000:1000/ : /mode 500/,
    ],
  ] as const) {
    it(`mends a folder that ${what} in an update that changes nothing, and says so`, async () => {
      const path = make(0o700);
      change(path);
      const [said = "", ...more] = await update();
      assert.deepEqual(more, []);
      assert.match(said, /^warn: .*\/state on this machine was changed outside the stack \(.+\); it is mended/);
      assert.match(said, words);
      const { mode, uid, gid } = statSync(path);
      assert.deepEqual([mode & 0o777, uid, gid], [0o700, owner.uid, owner.gid]);
    });
  }

  it("leaves one alone that is not the stack's own", async () => {
    make(0o755);
    assert.deepEqual(await update({ keepExisting: true }), []);
  });

  it("does not settle where a link has a folder's place", async () => {
    symlinkSync("elsewhere", join(host.folder, "state"));
    await assert.rejects(update(), /exists and is not a folder/);
  });
});
