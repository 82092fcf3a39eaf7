/** The evidence of a stack's last gate, as the operator's machine keeps it. */

import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { lastBegun } from "../checks/evidence/begun.ts";
import { reportSchema } from "../checks/evidence/report.ts";
import { type EvidencePaths, latestPointer, pathsIn } from "../checks/evidence/write.ts";
import type { CheckResult } from "../model/check.ts";
import type { ContainerState } from "../model/containers.ts";

export interface LastEvidence {
  readonly paths: EvidencePaths;
  readonly report: ReturnType<typeof reportSchema.parse>;
  /** When the last update began that was started from here. */
  readonly begun: Date | undefined;
}

/**
 * The newest evidence, or undefined where no gate has run yet.
 * @throws Error where what lies there is no evidence.
 */
export async function lastEvidence(evidenceFolder: string): Promise<LastEvidence | undefined> {
  const pointer = await readFile(join(evidenceFolder, latestPointer), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (pointer === undefined) return undefined;
  const paths = pathsIn(join(evidenceFolder, basename(pointer.trim())));
  const report = reportSchema.parse(JSON.parse(await readFile(paths.json, "utf8")));
  return { paths, report, begun: await lastBegun(evidenceFolder) };
}

/** Which container the gate looked at, by its last reading of the check `runtime`; undefined where it saw none. */
export function judgedContainer(
  checks: readonly Pick<CheckResult, "id" | "measured">[],
): { readonly id: string; readonly startedAt: string } | undefined {
  const { containerId: id, startedAt } = checks.find((check) => check.id === "runtime")?.measured ?? {};
  return typeof id === "string" && typeof startedAt === "string" ? { id, startedAt } : undefined;
}

/**
 * Why a verdict says nothing of what is there now; undefined where it is about that very container, started that very time,
 * and no update has begun since: one that was killed may have changed what is no container.
 */
export function unprovenSince(
  { report, begun }: Pick<LastEvidence, "begun"> & { readonly report: Pick<LastEvidence["report"], "checks" | "startedAt"> },
  now: Pick<ContainerState, "id" | "startedAt"> | undefined,
): string | undefined {
  const judged = judgedContainer(report.checks);
  if (judged === undefined) return "it does not say which container it looked at";
  if (now === undefined) return "the container is gone";
  if (begun !== undefined && !(begun.getTime() <= Date.parse(report.startedAt)))
    return "an update began after it and reached no verdict";
  if (now.id !== judged.id) return "the container was replaced";
  return now.startedAt === judged.startedAt ? undefined : `the container was started anew at ${now.startedAt}`;
}
