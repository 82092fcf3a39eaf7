/** The record of a stack on its host, and the verified copy of it here. */

import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { framed } from "../host/files.ts";
import type { Host } from "../host/host.ts";
import { scriptCommand } from "../host/script.ts";
import {
  type HistoryDraft,
  type HistoryEntry,
  nextLine,
  type Recorded,
  recordedSchema,
  verifyHistory,
} from "../model/history.ts";
import { jsonIn } from "../model/jsonIn.ts";
import { layoutOf } from "../model/layout.ts";
import { redact } from "../model/redact.ts";
import { digestOf } from "./records.ts";
import { gitAnswer } from "./repository.ts";

/** Where a record lies. */
export interface HistoryPlace {
  readonly host: Host;
  /** Absolute path on the host. */
  readonly path: string;
  /** Absolute path of the folder here that holds the copy, and what waits for the host to be reached. */
  readonly folder: string;
}

/** Where a stack's record lies, and the folder of its copy here. */
export function historyPlaceOf(
  host: Host,
  { settings, evidenceFolder }: { readonly settings: Parameters<typeof layoutOf>[0]; readonly evidenceFolder: string },
): HistoryPlace {
  return { host, path: layoutOf(settings).history, folder: historyFolderOf(evidenceFolder) };
}

/** Something in the record is not what it was: `number` is the first entry. */
export class HistoryBroken extends Error {
  override readonly name = "HistoryBroken";
  readonly number: number;

  constructor(number: number, message: string) {
    super(message);
    this.number = number;
  }
}

/** The host did not take an entry. */
export class HistoryNotWritten extends Error {
  override readonly name = "HistoryNotWritten";
}

const timeoutMs = 30_000;
const attempts = 5;
/** The script's own word for: it has grown since it was read. */
const hasGrown = 75;

const copyOf = (folder: string) => join(folder, "copy.jsonl");
const waitingIn = (folder: string) => join(folder, "waiting");

/** Keeps what happened until the host is reached: a refusal comes before it is. @returns its file, which names it. */
export async function keepForHistory(folder: string, { summary, ...draft }: HistoryDraft): Promise<string> {
  const waiting = waitingIn(folder);
  await mkdir(waiting, { recursive: true, mode: 0o700 });
  // Taken in the order of their names: by the time that they say, and of one instant by this machine's own clock.
  const order = `${draft.at.replaceAll(":", "-")}_${String(process.hrtime.bigint()).padStart(20, "0")}`;
  const path = join(waiting, `${order}_${randomUUID()}.json`);
  // What is said of a failure may quote anything.
  await writeFile(`${path}.new`, JSON.stringify({ ...draft, summary: redact(summary, new Map()) }), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return path;
}

/**
 * Puts what waits, and then `draft`, on the host's record. Each has a file and an id of its own, so that neither two who write
 * at once nor one that is killed puts it there twice or not at all.
 * @throws HistoryBroken; HistoryNotWritten; HostUnreachable. What is not on record then waits here; but that it was released, or
 * how it was judged, waits as an end without either, because whoever is told that it is not on record takes it for none.
 */
export async function record(place: HistoryPlace, draft?: HistoryDraft): Promise<void> {
  const own = draft === undefined ? undefined : await keepForHistory(place.folder, draft);
  try {
    for (const path of await waitingFiles(place.folder)) await putOn(place, path);
  } catch (error) {
    if (own !== undefined && draft !== undefined && ["released", "rolled-back", "judged"].includes(draft.event)) {
      await rm(own, { force: true });
      const { verdict: _verdict, blockedBy: _blockedBy, tree: _tree, ...rest } = draft;
      const summary = "It was not known to be on record, and so was not called released.";
      await keepForHistory(place.folder, { ...rest, event: "ended", summary });
    }
    throw error;
  }
}

/** What happened and waits here until the host is reached again, oldest first; what is no entry is left out. */
export async function readWaiting(folder: string): Promise<readonly Recorded[]> {
  const texts = await Promise.all((await waitingFiles(folder)).map((path) => readFile(path, "utf8").catch(emptyWhereAbsent)));
  return texts.flatMap((text) => {
    const draft = recordedSchema.safeParse(jsonIn(text));
    return draft.success ? [draft.data] : [];
  });
}

async function waitingFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(waitingIn(folder)).catch(noneWhereAbsent);
  return names
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => join(waitingIn(folder), name));
}

