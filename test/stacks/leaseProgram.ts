/** The part of the program that holds the lease: `node leaseProgram.ts <base folder> <command while it is held, or wait, or lose>`; says why it lost it, if it did. */

import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { LocalHost } from "../../host/local.ts";
import { layoutOf } from "../../model/layout.ts";
import type { Inputs } from "../../stacks/inputs.ts";
import { holdLease } from "../../stacks/lease.ts";
import { localSettings } from "../model/settingsSample.ts";

const [baseFolder = "", command = ""] = process.argv.slice(2);
const settings = { ...localSettings(), baseFolder, contextFolder: "docs" };
const inputs = { stack: "prod", projectRoot: import.meta.dirname, settings } as unknown as Inputs;
const lease = await holdLease(new LocalHost(), inputs).catch((error: Error) => {
  process.stdout.write(error.message);
  process.exitCode = 1;
});
if (lease !== undefined && (command === "wait" || command === "lose")) {
  process.stdout.write("waits");
  setInterval(() => {}, 1000);
  if (command === "lose") {
    rmSync(layoutOf(settings).lease);
    await lease.whyLost();
  }
} else if (lease !== undefined) {
  execFileSync("sh", ["-c", command], { stdio: "inherit" });
  process.stdout.write((await lease.whyLost()) ?? "held");
}
