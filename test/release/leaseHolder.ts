/** A process that holds a lease until it is killed: `node leaseHolder.ts <path> <seconds> [<program> …]`, which then inherits the lease. */

import { spawn } from "node:child_process";
import { LocalHost } from "../../host/local.ts";
import { leaseVariable } from "../../model/lease.ts";
import { claimOf, takeLease } from "../../release/lease.ts";

const [path = "", seconds = "", program, ...args] = process.argv.slice(2);
const claim = await claimOf(import.meta.dirname, "prod", "npx deck up");
const taken = await takeLease({ host: new LocalHost(), path }, claim, { seconds: Number(seconds) });
if ("busy" in taken) throw new Error("It is held.");
const env = { ...process.env, [leaseVariable]: taken.held.id };
const started = program === undefined ? undefined : spawn(program, args, { env, stdio: "ignore", detached: true }).pid;
process.stdout.write(`${JSON.stringify({ id: taken.held.id, started })}\n`);
setInterval(() => {}, 1000);
