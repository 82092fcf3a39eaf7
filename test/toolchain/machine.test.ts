/** Proves how set-up finds what a machine has, and what it says about what a machine cannot have. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mirrorIn } from "../../toolchain/bases.ts";
import { goArguments } from "../../toolchain/go.ts";
import { findProgram, hasEnded, processName } from "../../toolchain/machine.ts";
import { Missing, noEngine, noGo, noPackages, refusedByEngine, silentEngine } from "../../toolchain/missing.ts";
import { isForeign, proxySettings } from "../../toolchain/network.ts";
import { missingPackages } from "../../toolchain/packages.ts";
import { recipeDigest } from "../../toolchain/stamp.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "phillbot-machine-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a process", () => {
  it("has not ended while it runs", () => {
    assert.equal(hasEnded(process.pid), false);
    assert.equal(hasEnded(spawnSync("true").pid), true);
  });

  it("has ended where its parent never asks for it", async () => {
    // The shell becomes a program that reaps nothing; its child waits for a line, since the shell itself would reap one that ended sooner.
    const parent = spawn("sh", ["-c", "exec 3<&0; (read line <&3) & echo $!; exec sleep 60"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    try {
      const [line] = await once(parent.stdout, "data");
      const pid = Number(String(line));
      const turn = () => new Promise((resolve) => setTimeout(resolve, 10));
      while (parent.pid === undefined || processName(parent.pid) !== "sleep") await turn();
      parent.stdin.write("\n");
      const state = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];
      while (state() !== "Z") await turn();
      assert.deepEqual([hasEnded(pid), processName(pid)], [true, undefined]);
    } finally {
      parent.kill();
    }
  });
});

describe("findProgram", () => {
  it("finds an executable file only", () => {
    const file = join(folder, "phillbot-tool");
    writeFileSync(file, "#!/bin/sh\n");
    chmodSync(file, 0o644);
    assert.equal(findProgram("phillbot-tool", folder), undefined);
    chmodSync(file, 0o755);
    assert.equal(findProgram("phillbot-tool", `/nowhere:${folder}`), file);
  });
});

describe("missingPackages", () => {
  it("names each package once, however many of its programs are missing", () => {
    assert.deepEqual(
      missingPackages(["dockerd", "docker", "rsync", "ssh"], (program) => (program === "ssh" ? "/usr/bin/ssh" : undefined)),
      ["docker.io", "rsync"],
    );
  });

  it("names none where nothing is missing", () => {
    assert.deepEqual(
      missingPackages(["rsync", "debootstrap"], (program) => `/usr/bin/${program}`),
      [],
    );
  });
});

describe("what a machine cannot have", () => {
  for (const [missing, sentence] of [
    [
      noEngine("unix:///var/run/docker.sock"),
      /^A Docker engine is missing: nothing answers at unix:.*docs\.docker\.com\/engine\/install/,
    ],
    [silentEngine("tcp://10.0.0.9:2376"), /nothing answers at tcp:\/\/10\.0\.0\.9:2376, which DOCKER_HOST .*unset DOCKER_HOST/],
    [
      refusedByEngine("unix:///s", "ann"),
      /^The right to use the Docker engine at unix:\/\/\/s is missing: .*usermod -aG docker ann/,
    ],
    [
      noGo(undefined, "1.26", "pulumi"),
      /^Go 1\.26 or newer is missing: pulumi could not be downloaded, so it has to be built\. .*go\.dev\/dl/,
    ],
    [noGo("1.22.1", "1.26", "pulumi"), /Go 1\.22\.1 is too old/],
    [noPackages(["rsync"]), /^The package rsync is missing: .*sudo apt-get install rsync`\.$/],
    [
      noPackages(["debootstrap", "rsync"]),
      /^Each of the packages debootstrap, rsync is missing: .*apt-get install debootstrap rsync/,
    ],
  ] as const) {
    it(`is one sentence that names ${missing.thing} and where to get it`, () =>
      assert.match(new Missing(missing).message, sentence));
  }
});

describe("what a build may know of the network", () => {
  it("hands on proxies that are set, and nothing else", () => {
    assert.deepEqual(proxySettings({ HTTPS_PROXY: "http://proxy:3128", HTTP_PROXY: "", NPM_TOKEN: "t" }), {
      HTTPS_PROXY: "http://proxy:3128",
    });
  });

  for (const [registry, foreign] of [
    ["https://registry.npmjs.org/", false],
    ["https://npm.example.org/mirror/", true],
    ["https://user:password@npm.example.org/", false],
    ["undefined", false],
  ] as const) {
    it(`${foreign ? "hands on" : "keeps back"} ${registry}`, () => assert.equal(isForeign(registry), foreign));
  }

  for (const [form, list] of [
    ["one line", "deb http://mirror.example.org/debian bookworm main\n"],
    ["one line with options", "deb [signed-by=/k.gpg] http://mirror.example.org/debian/ bookworm main\n"],
    ["several fields", "Types: deb\nURIs: http://mirror.example.org/debian\nSuites: bookworm\n"],
  ] as const) {
    it(`reads the mirror from a source list in the form of ${form}`, () =>
      assert.equal(mirrorIn(["# deb http://old.example.org/debian x main\n", list]), "http://mirror.example.org/debian"));
  }

  it("passes over mirrors of other things and addresses with a password", () => {
    assert.equal(
      mirrorIn(["deb http://security.example.org/debian-security bookworm main", "deb https://u:p@m.example.org/debian x main"]),
      undefined,
    );
  });
});

describe("goArguments", () => {
  it("builds from the committed sums only", () => {
    const build = { module: "engine", program: "pulumi", target: "example.org/cmd", tags: "a,b", define: "x.Version=v1" };
    assert.equal(
      goArguments(build, "/out").join(" "),
      "build -mod=readonly -trimpath -buildvcs=false -tags a,b -ldflags -s -w -X x.Version=v1 -o /out/pulumi example.org/cmd",
    );
  });
});

describe("recipeDigest", () => {
  it("changes with a file's content, name and execute bit, and with each word", () => {
    const file = join(folder, "Dockerfile");
    const digests = new Set<string>();
    const note = (...words: string[]) => digests.add(recipeDigest(folder, ...words));
    writeFileSync(file, "FROM a\n");
    chmodSync(file, 0o644);
    note("1");
    note("1");
    assert.equal(digests.size, 1);
    note("2");
    chmodSync(file, 0o755);
    note("1");
    writeFileSync(file, "FROM b\n");
    note("1");
    writeFileSync(join(folder, "more"), "");
    note("1");
    assert.equal(digests.size, 5);
  });
});
