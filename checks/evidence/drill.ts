/** The evidence of drills: one folder a drill beside the gate's, sealed by this clone's key, so that what was edited counts for nothing. */

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "../../model/canonical.ts";
import { type Drill, type DrillStatus, sealedSchema } from "../../model/drill.ts";
import { jsonIn } from "../../model/jsonIn.ts";
import { Secret } from "../../model/secret.ts";
import { type Redact, sanitize } from "../sanitize.ts";
import { fingerprintKeyPath, keyedDigests, readFingerprintKey } from "../scan/fingerprint.ts";
import { cell, code } from "./markdown.ts";
import { inSeconds } from "./report.ts";

interface Place {
  /** Absolute path of the project's own folder, whose key seals. */
  readonly home: string;
  /** Absolute path of the folder that holds the stack's evidence. */
  readonly evidenceFolder: string;
}

const prefix = "drill-";

/** Writes it, redacted, where the next gate looks for it. @returns the absolute path of the page. @throws Error */
export async function writeDrill(drill: Drill, { home, evidenceFolder }: Place, redact: Redact): Promise<string> {
  const clean = sanitize(drill, redact) as Drill;
  const folder = join(evidenceFolder, `${prefix}${drill.startedAt.replaceAll(":", "-")}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const page = join(folder, "drill.md");
  await writeFile(page, toMarkdown(clean), { mode: 0o600, flag: "wx" });
  const sealed = { ...clean, seal: await sealOf(clean, home) };
  await writeFile(join(folder, "drill.json"), `${canonicalJson(sealed, 2)}\n`, { mode: 0o600, flag: "wx" });
  return page;
}

export interface Drills {
  /** Of this stack, as they were written. */
  readonly drills: readonly Drill[];
  /** Names of folders that say they are a drill's and hold none that this clone wrote for this stack. */
  readonly spoilt: readonly string[];
}

/** Reads all of a stack's. @throws Error where the folder or the key cannot be read. */
export async function readDrills(stack: string, { home, evidenceFolder }: Place): Promise<Drills> {
  const entries = await readdir(evidenceFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const names = entries.filter((name) => name.startsWith(prefix)).toSorted();
  const read = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(evidenceFolder, name, "drill.json"), "utf8").catch(() => "");
      const parsed = sealedSchema.safeParse(jsonIn(text));
      if (!parsed.success) return { name };
      const { seal, ...drill } = parsed.data;
      const isOurs = drill.stack === stack && seal === (await sealOf(drill, home));
      return isOurs ? { name, drill } : { name };
    }),
  );
  return {
    drills: read.flatMap(({ drill }) => (drill === undefined ? [] : [drill])),
    spoilt: read.flatMap(({ name, drill }) => (drill === undefined ? [name] : [])),
  };
}

/** By the operator's own key: whoever edits the evidence by hand, or brings it from another clone, has no seal that fits. */
async function sealOf(drill: Drill, home: string): Promise<string> {
  const key = await readFingerprintKey(fingerprintKeyPath(home));
  return keyedDigests(new Map([["drill", new Secret(canonicalJson(drill))]]), key).get("drill") ?? "";
}

const marks: Readonly<Record<DrillStatus, string>> = { held: "✅ held", failed: "❌ failed", unknown: "❔ could not tell" };

function toMarkdown({ stack, startedAt, finishedAt, outcome, running, candidate, steps, data }: Drill): string {
  const release = (what: string, found: Drill["candidate"]) =>
    found === null
      ? []
      : [`- ${what}: ${cell(found.name)}, commit ${code(found.commit.slice(0, 12))}, tree ${code(found.tree.slice(0, 12))}`];
  const rows = Object.entries(data ?? {}).map(([when, { sessions, paired, device, place }]) => {
    const parts = [sessions, paired, device].map(({ count, digest }) => `${count} (${code(digest.slice(0, 12))})`);
    return `| ${when} | ${parts.join(" | ")} | ${place} |`;
  });
  return [
    `## ${marks[outcome]}: drill of a rollback`,
    "",
    `With the releases of stack ${code(stack)}, on a stack that was made for it, from ${startedAt} to ${finishedAt}.`,
    "",
    ...release("running", running),
    ...(running?.standsIn ? [`  (${cell(running.standsIn)})`] : []),
    ...release("candidate", candidate),
    "",
    "| step | result | time | what was seen |",
    "|---|---|---|---|",
    ...steps.map(
      ({ id, status, durationMs, summary }) => `| ${id} | ${marks[status]} | ${inSeconds(durationMs)} | ${cell(summary)} |`,
    ),
    "",
    ...(rows.length === 0 ? [] : ["| state | sessions | pairings | device | place |", "|---|---|---|---|---|", ...rows, ""]),
  ].join("\n");
}
