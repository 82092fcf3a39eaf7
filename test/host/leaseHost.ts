/** A lease in a folder of the tests' own, on a host whose clock the tests set. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LeasePlace } from "../../host/lease.ts";
import { LocalHost } from "../../host/local.ts";
import type { LeaseClaim } from "../../model/lease.ts";

export const claim: LeaseClaim = { stack: "prod", who: "ada@example.org", machine: "desk", purpose: "npx deck up" };
export const [first, second] = ["0b9ce6a2-27a5-4a1c-9d5b-1d0f8a1f0c11", "5d7f0e34-0f4d-4b43-8a55-6b3d5d0f7e22"];

export class LeaseHost implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "phillbot-lease-"));
  readonly base = join(this.folder, "base");
  readonly place: Required<LeasePlace> = {
    host: new LocalHost(),
    path: join(this.base, "phillbot.lease"),
    kernel: join(this.folder, "kernel"),
  };

  constructor() {
    mkdirSync(join(this.place.kernel, "sys/kernel/random"), { recursive: true });
    this.runs(1000);
  }

  /** For so long, since the start of that name. */
  runs(seconds: number, boot = "aaaa"): void {
    writeFileSync(join(this.place.kernel, "uptime"), `${seconds}.25 99.00\n`);
    writeFileSync(join(this.place.kernel, "sys/kernel/random/boot_id"), `${boot}\n`);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
