/** Proves that `npm ci` finds in the lock every package that it looks for, also those of other systems. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { completeLock, type Lock } from "../../toolchain/completeLock.ts";

describe("completeLock", () => {
  it("adds what is asked for and missing, for the system that its name says", () => {
    const lock: Lock = {
      packages: {
        "": {},
        "node_modules/tool": {
          version: "2.0.0",
          dev: true,
          optionalDependencies: { "@tool/cli-windows-x64": "2.0.0", "tool-linux-arm64-musl": "2.0.0" },
        },
      },
    };
    assert.deepEqual(completeLock(lock), ["@tool/cli-windows-x64", "tool-linux-arm64-musl"]);
    assert.deepEqual(lock.packages["node_modules/@tool/cli-windows-x64"], {
      version: "2.0.0",
      dev: true,
      optional: true,
      os: ["win32"],
      cpu: ["x64"],
    });
    assert.deepEqual(lock.packages["node_modules/tool-linux-arm64-musl"], {
      version: "2.0.0",
      dev: true,
      optional: true,
      os: ["linux"],
      cpu: ["arm64"],
      libc: ["musl"],
    });
    assert.deepEqual(completeLock(lock), []);
  });

  it("finds a package beside its user, or anywhere above it", () => {
    const user = { version: "1.0.0", optionalDependencies: { near: "1.0.0", far: "1.0.0" } };
    const one = { version: "1.0.0" };
    const lock: Lock = {
      packages: { "node_modules/a/node_modules/b": user, "node_modules/a/node_modules/near": one, "node_modules/far": one },
    };
    assert.deepEqual(completeLock(lock), []);
  });

  it("has nothing to add to the committed lock; else run `node toolchain/completeLock.ts`", () => {
    const lock = JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8")) as Lock;
    assert.deepEqual(completeLock(lock), []);
  });
});
