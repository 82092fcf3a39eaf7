/** A Pulumi program of nothing but a release gate, under mocks: `node gateProgram.ts open|blocked|unknown|rejected|no-evidence`. For tests of how a program ends. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { ReleaseGate } from "../../components/releaseGate.ts";
import type { Declared } from "../../model/declared.ts";
import { policyWith } from "../model/gateSample.ts";
import { checksThat, declared, targetIn } from "./gateSample.ts";

const ending = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), "phillbot-gate-"));
process.once("exit", () => rmSync(folder, { recursive: true }));
await pulumi.runtime.setMocks({ call: () => ({}), newResource: ({ inputs }) => ({ id: "", state: inputs }) });
const target = targetIn(dirname(dirname(import.meta.dirname)), join(folder, "evidence"));
if (ending === "no-evidence") writeFileSync(join(folder, "evidence"), "not a folder");

function asDeclared(): pulumi.Output<Declared> {
  if (ending === "rejected") return pulumi.output(Promise.reject(new Error("A resource failed.")));
  if (ending !== "unknown") return pulumi.output(declared);
  // What `pulumi up --target` leaves behind: an output that never runs what was applied to it.
  return Object.assign(pulumi.output(declared), { isKnown: Promise.resolve(false) });
}

new ReleaseGate("gate", {
  target,
  declared: asDeclared(),
  policy: policyWith(),
  checks: checksThat(ending === "blocked" ? { memory: "fail" } : {}),
  signOff: { kind: "free" },
  now: () => new Date(),
  record: async () => {},
  voidedBy: async () => undefined,
  onEnd: () => {},
});
