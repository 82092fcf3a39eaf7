/** The check `exposure`: no secret in the tree, the commits since the last release, the configuration, the logs, earlier evidence. */

import { join } from "node:path";
import { quote } from "../host/quote.ts";
import type { Finding } from "../model/check.ts";
import { type ExposureFinding, type Exposures, exposuresSchema, judgeExposures } from "../model/exposures.ts";
import { edit } from "../model/operatorCommand.ts";
import { type CountedTags, countedTags } from "../model/origin.ts";
import { type LastRelease, lastRelease } from "../release/lastRelease.ts";
import { documentsFolder } from "../release/repository.ts";
import type { Check, CheckContext, Target, TreeTarget } from "./check.ts";
import { brokenLedger, readLedger } from "./ledger.ts";
import { scanFolder } from "./scan/files.ts";
import { NotReadable, scanConfiguration, scanLogFiles, scanLogs } from "./scan/gateway.ts";
import { scanRepository } from "./scan/repository.ts";
import { largestBytes, Scanner } from "./scan/scanner.ts";
import { tooShortToFind } from "./scan/text.ts";

/** The ledger's path from the project's folder. */
export const exposuresPath = "operations/exposures.yaml";

const id = "exposure";
const title =
  "No secret is in the tracked tree, the commits since the last release, the documents, the gateway's configuration, its logs, or earlier evidence; no exposure is unresolved.";
const deadlineMs = 180_000;

/** All places, the gateway's own included. */
export const exposureCheck: Check = {
  id,
  title,
  deadlineMs,
  probe: (target, context) =>
    probe(target, context, async (scanner, last) => {
      await scanTree(scanner, target, last, context);
      context.progress("Reading the gateway's configuration and log.");
      await scanConfiguration(scanner, target.host, target.declared);
      await scanAllLogs(scanner, target);
    }),
  /** The other checks make the gateway log. What it logs after this is the next gate's to find. */
  confirm: async (target, context, first) => {
    const finding = await probe(target, context, (scanner) => scanAllLogs(scanner, target));
    return finding.status === "pass" ? first : finding;
  },
};

/** What can be judged before the first resource: the tree, its history, and earlier evidence. */
export const treeExposureCheck: Check<TreeTarget> = {
  id,
  title,
  deadlineMs,
  probe: (target, context) => probe(target, context, (scanner, last) => scanTree(scanner, target, last, context)),
};

/** What the repository holds, and what earlier runs left beside it. */
async function scanTree(scanner: Scanner, target: TreeTarget, last: LastRelease, context: CheckContext): Promise<void> {
  const { projectRoot, evidenceFolder } = target;
  context.progress("Reading the tree and its history.");
  await scanRepository(scanner, projectRoot, last.kind === "release" ? last.release.commit : undefined);
  await scanFolder(scanner, join(projectRoot, documentsFolder), { place: "tree", root: projectRoot });
  await scanFolder(scanner, evidenceFolder, { place: "evidence", root: evidenceFolder });
}

/** An older release lacks newer ones by its nature, and it is brought back where nothing but the host may answer. */
function tagsFor({ settings, rollback }: TreeTarget): CountedTags {
  return rollback !== undefined ? { from: "clone" } : countedTags(settings);
}

async function scanAllLogs(scanner: Scanner, { host, declared }: Target): Promise<void> {
  await scanLogs(scanner, host, declared);
  await scanLogFiles(scanner, host, declared);
}

type Look = (scanner: Scanner, last: LastRelease) => Promise<void>;

async function probe(target: TreeTarget, context: CheckContext, look: Look): Promise<Finding> {
  const { projectRoot, secrets } = target;
  const ledger = await readLedger(projectRoot, exposuresPath, exposuresSchema);
  if (!ledger.ok) return brokenLedger(exposuresPath, ledger.faults);
  const last = await lastRelease(projectRoot, { tags: tagsFor(target), signal: context.signal });
  const waivers = context.policy.waivers.filter(({ check }) => check === id);
  // What leaked and was replaced since that release is on record today, and its log still shows it.
  const today = target.rollback && (await readLedger(target.rollback.home, exposuresPath, exposuresSchema));
  const exposures = [...ledger.value.exposures, ...(today?.ok === true ? today.value.exposures : [])];
  const recorded = [...exposures.map(({ fingerprint }) => fingerprint), ...waivers.map(({ item }) => item)];
  const scanner = await Scanner.open({ projectRoot, secrets, recorded, signal: context.signal });
  let unread: NotReadable | undefined;
  try {
    await look(scanner, last);
  } catch (error) {
    if (!(error instanceof NotReadable)) throw error;
    unread = error;
  } finally {
    await scanner.close();
  }
  return judged({
    scanner,
    last,
    unread,
    target,
    recorded: exposures,
    today: context.now().toISOString().slice(0, 10),
  });
}

