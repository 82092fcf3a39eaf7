/** What Pulumi keeps in this folder's own state, read from its files: there may be no CLI to ask. */

import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { z } from "zod";
import { jsonIn } from "../model/jsonIn.ts";
import { hasEnded, processBegan } from "../toolchain/machine.ts";

export interface KeptStack {
  readonly name: string;
  /** False only where the file could be read and lists none. */
  readonly hasResources: boolean;
  /** True where something of it lies in a Docker engine. */
  readonly needsEngine: boolean;
  /** Names of the volumes that it made. */
  readonly volumes: readonly string[];
  /** Ids of the containers that it made. */
  readonly containers: readonly string[];
}

const resource = z.object({ type: z.string(), id: z.string().optional() });
const stackFile = z.object({
  checkpoint: z.object({
    latest: z
      .object({ resources: z.array(resource).nullish(), pending_operations: z.array(z.object({ resource })).nullish() })
      .nullish(),
  }),
});
const lock = z.object({ pid: z.int(), hostname: z.string(), timestamp: z.string().optional() });

/** The stacks of the project `phillbot` in a `file://` backend; none where there is no such folder. */
export async function keptStacks(state: string): Promise<readonly KeptStack[]> {
  const folder = join(state, ".pulumi", "stacks", "phillbot");
  const files = (await readdir(folder).catch(() => [])).filter((file) => /\.json(\.gz)?$/.test(file));
  return Promise.all(
    files.map(async (file) => ({ name: file.replace(/\.json(\.gz)?$/, ""), ...(await read(join(folder, file))) })),
  );
}

async function read(file: string): Promise<Omit<KeptStack, "name">> {
  const parsed = stackFile.safeParse(jsonIn(await readFile(file, "utf8").catch(() => "")));
  if (!parsed.success) return { hasResources: true, needsEngine: true, volumes: [], containers: [] };
  const { resources, pending_operations: pending } = parsed.data.checkpoint.latest ?? {};
  const all = [...(resources ?? []), ...(pending ?? []).map((operation) => operation.resource)];
  const idsOf = (wanted: string) => all.flatMap(({ type, id }) => (type === wanted && id !== undefined ? [id] : []));
  return {
    hasResources: all.length > 0,
    needsEngine: all.some(({ type }) => type.startsWith("docker:")),
    volumes: idsOf("docker:index/volume:Volume"),
    containers: idsOf("docker:index/container:Container"),
  };
}

interface Locks {
  /** Absolute paths of those whose process ran here and runs no more. */
  readonly ended: readonly string[];
  /** Whose process runs, or could run on another machine; empty for one that cannot be read. */
  readonly alive: readonly { readonly pid?: number; readonly hostname?: string }[];
}

/** The locks on a stack: Pulumi makes one for each update, and takes it away at its end. */
export async function locksOf(state: string, stack: string): Promise<Locks> {
  const folder = join(state, ".pulumi", "locks", "organization", "phillbot", stack);
  const names = (await readdir(folder).catch(() => [])).filter((file) => basename(file).endsWith(".json"));
  const files = names.map((name) => join(folder, name));
  const contents = await Promise.all(
    files.map(async (file) => lock.safeParse(jsonIn(await readFile(file, "utf8").catch(() => "")))),
  );
  const isVoid = ({ success, data }: (typeof contents)[number]) =>
    success && data.hostname === hostname() && (hasEnded(data.pid) || isAnother(data));
  return {
    ended: files.filter((_, index) => contents.slice(index, index + 1).some(isVoid)),
    alive: contents.filter((content) => !isVoid(content)).map(({ data }) => data ?? {}),
  };
}

/** Of the clock: a lock is written after its process began, and both moments are rounded. */
const roundingMs = 2_000;

/** A pid passes to another process in time; that one began after the lock was written. What a process is called tells nothing. */
function isAnother({ pid, timestamp }: z.infer<typeof lock>): boolean {
  const [began, written] = [processBegan(pid)?.getTime(), Date.parse(timestamp ?? "")];
  return began !== undefined && began > written + roundingMs;
}