async function putOn(place: HistoryPlace, path: string): Promise<void> {
  const text = await readFile(path, "utf8").catch(emptyWhereAbsent);
  // Somebody else has put it on record meanwhile.
  if (text === "") return;
  const draft = recordedSchema.safeParse(jsonIn(text));
  const id = z.uuid().safeParse(/_([0-9a-f-]{36})\.json$/.exec(path)?.[1]);
  if (!draft.success || !id.success)
    throw new HistoryNotWritten(`${path} waits for the record and is no entry; look at it, then move it away.`);
  await append(place, { ...draft.data, id: id.data });
  await rm(path, { force: true });
}

async function append(place: HistoryPlace, draft: Recorded & { readonly id: string }): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { text, entries } = await readVerified(place);
    if (entries.some(({ id }) => id === draft.id)) return;
    const line = nextLine(text, draft, digestOf);
    const command = scriptCommand("append-line", [place.path, String(Buffer.byteLength(text))]);
    const { code, stderr } = await place.host.run(command, { stdin: framed(line), timeoutMs });
    if (code === 0) return keepCopy(place.folder, text + line);
    if (code !== hasGrown) throw new HistoryNotWritten(stderr.trim() || `The record ${place.path} could not be added to.`);
  }
  throw new HistoryNotWritten(`Others added to ${place.path} on ${place.host.description}, again and again.`);
}

export interface History {
  readonly entries: readonly HistoryEntry[];
}

/** The record as it stands on the host, followed from its first entry and compared with the copy here, which then follows it. @throws HistoryBroken */
export async function readHistory(place: HistoryPlace): Promise<History> {
  const { text, entries } = await readVerified(place);
  // A full disk here is no reason not to read what stands there; whoever adds to it keeps its copy or fails.
  await keepCopy(place.folder, text).catch(() => undefined);
  return { entries };
}

async function readVerified({ host, path, folder }: HistoryPlace): Promise<History & { readonly text: string }> {
  // `cat` fails for what cannot be read as for what is not there, and only the latter is an empty record.
  const command = ["sh", "-c", '[ ! -e "$1" ] || cat -- "$1"', "read-history", path];
  const { code, stdout, stderr } = await host.run(command, { timeoutMs });
  if (code !== 0) throw new HistoryNotWritten(`The record ${path} on ${host.description} cannot be read: ${stderr.trim()}`);
  const copy = await readFile(copyOf(folder), "utf8").catch(emptyWhereAbsent);
  const read = verifyHistory(stdout, copy, digestOf);
  if (read.ok) return { text: stdout, entries: read.entries };
  throw new HistoryBroken(read.number, `Entry ${read.number} of ${path} on ${host.description} does not hold. ${read.problem}`);
}

async function keepCopy(folder: string, text: string): Promise<void> {
  const copy = copyOf(folder);
  await mkdir(dirname(copy), { recursive: true, mode: 0o700 });
  await writeFile(`${copy}.${process.pid}.new`, text, { mode: 0o600 });
  await rename(`${copy}.${process.pid}.new`, copy);
}

function noneWhereAbsent(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}

function emptyWhereAbsent(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}

interface Refusal {
  readonly stack: string;
  readonly evidenceFolder: string;
  readonly now: Date;
  /** A sentence. */
  readonly reason: string;
}

/** Keeps that an update was refused before the host was so much as asked. */
export async function keepRefusal(projectRoot: string, { stack, evidenceFolder, now, reason }: Refusal): Promise<void> {
  const [who, commit] = await Promise.all([whoActs(projectRoot), headOf(projectRoot)]);
  const about = { at: now.toISOString(), stack, who, ...(commit === undefined ? {} : { commit }) };
  const summary = `Refused, with nothing touched: ${reason}`;
  await keepForHistory(historyFolderOf(evidenceFolder), { event: "refused", ...about, summary });
}

/** Where a stack's copy is kept: beside its evidence, which is as private and goes with it. */
export const historyFolderOf = (evidenceFolder: string): string => join(evidenceFolder, "history");

/** Who is at work here: the e-mail that commits carry, or the user's name on this machine. */
export async function whoActs(projectRoot: string): Promise<string> {
  return (await gitAnswer(projectRoot, ["config", "user.email"]).catch(() => undefined)) || userInfo().username;
}

/** The commit that the work tree stands on; undefined where there is none. */
export const headOf = (projectRoot: string): Promise<string | undefined> =>
  gitAnswer(projectRoot, ["rev-parse", "--verify", "--quiet", "HEAD"]).catch(() => undefined);
