/** The check `documents`: the living documents carry one stamp, and say something that the last release did not. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "../model/check.ts";
import {
  atMilestones,
  type DocumentName,
  type DocumentReading,
  type DocumentsJudged,
  everyRelease,
  judgeDocuments,
  latestRelease,
  releaseAhead,
} from "../model/documents.ts";
import { countedTags } from "../model/origin.ts";
import { readDocument } from "../release/documentStamp.ts";
import { type LastRelease, lastRelease } from "../release/lastRelease.ts";
import { fileAt } from "../release/objects.ts";
import { documentsFolder, treeDigest } from "../release/repository.ts";
import { type Stray, uncommitted } from "../release/workTree.ts";
import type { Check, CheckContext, TreeTarget } from "./check.ts";

export const documentsCheck: Check<TreeTarget> = {
  id: "documents",
  title: "The living documents carry the same stamp, and each differs from the last release in more than its stamp.",
  deadlineMs: 30_000,
  probe: async (target, context) => {
    const last = await lastRelease(target.projectRoot, { tags: countedTags(target.settings), signal: context.signal });
    if (last.kind === "unknown") {
      return {
        status: "inconclusive",
        summary: `${last.reason} The documents cannot be compared.`,
        measured: {},
        remedy: last.remedy,
      };
    }
    const tree = await treeDigest(target.projectRoot, context);
    const readings = await Promise.all([...everyRelease, ...atMilestones].map((name) => read(name, last, target, context)));
    const before = last.kind === "release" ? last.release.id : undefined;
    const exactTree = target.settings.requireSignOff;
    // What is deployed comes from the work tree, and the stamp speaks of the commit: they must be the same.
    const stray = exactTree ? await uncommitted(target.projectRoot, { stack: target.stack, signal: context.signal }) : [];
    if (stray.length > 0) return notCommitted(stray);
    const { published } = last;
    const judged = judgeDocuments({ readings, tree, lastRelease: before, published, exactTree });
    return finding(judged, { tree, before, newest: latestRelease(published.map(({ id }) => id)) ?? before, target });
  },
};

function notCommitted(paths: readonly Stray[]): Finding {
  const named = paths.slice(0, 5).map(({ path, how }) => `\`${path}\` (${how})`);
  const more = paths.length > named.length ? ` and ${paths.length - named.length} more` : "";
  return {
    status: "fail",
    summary: `The work tree differs from the commit in ${paths.length} ${paths.length === 1 ? "path" : "paths"}, allowed are 0: ${named.join(", ")}${more}.`,
    measured: { uncommitted: paths.length },
    // What hides a path from git's status hides it from `git add` as well.
    remedy: "git status --ignored # then commit them with `git add --force`, or take them away",
  };
}

type KnownRelease = Exclude<LastRelease, { kind: "unknown" }>;

async function read(
  name: DocumentName,
  last: KnownRelease,
  { projectRoot }: TreeTarget,
  context: CheckContext,
): Promise<DocumentReading> {
  const path = `${documentsFolder}/${name}`;
  const released =
    last.kind === "release" ? await fileAt(projectRoot, { commit: last.release.commit, path, ...context }) : undefined;
  const before = released === undefined ? null : readDocument(released).content;
  try {
    return { name, released: before, ...readDocument(await readFile(join(projectRoot, path), "utf8")) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return { name, released: null, faults: [`It cannot be read (${code}).`], content: "" };
  }
}

interface Facts {
  readonly tree: string;
  readonly before: string | undefined;
  /** The latest release that there is; the last one in this history, where only that is known. */
  readonly newest: string | undefined;
  readonly target: TreeTarget;
}

function finding({ stamp, required, faults, otherTree }: DocumentsJudged, { tree, before, newest, target }: Facts): Finding {
  const measured = { stamp: stamp ?? null, tree, lastRelease: before ?? null, required };
  if (faults.length > 0 || stamp === undefined) {
    const items = faults.map(({ document, fault }) => ({
      id: document,
      summary: `\`${document}\`: ${fault}`,
      location: `${documentsFolder}/${document}`,
      waivable: false,
    }));
    const summary = `The documents have ${faults.length} ${faults.length === 1 ? "fault" : "faults"}, allowed are 0. ${items.map((item) => item.summary).join(" ")}`;
    return {
      status: "fail",
      summary,
      measured,
      items,
      remedy: `npx deck docs stamp ${releaseAhead(stamp?.release, newest)} # once what changed is written in them`,
    };
  }
  const compared =
    before === undefined ? "there is no release yet to compare with" : `each differs from release ${before}${tagsOf(target)}`;
  const older = otherTree ? ` They were written for an older tree, which stack \`${target.stack}\` accepts.` : "";
  return {
    status: "pass",
    summary: `${required.length} documents carry the stamp of release ${stamp.release}; ${compared}.${older}`,
    measured,
  };
}

/** Whose word a release is, where it is not the published one. */
function tagsOf({ settings }: TreeTarget): string {
  return settings.requireSignOff ? "" : ", by this clone's own tags";
}
