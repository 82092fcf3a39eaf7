/** Writes the evidence of one run: a folder of its own, every format in it, readable by its owner only. */

import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Redact, sanitize } from "../sanitize.ts";
import { toHtml } from "./html.ts";
import { toJson } from "./json.ts";
import { toJunit } from "./junit.ts";
import { toMarkdown } from "./markdown.ts";
import type { Report } from "./report.ts";
import { toSarif } from "./sarif.ts";

interface Format {
  readonly file: string;
  readonly project: (report: Report) => string;
}

const formats = {
  json: { file: "report.json", project: toJson },
  junit: { file: "junit.xml", project: toJunit },
  sarif: { file: "exposures.sarif", project: toSarif },
  markdown: { file: "summary.md", project: toMarkdown },
  html: { file: "index.html", project: toHtml },
} as const satisfies Record<string, Format>;

type FormatName = keyof typeof formats;

/** The run's own folder, and the absolute path of each format in it. */
export type EvidencePaths = Readonly<Record<"folder" | FormatName, string>>;

/** The name of the file, beside the runs' folders, whose one line is the newest run's folder name. */
export const latestPointer = "latest";

/** Thrown after every format was tried. */
export class EvidenceIncomplete extends Error {
  override readonly name = "EvidenceIncomplete";
  readonly failures: readonly Error[];

  constructor(folder: string, failures: readonly Error[]) {
    super(`The evidence in ${folder} is not complete. ${failures.map(({ message }) => message).join(" ")}`);
    this.failures = failures;
  }
}

/**
 * Writes every format, redacted, into a new folder below `folder`, then points `latest` at it.
 * @throws EvidenceIncomplete once all were tried, where any could not be written.
 */
export async function writeEvidence(report: Report, folder: string, redact: Redact): Promise<EvidencePaths> {
  const clean = sanitize(report, redact) as Report;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = await makeRunFolder(folder, report.startedAt.replaceAll(":", "-"));
  const run = join(folder, name);
  const paths = pathsIn(run);
  const targets = [
    ...(Object.keys(formats) as FormatName[]).map((name) => ({
      file: formats[name].file,
      write: async () => writePrivate(paths[name], formats[name].project(clean)),
    })),
    { file: latestPointer, write: () => point(folder, name) },
  ];
  const outcomes = await Promise.allSettled(targets.map(({ write }) => write()));
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === "rejected" ? [new Error(`${targets[index]?.file}: ${reasonOf(outcome.reason)}.`)] : [],
  );
  if (failures.length > 0) throw new EvidenceIncomplete(run, failures);
  return paths;
}

/** Where the evidence of the run in `folder` lies. */
export function pathsIn(folder: string): EvidencePaths {
  const entries = Object.entries(formats).map(([name, { file }]) => [name, join(folder, file)] as const);
  return { folder, ...(Object.fromEntries(entries) as Record<FormatName, string>) };
}

/** Two runs of one instant get two folders. */
async function makeRunFolder(folder: string, stamp: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? stamp : `${stamp}-${count}`;
    try {
      await mkdir(join(folder, name), { mode: 0o700 });
      await chmod(join(folder, name), 0o700);
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || count >= 100) throw error;
    }
  }
}

async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: "wx" });
}

/** Replaced whole, so that a reader sees the old run or the new one. */
async function point(folder: string, name: string): Promise<void> {
  const fresh = join(folder, `.${latestPointer}-${process.pid}-${name}`);
  await writePrivate(fresh, `${name}\n`);
  await rename(fresh, join(folder, latestPointer));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
