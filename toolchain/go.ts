/** Builds a program from one of the Go modules under `toolchain/go`, whose go.sum pins every source it is made of. */

import { join } from "node:path";
import { ask, logged } from "./command.ts";
import type { Layout } from "./layout.ts";
import { Missing, noGo } from "./missing.ts";
import { pins } from "./pins.ts";
import type { StepContext } from "./steps.ts";
import { isAtLeast, versionIn } from "./versions.ts";

export interface GoBuild {
  /** Folder under `toolchain/go`. */
  readonly module: string;
  /** Name of the executable. */
  readonly program: string;
  /** Package to build, as `go build` takes it. */
  readonly target: string;
  readonly tags?: string;
  /** A string variable to set, as `importpath.name=value`. */
  readonly define?: string;
}

/** The command line, apart from the program `go` itself. */
export function goArguments({ program, target, tags, define }: GoBuild, folder: string): string[] {
  const linker = ["-s", "-w", ...(define === undefined ? [] : ["-X", define])].join(" ");
  return [
    "build",
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false",
    ...(tags === undefined ? [] : ["-tags", tags]),
    "-ldflags",
    linker,
    "-o",
    join(folder, program),
    target,
  ];
}

export async function buildGo(build: GoBuild, folder: string, layout: Layout, { signal, say }: StepContext): Promise<void> {
  const version = versionIn((await ask(["go", "version"])) ?? "");
  if (!isAtLeast(version, pins.go)) throw new Missing(noGo(version, pins.go, build.program));
  say(`Building ${build.program} from its Go module, because the official download is out of reach`);
  await logged(["go", ...goArguments(build, folder)], {
    log: join(layout.log, `go-${build.module}.log`),
    signal,
    cwd: join(layout.project, "toolchain/go", build.module),
    // One static binary, the same on every machine: no C compiler needed.
    env: { CGO_ENABLED: "0", GOWORK: "off" },
  });
}