interface Scanned {
  readonly scanner: Scanner;
  readonly last: LastRelease;
  /** A place that could not be read. */
  readonly unread: NotReadable | undefined;
  readonly target: TreeTarget;
  readonly recorded: Exposures["exposures"];
  readonly today: string;
}

function judged({ scanner, last, unread, target, recorded, today }: Scanned): Finding {
  const { inUse, contents } = scanner;
  const findings = unique(scanner.findings);
  const { blocking, closed } = judgeExposures({ findings, recorded, inUse, today });
  const since = last.kind === "release" ? last.release.id : null;
  const measured = { contents, findings: findings.length, rotated: closed, recorded: recorded.length, since };
  const doubt = unread ?? doubtOf(scanner, last, target);
  if (blocking.length > 0) {
    // A waiver opens a false finding; it must not open what was never read.
    const gap = doubt === undefined ? [] : [{ id: "not-read", summary: doubt.message, waivable: false }];
    const items = [...blocking, ...gap];
    return {
      status: "fail",
      summary: `${blocking.length} ${blocking.length === 1 ? "exposure stands" : "exposures stand"}, allowed are 0. ${items.map(({ summary }) => summary).join(" ")}`,
      measured,
      items,
      remedy: remedyFor(findings),
    };
  }
  if (doubt !== undefined) {
    return { status: unread === undefined ? "inconclusive" : "error", summary: doubt.message, measured, remedy: doubt.remedy };
  }
  const from =
    since === null
      ? "the whole history"
      : `the commits since release ${since}${target.settings.requireSignOff ? "" : " (by this clone's own tags)"}`;
  const rotated = closed.length === 0 ? "" : ` ${closed.length} rotated in history.`;
  return {
    status: "pass",
    summary: `No secret was found in ${contents} contents: the tree, ${from}, and what else is kept.${rotated}`,
    measured,
  };
}

/** Why a scan that found nothing does not prove that there is nothing. */
function doubtOf(
  { tooLarge, compressed }: Scanner,
  last: LastRelease,
  { secrets }: TreeTarget,
): { message: string; remedy: string } | undefined {
  if (last.kind === "unknown") return { message: `${last.reason} What they hold is not known.`, remedy: last.remedy };
  if (tooLarge.length > 0) {
    const paths = tooLarge.map((path) => `\`${path}\``).join(", ");
    const remedy = `git rm --cached -- ${tooLarge.map(quote).join(" ")}`;
    return { message: `Larger than ${largestBytes} bytes, and so not scanned: ${paths}.`, remedy };
  }
  if (compressed.size > 0) {
    const paths = [...compressed].map(([path, kind]) => `\`${path}\` (${kind})`).join(", ");
    const remedy = `git rm --cached -- ${[...compressed.keys()].map(quote).join(" ")} # and keep as text what they hold`;
    return { message: `Compressed, and so not scanned: ${paths}.`, remedy };
  }
  const short = tooShortToFind(secrets);
  if (short.length === 0) return undefined;
  return {
    message: `Too short to be told from ordinary text: ${short.join(", ")}.`,
    remedy: "npx deck up # once its source gives a longer value",
  };
}

/** One value found twice in one place is one item. */
function unique<T extends { fingerprint: string; place: string; location: string }>(findings: readonly T[]): T[] {
  return [...new Map(findings.map((each) => [`${each.fingerprint} ${each.place} ${each.location}`, each])).values()];
}

export function remedyFor(findings: readonly ExposureFinding[]): string {
  const places = findings.map(({ place }) => place);
  const again = "npx deck secrets scan";
  if (places.includes("tree"))
    return `${edit(treeFiles(findings))} # take the value out and rotate it at its source, since who saw it has it; \`${again}\` proves it`;
  if (places.includes("history")) return `${edit(exposuresPath)} # record it there, once the value is rotated at its source`;
  if (places.includes("evidence")) return `${again} # once the value is rotated at its source and the evidence is deleted`;
  // What the engine keeps goes with the container that a changed value replaces; a file stays.
  if (findings.some(({ place, location }) => place === "logs" && location.startsWith("/")))
    return "npx deck up # once the value is rotated at its source and the log file on the gateway's host is deleted";
  if (places.length > 0) return "npx deck up # once the value is rotated at its source";
  return edit(exposuresPath);
}

/** The files to open, each once. */
function treeFiles(findings: readonly ExposureFinding[]): string {
  const found = findings.filter(({ place }) => place === "tree").map(({ location }) => location.replace(/:\d+$/, ""));
  return [...new Set(found)].map(quote).join(" ");
}
