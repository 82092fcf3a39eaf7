/** Scans what the gateway shows on its host: its generated configuration, what it printed since it started, its log files. */

import { createHash } from "node:crypto";
import { posix } from "node:path";
import { docker } from "../../host/engine.ts";
import { type Host, HostUnreachable, type RunResult } from "../../host/host.ts";
import { inFolder, type Route } from "../../host/route.ts";
import type { Declared } from "../../model/declared.ts";
import { logFolder } from "../../model/layout.ts";
import type { Manifest } from "../../model/manifest.ts";
import { filesBelow, routeTo, stateOf } from "../hostFiles.ts";
import { scanGrowing } from "./growing.ts";
import { largestBytes, type Scanner } from "./scanner.ts";

const logTimeoutMs = 100_000;

/** What the host would not show: nothing is known of it, which is not the same as clean. */
export class NotReadable extends Error {
  override readonly name = "NotReadable";
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

async function run(host: Host, what: string, [argv, options]: Parameters<Host["run"]>): Promise<RunResult> {
  const result = await host.run(argv, options);
  if (result.code === 0) return result;
  const ended = result.code === null ? "was ended" : `ended with code ${result.code}`;
  throw new NotReadable(`${what} cannot be read on ${host.description}: \`${argv[0]}\` ${ended}.`, "npx deck ps");
}

function bounded({ signal }: Scanner, timeoutMs = 30_000) {
  return { timeoutMs, ...(signal !== undefined && { signal }) };
}

/** @throws NotReadable where the file cannot be read; HostUnreachable where the host does not answer. */
export async function scanConfiguration(scanner: Scanner, host: Host, declared: Declared): Promise<void> {
  const { path } = declared.config;
  const { stdout } = await run(host, "The gateway's configuration", [["cat", path], bounded(scanner)]);
  await scanner.bytes(Buffer.from(stdout), { place: "configuration", path });
}

/**
 * Scans what the gateway printed since its last start. All of it is read each time, and only what is new is scanned: what
 * the host's clock said of a line decides nothing, because a clock can be set back.
 * @throws NotReadable where the engine does not show it; HostUnreachable where the host does not answer.
 */
export async function scanLogs(scanner: Scanner, host: Host, declared: Declared): Promise<void> {
  const { name } = declared.gateway;
  const what = "The gateway's log";
  const format = "{{.Id}} {{.State.StartedAt}} {{.State.FinishedAt}} {{.Created}}";
  const asked = docker(host, "container", "inspect", "--format", format, name);
  const [id = "", startedAt = "", ...before] = (await run(host, what, [asked, bounded(scanner)])).stdout.trim().split(" ");
  const began = runBegan(startedAt, before);
  const command = docker(host, "logs", "--timestamps", id);
  const { stdout, stderr } = await run(host, what, [command, bounded(scanner, logTimeoutMs)]);
  const origin = { place: "logs", path: `docker logs ${name}` } as const;
  for (const [stream, text] of Object.entries({ stdout, stderr })) {
    const mark = `log ${id} ${startedAt} ${stream}`;
    await scanGrowing(scanner, sinceStart(text, began), { mark, origin, readings: withoutTimes });
  }
}

/**
 * The engine notes a start only after it: a container's first lines can bear an earlier time. What came before this run
 * is told by the end of the one before it, or by the container's creation, whichever of them is the last before the start.
 */
function runBegan(startedAt: string, before: readonly string[]): number {
  const times = before.map((time) => Date.parse(time)).filter((time) => time <= Date.parse(startedAt));
  if (times.length === 0)
    throw new Error(`The engine's times of the container make no sense: ${[startedAt, ...before].join(", ")}.`);
  return Math.max(...times);
}

/** From the first line that is not older, whatever the lines behind it bear: all that follows was printed later. */
function sinceStart(log: string, began: number): string {
  for (let from = 0; from < log.length; ) {
    // A line without a time is not known to be older.
    if (!(Date.parse(log.slice(from, log.indexOf(" ", from))) < began)) return log.slice(from);
    const end = log.indexOf("\n", from);
    if (end < 0) break;
    from = end + 1;
  }
  return "";
}

const stamp = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) /g;

/**
 * The engine's time before each line would tear a key that goes over many lines. It also stands within a line longer than
 * 16 KiB, before each piece of it; whether such a one is the engine's or the gateway's own cannot be told, so both are read.
 */
function withoutTimes(log: string): string[] {
  const lines = log.replace(/^\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d) ?/gm, "");
  const whole = lines.replace(stamp, "");
  return whole === lines ? [lines] : [lines, whole];
}

/**
 * Scans the files that the gateway logs to in its state folder, those of earlier runs and the rotated ones included.
 * @throws NotReadable where one cannot be read in full; HostUnreachable where the host does not answer.
 */
export async function scanLogFiles(scanner: Scanner, host: Host, declared: Declared): Promise<void> {
  const folder = logFolder(posix.dirname(declared.envFile.path));
  const { via, files } = await listed(scanner, host, { declared, folder });
  for (const [name, digest] of files) {
    const known = `log-file ${digest}`;
    if (scanner.isClean(known)) continue;
    const path = `${folder}/${name}`;
    if (/^0+$/.test(digest)) throw new NotReadable(`${path} on ${host.description} is no file that can be read.`, "npx deck ps");
    const command = inFolder(via, folder, (at) => ["head", "-c", String(largestBytes + 1), "--", `${at}/${name}`]);
    const { stdout } = await run(host, `The gateway's log file ${path}`, [command, bounded(scanner, logTimeoutMs)]);
    if (Buffer.byteLength(stdout) > largestBytes) {
      const remedy = "npx deck logs # then remove the file on the host";
      throw new NotReadable(`${path} on ${host.description} is larger than ${largestBytes} bytes, and so not scanned.`, remedy);
    }
    const isClean = await scanGrowing(scanner, stdout, {
      mark: `log-file ${JSON.stringify(path)}`,
      origin: { place: "logs", path },
    });
    // It may have grown since it was listed, and may not be text: then its digest says nothing of what was scanned.
    if (isClean && createHash("sha256").update(stdout).digest("hex") === digest) scanner.markClean(known);
  }
}

interface Listed {
  readonly via: Route;
  readonly files: Manifest;
}

/** A folder that is not there holds nothing; one that cannot be read is not known. */
async function listed(
  { signal = new AbortController().signal }: Scanner,
  host: Host,
  { declared, folder }: { readonly declared: Declared; readonly folder: string },
): Promise<Listed> {
  try {
    const via = await routeTo({ host, declared });
    const { kind } = await stateOf({ path: folder, via, digest: false }, { host, signal });
    return { via, files: kind === "absent" ? new Map() : await filesBelow({ folder, via }, { host, signal }) };
  } catch (error) {
    if (error instanceof HostUnreachable || signal.aborted) throw error;
    const why = error instanceof Error ? error.message : "";
    throw new NotReadable(`The gateway's log files cannot be read on ${host.description}. ${why}`, "npx deck ps");
  }
}
