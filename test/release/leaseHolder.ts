/** A process that holds a lease until it is killed: `node leaseHolder.ts <path> <seconds> [<variable>]`. With a variable, it starts what inherits the lease. */

import { spawn } from "node:child_process";
import { LocalHost } from "../../host/local.ts";
import { claimOf, takeLease } from "../../release/lease.ts";

const [path = "", seconds = "", variable] = process.argv.slice(2);
const claim = await claimOf(import.meta.dirname, "prod", "npx deck up");
const taken = await takeLease({ host: new LocalHost(), path }, claim, { seconds: Number(seconds) });
if ("busy" in taken) throw new Error("It is held.");
let started: number | undefined;
if (variable !== undefined) {
  const env = { ...process.env, [variable]: taken.held.id };
  started = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { env, stdio: "ignore", detached: true }).pid;
}
process.stdout.write(`${JSON.stringify({ id: taken.held.id, started })}\n`);
setInterval(() => {}, 1000);
